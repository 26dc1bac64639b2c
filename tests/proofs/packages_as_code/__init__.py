"""People edit files of packages, colleagues change Entra, processes die: what Latchkey makes of it."""
