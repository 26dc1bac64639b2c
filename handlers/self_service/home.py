"""App Home: publish it for whoever opens it."""

from collections.abc import Callable
from typing import Any

from bot.database import Busy
from bot.notifications.home import Homes
from handlers.replying.errors import log
from handlers.routes import Routes


def register(routes: Routes, *, homes: Homes, publish: Callable[[], None]) -> None:
    @routes.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        """Note that this person has a Home; it is published right after, and whenever it changes."""
        if event.get("tab") != "home":
            return
        homes.look_at(event.get("view"))
        try:
            await homes.opened(event["user"])
            publish()
        except Busy:
            # Slack would deliver the event again, but the next opening is sooner.
            log.warning("home-not-noted")
