"""Authorize users: flows, confirmation, the provider, and disconnecting."""
