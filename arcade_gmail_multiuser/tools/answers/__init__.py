"""What tools answer: the shapes, and how they are filled within their bounds."""
