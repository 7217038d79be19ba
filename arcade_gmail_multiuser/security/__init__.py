"""Keys, tokens at rest, redaction: what keeps one person's mail one person's."""
