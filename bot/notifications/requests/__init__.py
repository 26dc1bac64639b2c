"""Tell whoever asked, and the thread below a card, how a request gets on and how it ended."""
