"""The policy tests in the file: what they say, and whether it is so."""
