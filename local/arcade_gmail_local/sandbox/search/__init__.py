"""Gmail's search language: parsing, indexing, matching."""
