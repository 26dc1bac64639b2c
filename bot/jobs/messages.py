"""Send every message that is owed: the job *messages*."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.jobs.loop import JobLoop
from bot.notifications.owed import Notices

NAME: Final = "messages"


@dataclass(frozen=True, kw_only=True)
class MessageJob:
    """Sends messages that are owed, each by itself."""

    notices: Notices
    loop: JobLoop

    async def run(self) -> None:
        """
        Send messages that are owed, until none is.

        Each is on its way by itself: what comes to be owed meanwhile does not wait for those that must.
        """
        event = self.loop.find_event(NAME) or asyncio.Event()
        sent, under_way = 0, await self.notices.begin_owed()
        triggered = asyncio.create_task(event.wait())
        try:
            while under_way:
                self.loop.note_progress(NAME)
                await asyncio.wait({*under_way, triggered}, return_when=asyncio.FIRST_COMPLETED)
                done = {task for task in under_way if task.done()}
                under_way -= done
                sent += sum(task.result() for task in done)
                if triggered.done() or (sent and not under_way):
                    event.clear()
                    triggered.cancel()
                    triggered = asyncio.create_task(event.wait())
                    sent = 0
                    under_way |= await self.notices.begin_owed()
                if self.loop.is_stopping:
                    return
        finally:
            triggered.cancel()
            # Whatever broke the round, nobody's message is torn off.
            await asyncio.gather(*under_way, return_exceptions=True)
