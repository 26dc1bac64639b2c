"""Watch a request until Graph itself shows that it came true, or that it did not."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from bot.cli.connection import Stop
from bot.cli.tables import console
from bot.packages.names import clean
from bot.repeating import Sleep, until_found
from bot.timing import poll_pause
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackageAssignment, AssignmentRequest

Found = TypeVar("Found")

# Of an assignment after its request is delivered: Graph may show the request done first, by some seconds.
LOOKS_AFTER_DELIVERY: Final = 8


class StillUnderWay(Stop):
    """Graph was not done in time; the request goes on without us."""

    def __init__(self, request: AssignmentRequest, patience: timedelta) -> None:
        super().__init__(
            f"Graph has not done it within {patience.total_seconds() / 60:g} minutes: request "
            f"{request.id} is {clean(request.state or 'under way')}, and goes on.",
            "Look again with `latchkey show requests --open`; do not ask a second time.",
        )


class LeftAsItWas(Stop):
    """Graph says that it is done, and shows the assignment as it was before."""

    def __init__(self, request: AssignmentRequest, held: AccessPackageAssignment) -> None:
        ends_at = held.ends_at()
        ends = f"ends {ends_at:%Y-%m-%d %H:%M} UTC" if ends_at else "has no end"
        super().__init__(
            f"Graph says that request {request.id} is delivered, and the access {ends}, as before: Entra has left it so, "
            "or does not show the change yet.",
            "Look again with `latchkey show assignments`.",
        )


async def until_delivered(
    graph: Graph,
    request: AssignmentRequest,
    *,
    patience: timedelta,
    accept: Callable[[AccessPackageAssignment], bool] = lambda _: True,
    sleep: Sleep = asyncio.sleep,
) -> AccessPackageAssignment:
    """
    Wait until an add or an update is delivered, and return the assignment as Graph has it then.

    Args:
        accept: Whether the assignment is what was asked for; Graph may show the request done first.

    Raises:
        Stop: Graph refused it after all.
        LeftAsItWas: It is delivered, and the assignment is not what was asked for.
        StillUnderWay: Patience ran out first.
    """
    looks = 0

    async def look() -> AccessPackageAssignment | None:
        nonlocal request, looks
        request = await _latest(graph, request)
        if not request.is_delivered or request.assignment is None:
            return None
        try:
            held = await graph.assignments.get(request.assignment.id)
        except NotFound:  # the list of assignments lags a little
            return None
        if not held.is_delivered:
            return None
        if accept(held):
            return held
        looks += 1
        if looks >= LOOKS_AFTER_DELIVERY:
            raise LeftAsItWas(request, held)
        return None

    return await _until(look, lambda: request, patience=patience, sleep=sleep)


async def until_ended(
    graph: Graph,
    request: AssignmentRequest,
    *,
    assignment_id: str,
    patience: timedelta,
    sleep: Sleep = asyncio.sleep,
) -> AccessPackageAssignment | None:
    """
    Wait until a removed assignment is over; None if Graph has forgotten it by then.

    Raises:
        Stop: Graph refused the removal after all.
        StillUnderWay: Patience ran out first.
    """
    gone: list[AccessPackageAssignment | None] = []

    async def look() -> bool | None:
        nonlocal request
        request = await _latest(graph, request)
        try:
            held = await graph.assignments.get(assignment_id)
        except NotFound:
            gone.append(None)
            return True
        if not held.is_expired:
            return None
        gone.append(held)
        return True

    await _until(look, lambda: request, patience=patience, sleep=sleep)
    return gone[0]


async def _latest(graph: Graph, request: AssignmentRequest) -> AssignmentRequest:
    try:
        latest = await graph.assignment_requests.get(request.id)
    except NotFound:  # Graph may not show yet what it has just taken
        return request
    if latest.is_denied or latest.is_canceled or latest.is_failed:
        raise Stop(
            f"Graph did not do it: request {latest.id} is {clean(latest.state or '?')} "
            f"({clean(latest.status or 'no status')})."
        )
    return latest


async def _until(
    look: Callable[[], Awaitable[Found | None]],
    request: Callable[[], AssignmentRequest],
    *,
    patience: timedelta,
    sleep: Sleep,
) -> Found:
    began = time.monotonic()
    with _progress() as say:

        def pauses() -> Iterator[timedelta]:
            for attempt in itertools.count():
                waited = time.monotonic() - began
                pause = poll_pause(attempt)
                if waited + pause.total_seconds() > patience.total_seconds():
                    return
                say(f"{clean(request().state or 'submitted')}, {waited:.0f} s …")
                yield pause

        found = await until_found(look, pauses=pauses(), sleep=sleep)
    if found is None:
        raise StillUnderWay(request(), patience)
    return found


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Return how to show on one line of standard error how it stands, if that is a terminal."""
    errors = console(err=True)
    if not errors.is_terminal:
        yield lambda _: None
        return
    with errors.status("Asking Graph …") as status:
        yield status.update
