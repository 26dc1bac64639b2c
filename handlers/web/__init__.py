"""Serve what comes over HTTP: Slack's requests, and the browsers of those who sign in."""
