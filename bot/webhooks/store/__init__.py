"""The tables of webhooks: how far each endpoint is, and what it would not take."""
