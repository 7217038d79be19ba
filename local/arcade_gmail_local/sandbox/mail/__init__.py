"""What is stored, and how mail travels between the mailboxes."""
