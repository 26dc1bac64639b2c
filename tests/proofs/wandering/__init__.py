"""People who press whatever Slack shows them, and what must be true wherever they get to."""
