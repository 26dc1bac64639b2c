"""What a person can do in Slack: one module per deed."""

from collections.abc import Callable

from slack_bolt.async_app import AsyncApp

from bot.access import Desk
from bot.home import Homes
from handlers import (
    administer,
    decide,
    home,
    keep_or_return,
    my_access,
    once,
    repair,
    request_access,
)
from handlers.after import After

__all__ = ["After", "register"]


def register(
    app: AsyncApp, *, desk: Desk, homes: Homes, after: After, wake: Callable[[], None]
) -> None:
    """Connect every deed to *app*; the frequent ones first, because Bolt tries them in turn."""
    once.register(app, desk=desk, after=after)
    request_access.register(app, desk=desk, after=after)
    decide.register(app, desk=desk, after=after)
    keep_or_return.register(app, desk=desk, after=after)
    my_access.register(app, desk=desk)
    home.register(app, homes=homes, wake=wake)
    administer.register(app, desk=desk, after=after)
    repair.register(app, desk=desk, after=after)
