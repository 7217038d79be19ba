"""Mailboxes, what they store, and how mail is delivered between them."""
