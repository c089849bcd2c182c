"""The rules of the product as frozen values and functions. No I/O, no clock, no randomness, no framework."""
