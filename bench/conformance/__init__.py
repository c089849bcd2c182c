"""Does the grid hold? Cells made in random order, judged by decoders, players and a strict playlist parser."""
