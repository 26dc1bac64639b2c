"""Ask for access: the command, the form, the menu of packages, and asking once more."""
