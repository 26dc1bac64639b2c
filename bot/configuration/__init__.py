"""Read the settings, and say what is wrong with one."""
