"""Tell people of their Microsoft account, of a second Slack account, and what only they can do."""
