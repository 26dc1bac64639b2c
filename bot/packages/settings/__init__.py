"""Read the file of package settings, and say what holds for a package."""
