"""Administer: the console and the lists, removals, drift, and requests that are stuck."""
