"""Folders, files and what ffprobe says of them; which file holds which work."""
