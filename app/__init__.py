"""Matinee: a self-hosted media server."""
