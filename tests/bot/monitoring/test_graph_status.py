"""How Graph is, by its answers: what is wrong with the app's credential, and what is one person's or a token's own."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.monitoring.figures import Figures
from graph import Graph
from graph.calls.retries import Retries
from graph.errors import AuthError, GraphError, LoginUnreachable
from tests.bot.moments import at
from tests.graph.wire import Pauses, refusal

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
USER = httpx.Response(200, json={"id": "u"})
NO = refusal(401, "InvalidAuthenticationToken")
BUSY = refusal(503, "Busy")
DENIED = refusal(403, "Forbidden")


class Tokens:
    """A token that may be good, and another that may be had when it is not; what it says of none."""

    def __init__(
        self, *, first: bool = True, second: bool = True, error: type[AuthError] = AuthError
    ) -> None:
        self._first, self._second, self._error = first, second, error

    async def token(self) -> str:
        return self._given("first", self._first)

    async def refresh(self, claims: str | None = None) -> str:
        return self._given("second", self._second)

    def _given(self, name: str, is_there: bool) -> str:
        if not is_there:
            raise self._error("There is no token.")
        return name


async def looked(
    figures: Figures, tokens: Any, *answers: httpx.Response, person: Any = None
) -> None:
    """One look at a user, or at an approval in a person's name, which Graph answers so."""
    left = list(answers)
    transport = httpx.MockTransport(lambda request: left.pop(0))
    async with httpx.AsyncClient(transport=transport) as http:
        graph = Graph(
            http,
            tokens,
            retries=Retries(sleep=Pauses(), attempts=1),
            observer=figures.graph_called,
        )
        with suppress(GraphError):
            if person is None:
                await graph.users.get("u")
            else:
                await graph.approvals.stages("r", token=person)
    assert not left


def outcomes(figures: Figures) -> list[str]:
    """The outcomes that were counted."""
    (family,) = [each for each in figures.registry.collect() if each.name == "latchkey_graph_calls"]
    return sorted(each.labels["outcome"] for each in family.samples)


@pytest.mark.parametrize(
    ("tokens", "answers", "counted", "fails"),
    [
        (Tokens(), [USER], ["ok"], False),
        (Tokens(), [DENIED], ["refused"], False),
        (Tokens(), [BUSY], ["unavailable"], True),
        (Tokens(first=False), [], ["no_token"], True),
        (Tokens(first=False, error=LoginUnreachable), [], ["unreachable"], True),
        # Renewed, and all is well.
        (Tokens(), [NO, USER], ["ok", "unauthorized"], False),
        # None in its place, as after the end of the client secret.
        (Tokens(second=False), [NO], ["no_token", "unauthorized"], True),
        # Taken away from the app for good.
        (Tokens(), [NO, NO], ["unauthorized"], True),
    ],
)
async def test_each_answer_says_whether_the_app_can_work(tokens, answers, counted, fails):
    """By itself."""
    figures = Figures()
    await looked(figures, tokens, *answers)
    assert outcomes(figures) == counted
    assert (figures.graph.failing_since is not None) is fails


async def test_what_goes_on_failing_fails_since_it_began():
    """Whether the first token is tried in between or not: its refusal is no sign that anything works."""
    figures, tokens = Figures(), Tokens(second=False)
    for minutes in range(4):
        with at(MOMENT + timedelta(minutes=minutes)):
            await looked(figures, tokens, NO)
    assert figures.graph.failing_since == MOMENT
    assert figures.graph.error == "There is no token."

    with at(MOMENT + timedelta(minutes=4)):
        await looked(figures, Tokens(), USER)
    assert figures.graph.failing_since is None


@pytest.mark.parametrize(
    ("person", "answers", "counted"),
    [
        (Tokens(first=False), [], ["not_signed_in"]),
        (Tokens(second=False), [NO], ["not_signed_in"]),
        (Tokens(), [NO, NO], ["not_signed_in"]),
        # Which is so for everybody, and the alarm counts it; the app's own token says whether the app can work.
        (Tokens(first=False, error=LoginUnreachable), [], ["unreachable"]),
        (Tokens(second=False, error=LoginUnreachable), [NO], ["not_signed_in", "unreachable"]),
        (Tokens(), [DENIED], ["refused"]),
        (Tokens(), [httpx.Response(200, json={"value": []})], ["ok"]),
    ],
)
async def test_a_persons_token_says_nothing_of_the_apps(person, answers, counted):
    """Neither that it works, nor that it does not: somebody whose sign-in is over makes no replica unready."""
    well, ill = Figures(), Figures()
    await looked(well, Tokens(), USER)
    await looked(ill, Tokens(first=False))
    for figures in (well, ill):
        await looked(figures, Tokens(), *answers, person=person)
    assert well.graph.failing_since is None
    assert ill.graph.failing_since is not None
    assert set(outcomes(well)) == {"ok", *counted}


async def test_that_graph_is_down_shows_in_a_persons_calls_too():
    """It is so for everybody."""
    figures = Figures()
    await looked(figures, Tokens(), BUSY, person=Tokens())
    assert figures.graph.failing_since is not None
