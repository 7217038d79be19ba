"""Send mail, or show it before it is sent."""
