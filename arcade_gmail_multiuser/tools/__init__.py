"""The tools: doorways that check the inputs, call the mailbox and shape the reply."""
