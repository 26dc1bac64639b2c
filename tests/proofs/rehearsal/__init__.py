"""The rehearsal: a whole installation of real programs, each thing broken in turn, and whether everything that watches says so."""
