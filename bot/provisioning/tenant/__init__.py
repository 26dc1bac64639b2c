"""Find in the tenant what the file names, and who has what right now."""
