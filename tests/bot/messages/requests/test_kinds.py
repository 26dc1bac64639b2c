"""What people are told of their request names what it asked for: access, an extension or a return."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from bot.messages.assignments.changing import canceled
from bot.messages.blocks.parts import Message
from bot.messages.phrases.waiting import approval_counted, reminding, step_reached
from bot.messages.requests import outcomes
from bot.requests.model import Kind, Request, State
from tests.bot.samples import terms, wish
from tests.harness.world import said

SAYS: Final[dict[str, Callable[[Request], Message]]] = {
    "canceled": canceled,
    "canceled in Entra": outcomes.canceled_in_entra,
    "canceled by an admin": outcomes.canceled_by_admin,
    "reminding": reminding,
    "a step": lambda one: step_reached(one, step=1, by="Bo Berg", is_waiting=False),
    "an approval": lambda one: approval_counted(
        one, by="Bo Berg", place=1, needed=2, is_waiting=False
    ),
    "denied": lambda one: outcomes.denied(one, by="Bo Berg"),
    "expired": outcomes.lapsed,
}
OF_RETURNS: Final = {"canceled", "canceled in Entra"}


def request(kind: Kind, **changes: Any) -> Request:
    facts = {"state": State.PENDING, "terms": terms(), "deciders": ("U0BO",), **changes}
    return wish(kind=kind, **facts)


@pytest.mark.parametrize("about", SAYS)
def test_an_extension_is_called_one(about):
    """Whoever has the package must not read that a request for it is over."""
    told = said(SAYS[about](request(Kind.EXTEND)))

    assert "exten" in told, told
    assert "your request for" not in told.casefold()


@pytest.mark.parametrize("about", SAYS)
def test_a_request_for_access_is_called_one(about):
    """It is nothing else yet."""
    assert "equest for" in said(SAYS[about](request(Kind.ADD)))


@pytest.mark.parametrize("about", sorted(OF_RETURNS))
def test_a_return_is_called_one(about):
    """Whoever cancels it keeps the access, and has not asked for it."""
    assert "our return of *Marketing Campaign*" in said(SAYS[about](request(Kind.REMOVE)))


@pytest.mark.parametrize(
    ("kind", "name"), [(Kind.ADD, "request for"), (Kind.EXTEND, "extension of")]
)
def test_a_cancel_that_goes_to_entra_says_of_what(kind, name):
    """While Entra has not answered."""
    one = request(
        kind,
        terms=terms(entra_decides=True),
        graph_request_id="g",
        cancel_wanted_at=wish().asked_at,
    )

    assert one.is_being_canceled
    assert f"I am canceling your {name}" in said(canceled(one))


@pytest.mark.parametrize("about", ["canceled", "reminding", "a step", "an approval"])
def test_whom_it_is_for_is_named_to_whoever_asked_for_them(about):
    """Who has asked for several people reads which of the requests is meant."""
    one = request(Kind.ADD, asked_by="U0MIA", wanted_for="U0ANN")

    assert "*Marketing Campaign* for <@U0ANN>" in said(SAYS[about](one))
    assert "for <@U0ANN>" not in said(SAYS[about](request(Kind.ADD)))
