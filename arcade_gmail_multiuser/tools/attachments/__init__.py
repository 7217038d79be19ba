"""List and read attachments."""
