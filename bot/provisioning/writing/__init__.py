"""Write to the tenant what must not be written twice, and remember what was made: the state beside the file."""
