"""The parts of a bot, to be moved by hand, as the bot's own tests have them."""

from tests.bot.conftest import empty_database, office

__all__ = ["empty_database", "office"]
