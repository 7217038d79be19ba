"""The HTTP side of the Gmail API: routing, scopes, parameters, batches, limits."""
