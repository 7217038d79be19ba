"""What a test orders and looks at under /_sandbox/."""
