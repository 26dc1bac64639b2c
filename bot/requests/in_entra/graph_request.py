"""Say a request in Graph's words: its type and its dates."""

from collections.abc import Mapping
from typing import Final

from bot import clock
from bot.requests.model import OWN_REMOVAL, Kind, Request
from graph.models import Expiration, Schedule

REQUEST_TYPE: Final[Mapping[Kind, str]] = {
    Kind.ADD: "adminAdd",
    Kind.EXTEND: "adminUpdate",
    Kind.REMOVE: "adminRemove",
}

# In the name of whoever asks, where Entra decides.
OWN_REQUEST_TYPE: Final[Mapping[Kind, str]] = {
    Kind.ADD: "userAdd",
    Kind.EXTEND: "userUpdate",
    Kind.REMOVE: OWN_REMOVAL,
}


def request_type(request: Request) -> str:
    """Return what Graph calls such a request: the app's own, or that of whoever asks."""
    if request.sent_as is not None:
        return request.sent_as
    types = OWN_REQUEST_TYPE if request.entra_decides else REQUEST_TYPE
    return types[request.kind]


def chosen_schedule(request: Request) -> Schedule | None:
    """Return the dates that somebody chose, or an approver; None leaves them to the policy."""
    chosen = request.granted_end
    if request.starts_at is None and chosen is None:
        return None
    start = max(request.starts_at or clock.now(), clock.now())
    end = Expiration.at(chosen) if chosen else Expiration.never()
    return Schedule(start_date_time=start, expiration=end)
