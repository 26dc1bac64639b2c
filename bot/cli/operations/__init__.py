"""Run the bot and look after it: its database, its keys, the requests that are stuck, drift, webhooks."""
