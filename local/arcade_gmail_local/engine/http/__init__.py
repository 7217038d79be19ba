"""What every request has: who calls, what it may hold, how it is answered."""
