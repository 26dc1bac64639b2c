"""Tell holders that their access ends."""
