"""People's tokens at rest: sealed, shared by many processes, refreshed once, rotated."""
