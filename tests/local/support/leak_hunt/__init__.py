"""A hunt for secrets and mail: a real stack made to talk, and a search through all of it."""
