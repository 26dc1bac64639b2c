"""A stand-in Slack and a stand-in Microsoft tenant, to try the real bot with no accounts."""
