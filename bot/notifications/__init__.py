"""Send each message that is owed, once, and redraw it when what it shows has changed."""
