"""Keep the table of messages."""
