"""Copy to the tables what Graph and Slack say: packages, assignments, and whose they are."""
