"""Turn HTML bodies into the text that a person sees, and report what is hidden in them."""
