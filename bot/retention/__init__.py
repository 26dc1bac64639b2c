"""Delete what is over and older than the settings keep it: requests, access that has ended, records of messages."""
