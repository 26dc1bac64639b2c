"""Answer what people do in Slack: one module per command, button or form."""

from collections.abc import Callable
from typing import Final

from bot.notifications.home import Homes
from bot.patience import Pulse
from bot.people.languages import Languages
from handlers.administering import admin_command, console, drift, removal, repair
from handlers.asking import ask_again, package_menu, request_access, request_form
from handlers.deciding import (
    answers,
    approve_several,
    decide,
    delegating,
    emergency_review,
    questioning,
    review,
)
from handlers.dispatch import command_limit, deduplicate, language, slow_answers
from handlers.dispatch.app import SlackApp
from handlers.dispatch.command_limit import CommandLimit
from handlers.replying.background import Background
from handlers.replying.lists import Lists
from handlers.replying.replies import Replies
from handlers.routes import Routes
from handlers.self_service import (
    assignment_actions,
    connecting,
    direct_messages,
    home,
    my_access,
    opening,
)
from handlers.services import Services

# What one person may send in an hour, if nothing is set.
COMMANDS_AN_HOUR: Final = 300

__all__ = ["Background", "Services", "SlackApp", "register"]


def register(
    app: SlackApp,
    *,
    services: Services,
    homes: Homes,
    background: Background,
    languages: Languages,
    pulse: Pulse,
    publish: Callable[[], None],
    commands_an_hour: int = COMMANDS_AN_HOUR,
    newer_blocks: bool = False,
) -> None:
    """
    Connect every listener to *app*.

    Raises:
        UnregisteredAction: A listener is not in the table of routes, or a route has no listener.
    """
    lists = Lists(services, newer_blocks=newer_blocks)
    replies = Replies(background, draw=lists.draw)
    limit = CommandLimit(commands_an_hour)
    language.register(app, languages=languages, background=background)
    command_limit.register(app, guard=services.guard, background=background, limit=limit)
    deduplicate.register(app, guard=services.guard, replies=replies, pulse=pulse)
    slow_answers.register(app, replies=replies, background=background)
    routes = Routes(app)
    request_access.register(
        routes, requests=services.requests, forms=services.request_forms, replies=replies
    )
    package_menu.register(routes, forms=services.request_forms, replies=replies)
    ask_again.register(routes, forms=services.request_forms, replies=replies)
    request_form.register(
        routes,
        requests=services.requests,
        forms=services.request_forms,
        replies=replies,
        background=background,
    )
    decide.register(
        routes, approvals=services.approvals, signed=services.signed_approvals, replies=replies
    )
    questioning.register(routes, questions=services.questions, replies=replies)
    approve_several.register(
        routes, approvals=services.approvals, reviews=services.reviews, replies=replies
    )
    assignment_actions.register(
        routes, changes=services.request_changes, assignments=services.assignments, replies=replies
    )
    my_access.register(
        routes,
        lists=lists,
        delegations=services.delegations,
        accounts=services.accounts,
        replies=replies,
    )
    opening.register(routes, openings=services.openings, replies=replies)
    connecting.register(routes, accounts=services.accounts, replies=replies)
    direct_messages.register(
        routes,
        forms=services.request_forms,
        guard=services.guard,
        background=background,
        limit=limit,
    )
    home.register(routes, homes=homes, publish=publish)
    admin_command.register(
        routes, services=services, lists=lists, replies=replies, background=background
    )
    console.register(routes, services=services, replies=replies, background=background)
    review.register(routes, reviews=services.reviews, replies=replies)
    removal.register(routes, services=services, replies=replies, background=background)
    drift.register(
        routes,
        drift=services.drift,
        guard=services.guard,
        replies=replies,
        background=background,
    )
    repair.register(routes, changes=services.request_changes, replies=replies)
    delegating.register(
        routes,
        delegations=services.delegations,
        signed=services.signed_delegations,
        replies=replies,
    )
    emergency_review.register(routes, emergencies=services.emergencies, replies=replies)
    answers.register(routes, reviews=services.reviews, replies=replies)
    routes.check()
