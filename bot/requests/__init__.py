"""Carry a request from the ask to its end."""
