"""Archive, mark, label, report, trash and restore mail, and undo it."""
