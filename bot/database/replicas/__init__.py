"""Share among replicas what is one: turns, limits, wake-ups, what has come in already, and outages."""
