"""Find who decides, and process their decisions."""
