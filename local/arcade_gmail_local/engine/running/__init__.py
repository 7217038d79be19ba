"""Tools and their workers: found, executed for a user, now or later."""
