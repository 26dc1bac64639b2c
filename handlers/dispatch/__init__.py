"""Bring each payload to its listener, after the checks that all of them pass."""
