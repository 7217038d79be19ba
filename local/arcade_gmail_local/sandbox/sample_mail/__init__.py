"""The mail that a seeded sandbox starts with: texts in TOML, HTML templates, attachments."""
