"""List, create and delete filters."""
