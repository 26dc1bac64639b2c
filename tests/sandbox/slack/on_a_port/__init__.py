"""Test what only a real connection can show."""
