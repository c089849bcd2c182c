"""What only the administrator sees: activity, folders, problems."""
