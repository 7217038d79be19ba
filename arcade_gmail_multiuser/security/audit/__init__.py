"""What happened to people's connections, written so that nobody can unwrite it unnoticed."""
