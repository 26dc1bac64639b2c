"""Slack's Web API, as far as Latchkey calls it."""
