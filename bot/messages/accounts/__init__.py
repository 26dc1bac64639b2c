"""Tell people of their Microsoft account, and of a second Slack account."""
