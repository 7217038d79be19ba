"""Store people's tokens: sealed, shared by many processes, refreshed once, rotated."""
