"""What belongs to one person: progress, history, lists, ratings, preferences."""
