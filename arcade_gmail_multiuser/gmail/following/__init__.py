"""What changed in a mailbox, what is pushed, and who waits for an answer."""
