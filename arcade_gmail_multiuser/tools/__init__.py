"""Offer Gmail to agents as tools, one file or folder a family."""
