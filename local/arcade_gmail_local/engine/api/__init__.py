"""The REST API that arcadepy calls, route by route, and its own description."""
