"""The control API under /_sandbox/: set up accounts, inject faults, read the request log."""
