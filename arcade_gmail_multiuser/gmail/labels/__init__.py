"""Find a mailbox's labels by name, and create, rename and delete the user's own."""
