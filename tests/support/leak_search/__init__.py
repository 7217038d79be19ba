"""Look for secrets, in every form, in what was left behind."""
