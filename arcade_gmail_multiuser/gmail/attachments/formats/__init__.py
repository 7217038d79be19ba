"""Turn one file format each into text. Runs in the reading process only, never in the worker."""
