"""What people are owed a message about, sent once and redrawn when it changes."""
