"""Find tools, and execute them for a user, now or later."""
