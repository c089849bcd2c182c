"""The first page: rows, each with its reason."""
