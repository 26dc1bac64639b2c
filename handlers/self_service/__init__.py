"""See and change what is one's own: access, the Home tab, a Microsoft account, and direct messages to the bot."""
