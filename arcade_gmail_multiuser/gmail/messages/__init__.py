"""Read stored mail: its parts, its text, its sender, as values one can rely on."""
