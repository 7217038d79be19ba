"""List, write, change, send and delete drafts."""
