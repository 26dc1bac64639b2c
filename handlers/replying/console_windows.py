"""Open the admins' console, and show another page in one that is open; after the answer to Slack."""

from collections.abc import Mapping
from typing import Any

import structlog

from bot.console.model import ConsolePage
from bot.console.views import ConsoleViews
from bot.messages.admins.console.window import loading
from bot.slack.errors import SlackError, SlackRefused
from handlers.replying.background import Background
from handlers.replying.replies import Reply

log = structlog.get_logger(__name__)


def open_console(reply: Reply, views: ConsoleViews, *, page: ConsolePage) -> None:
    """Open the console for whoever pressed or typed; a search is made once it is open, as it may take long."""

    async def drawn() -> Mapping[str, Any]:
        return await views.drawn(reply.user, page)

    if page.sought and page.place is None:
        reply.open_form(loading(page), then=drawn)
    else:
        reply.open_form(drawn)


def turn_page(
    background: Background,
    views: ConsoleViews,
    *,
    user: str,
    view: Mapping[str, Any],
    page: ConsolePage,
    note: str | None = None,
) -> None:
    """
    Show another page in a console that is open; nothing happens if it shows another one already.

    Args:
        view: The console, as Slack has sent it.
    """
    view_id, known = str(view.get("id") or ""), str(view.get("hash") or "") or None

    async def turned() -> None:
        drawn = await views.drawn(user, page, note=note)
        try:
            await background.slack.views.update(view_id, drawn, hash=known)
        except SlackRefused as refused:
            if refused.error not in {"hash_conflict", "not_found"}:
                raise
            # They have pressed something else meanwhile, or closed it.
            log.info("console-moved-on", slack=str(refused))
        except SlackError as error:
            log.warning("console-not-updated", slack=str(error))

    background.start(turned)
