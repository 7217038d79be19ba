"""From an HTTP request to a method of the API and back: routing, scopes, batches, errors."""
