"""`latchkey init`: ask for the first settings, and write all that an installation begins with."""
