"""Grant, extend and remove access as an administrator."""
