"""Call Slack's Web API."""
