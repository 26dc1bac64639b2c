"""What a person can do in Slack: one module per deed."""

from collections.abc import Callable

from bot.desk import Desk
from bot.notifications.home import Homes
from bot.patience import Pulse
from handlers import admin_command as administer
from handlers import answers, decide, home, my_access, repair, request_access, request_form
from handlers import assignment_actions as keep_or_return
from handlers import deduplicate as once
from handlers.app import SlackApp
from handlers.background import After
from handlers.routes import Deeds

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
