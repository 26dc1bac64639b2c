"""Speak to whoever has access: what they can do with it, that it ends, that it has ended."""
