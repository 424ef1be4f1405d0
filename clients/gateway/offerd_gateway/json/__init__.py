"""The canonical JSON mapping of proto3, with mistakes named by field."""
