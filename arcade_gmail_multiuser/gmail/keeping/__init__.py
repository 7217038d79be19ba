"""Keeping a mailbox in order: labels, bulk changes and their undoing, filters, lists to leave."""
