"""Play sessions: the decision, playlists, tokens, original files, progress."""
