"""Translate a policy of the file into Graph's, and back."""
