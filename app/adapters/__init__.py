"""What speaks to the outside: clocks, files, HTTP, metadata providers."""
