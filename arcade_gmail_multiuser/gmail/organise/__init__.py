"""Change the labels of messages, one or many, and undo that."""
