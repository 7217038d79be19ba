"""From an HTML body to the text that a person sees, and what a person does not see."""
