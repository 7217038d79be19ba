"""A tamper-evident log of what happened to people's connections."""
