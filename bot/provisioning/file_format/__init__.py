"""Read the file: its blocks and fields, the small language in them, and what is wrong with it and where."""
