"""Make the parts of Latchkey from the settings, each kind in a module of its own; `bot.app` puts them together."""
