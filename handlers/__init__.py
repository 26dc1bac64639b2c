"""Answer what people do in Slack: one module per command, button or form."""

from collections.abc import Callable

from bot.desk import Desk
from bot.notifications.home import Homes
from bot.patience import Pulse
from handlers import (
    admin_command,
    answers,
    assignment_actions,
    decide,
    deduplicate,
    home,
    my_access,
    repair,
    request_access,
    request_form,
)
from handlers.app import SlackApp
from handlers.background import Background
from handlers.routes import Routes

__all__ = ["Background", "SlackApp", "register"]


def register(
    app: SlackApp,
    *,
    desk: Desk,
    homes: Homes,
    background: Background,
    pulse: Pulse,
    publish: Callable[[], None],
) -> None:
    """
    Connect every listener to *app*.

    Raises:
        UnregisteredAction: A listener is not in the table of routes, or a route has no listener.
    """
    deduplicate.register(app, desk=desk, background=background, pulse=pulse)
    routes = Routes(app)
    request_access.register(routes, desk=desk)
    request_form.register(routes, desk=desk, background=background)
    decide.register(routes, desk=desk, background=background)
    assignment_actions.register(routes, desk=desk, background=background)
    my_access.register(routes, desk=desk, background=background)
    home.register(routes, homes=homes, publish=publish)
    admin_command.register(routes, desk=desk, background=background)
    repair.register(routes, desk=desk, background=background)
    answers.register(routes, desk=desk, background=background)
    routes.check()
