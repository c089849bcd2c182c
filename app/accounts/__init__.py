"""People, how they sign in, and what their credentials are worth."""
