"""The grid: recipes, cells, leases, runs and the store that holds what was made."""
