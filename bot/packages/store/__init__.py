"""The table of access packages."""
