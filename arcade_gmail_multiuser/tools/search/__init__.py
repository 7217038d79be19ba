"""Find messages and conversations, or list the newest."""
