"""The tables of assignments, and of what is wrong with them."""
