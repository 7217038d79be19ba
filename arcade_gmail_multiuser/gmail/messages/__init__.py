"""What a stored mail says: its parts, its text, its sender, as values one can rely on."""
