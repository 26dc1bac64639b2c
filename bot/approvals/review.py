"""Read the whole card of a request, for whoever is asked to decide it and for admins."""

from typing import Any

from bot.approvals.model import Decision
from bot.approvals.store import deciders, decisions
from bot.database import Store, Transaction
from bot.errors import NotAllowed, TooLate
from bot.messages.review import review
from bot.people.guard import Guard
from bot.people.model import NamedAs
from bot.requests.model import Request
from bot.requests.store import requests


class Reviews:
    """Draws a request's card in a modal, as it is at that moment."""

    def __init__(self, *, store: Store, guard: Guard) -> None:
        self._store = store
        self._guard = guard

    async def drawn(self, *, slack_user: str, request_id: str) -> dict[str, Any]:
        """
        Draw the card of a request, with its buttons for whoever may press them.

        Raises:
            NotAllowed: They are neither asked about it, nor an admin, nor whoever asked.
            TooLate: There is no such request.
        """
        found = await self._store.read(_with_decisions, request_id, slack_user)
        if found is None:
            raise TooLate("I do not know that request any more.")
        request, decided, named_as = found
        may_see = {request.holder, request.asked_by, *request.deciders}
        if slack_user not in may_see and not self._guard.is_admin(slack_user):
            raise NotAllowed("Only those who decide about that request see its card.")
        return review(request, decided, reader=slack_user, named_as=named_as)


def _with_decisions(
    db: Transaction, request_id: str, slack_user: str
) -> tuple[Request, list[Decision], NamedAs | None] | None:
    request = requests.find(db, request_id)
    if request is None:
        return None
    named_as = deciders.why_asked(db, request, slack_user)
    return request, decisions.accepted_of(db, request), named_as
