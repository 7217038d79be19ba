"""Compose mail as MIME, thread it, and store it or send it at most once or exactly once."""
