"""Read what an evidence pack holds."""
