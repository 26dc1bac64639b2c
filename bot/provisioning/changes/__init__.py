"""Plan what would have to be done for the tenant to agree with the file, and do it, or undo it."""
