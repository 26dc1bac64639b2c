"""App Home: somebody has opened it."""

from collections.abc import Callable
from typing import Any

from bot.home import Homes
from bot.store import Busy
from handlers.deeds import Deeds
from handlers.errors import log


def register(deeds: Deeds, *, homes: Homes, publish: Callable[[], None]) -> None:
    @deeds.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        """The page is owed from now on; it is published right after, and whenever it changes."""
        if event.get("tab") != "home":
            return
        homes.look_at(event.get("view"))
        try:
            await homes.opened(event["user"])
            publish()
        except Busy:
            # Slack would deliver the event again, but the next opening is sooner.
            log.warning("home-not-noted")
