"""Latchkey: time-limited access from Slack, through Microsoft Entra access packages."""
