"""One request, from the ask to its end."""
