"""A stand-in for Google: OAuth and Gmail on loopback, for demos and tests."""
