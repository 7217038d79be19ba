"""The methods of the Gmail API, one module a resource."""
