"""What is sent or stored: composed as MIME, threaded, and sent at most once or exactly once."""
