"""What a person can do in Slack: one module per deed."""

from collections.abc import Callable

from bot.access import Desk
from bot.home import Homes
from bot.patience import Pulse
from handlers import (
    administer,
    answers,
    decide,
    home,
    keep_or_return,
    my_access,
    once,
    repair,
    request_access,
    request_form,
)
from handlers.after import After
from handlers.app import SlackApp
from handlers.deeds import Deeds

__all__ = ["After", "SlackApp", "register"]


def register(
    app: SlackApp,
    *,
    desk: Desk,
    homes: Homes,
    after: After,
    pulse: Pulse,
    publish: Callable[[], None],
) -> None:
    """
    Connect every deed to *app*.

    Raises:
        WithoutRight: A deed is not in the table of rights, or nobody listens to one that is.
    """
    once.register(app, desk=desk, after=after, pulse=pulse)
    deeds = Deeds(app)
    request_access.register(deeds, desk=desk)
    request_form.register(deeds, desk=desk, after=after)
    decide.register(deeds, desk=desk, after=after)
    keep_or_return.register(deeds, desk=desk, after=after)
    my_access.register(deeds, desk=desk, after=after)
    home.register(deeds, homes=homes, publish=publish)
    administer.register(deeds, desk=desk, after=after)
    repair.register(deeds, desk=desk, after=after)
    answers.register(deeds, desk=desk, after=after)
    deeds.check()
