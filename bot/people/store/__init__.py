"""The tables of people: who is who, and where they are found in Slack."""
