"""Serve HTTP, and tell whoever operates it how Latchkey does: alive, ready or not and why, figures, an alarm when an outage lasts."""
