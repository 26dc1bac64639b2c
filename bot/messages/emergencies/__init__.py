"""Tell of emergency access: offer it, announce it, and ask for its review."""
