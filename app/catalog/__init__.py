"""Works: titles, seasons, episodes, people, genres, artwork. Identity lives here, never in a path."""
