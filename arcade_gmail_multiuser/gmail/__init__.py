"""Everything that knows Google, and nothing that knows Arcade."""
