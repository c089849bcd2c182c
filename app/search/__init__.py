"""Finding titles, episodes and people as one types."""
