"""Know who somebody is in Slack and in Entra, and what they may do."""
