"""Composes the catalog for people: lists, grids, the title page. Owns no table."""
