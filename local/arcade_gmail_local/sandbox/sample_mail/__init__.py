"""The mail that a seeded sandbox starts with; its texts are the TOML files here."""
