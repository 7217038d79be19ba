"""One file a format: bytes in, text out. Runs in the reading process only, never in the worker."""
