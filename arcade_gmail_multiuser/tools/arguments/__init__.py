"""What tools are asked: arguments checked and turned into what the mailbox is told."""
