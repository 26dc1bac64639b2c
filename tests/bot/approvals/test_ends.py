"""Test which shorter end an approver may set: later than everything that it follows, earlier than what was asked for."""

from datetime import timedelta

import pytest

from bot.approvals.ends import WrongEnd, find_wrong_end, shortened
from bot.approvals.model import WrongEndKind
from bot.requests.model import Kind
from tests.bot.samples import SOME_DAY, terms, wish

NOW = SOME_DAY
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EARLY, LATE = WrongEndKind.TOO_EARLY, WrongEndKind.TOO_LATE
THIRTY_DAYS = {"terms": terms(longest_seconds=30 * 86_400)}


@pytest.mark.parametrize(
    ("request_", "current_end", "end", "wrong"),
    [
        # Thirty days from now on.
        (wish(**THIRTY_DAYS), None, NOW, WrongEnd(why=EARLY, bound=NOW)),
        (wish(**THIRTY_DAYS), None, NOW + SECOND, None),
        (wish(**THIRTY_DAYS), None, NOW + 30 * DAY - SECOND, None),
        (wish(**THIRTY_DAYS), None, NOW + 30 * DAY, WrongEnd(why=LATE, bound=NOW + 30 * DAY)),
        # From the day after tomorrow on.
        (
            wish(**THIRTY_DAYS, starts_at=NOW + 2 * DAY),
            None,
            NOW + 2 * DAY,
            WrongEnd(why=EARLY, bound=NOW + 2 * DAY),
        ),
        (wish(**THIRTY_DAYS, starts_at=NOW + 2 * DAY), None, NOW + 31 * DAY, None),
        # An extension: longer than what they have, shorter than what they want.
        (
            wish(kind=Kind.EXTEND, terms=terms(), ends_at=NOW + 9 * DAY),
            NOW + 5 * DAY,
            NOW + 5 * DAY,
            WrongEnd(why=EARLY, bound=NOW + 5 * DAY),
        ),
        (
            wish(kind=Kind.EXTEND, terms=terms(), ends_at=NOW + 9 * DAY),
            NOW + 5 * DAY,
            NOW + 6 * DAY,
            None,
        ),
        # Without an end of its own any end is shorter.
        (wish(terms=terms(has_no_end=True)), None, NOW + 9_000 * DAY, None),
    ],
)
def test_an_end_lies_between_what_it_follows_and_what_was_asked_for(
    request_, current_end, end, wrong
):
    """Neither of the two itself: the one is no access, the other no less."""
    found = find_wrong_end(request_, end=end, current_end=current_end, now=NOW)
    assert found == wrong


@pytest.mark.parametrize(
    "request_",
    [
        wish(terms=None),
        wish(terms=terms()),
        wish(kind=Kind.REMOVE, terms=terms(), ends_at=NOW + 9 * DAY),
        wish(terms=terms(entra_decides=True), ends_at=NOW + 9 * DAY),
    ],
    ids=["no terms", "no end known", "a removal", "Entra decides"],
)
def test_nobody_shortens_what_has_no_known_end_or_is_not_ours_to_end(request_):
    """However sensible the end is."""
    found = find_wrong_end(request_, end=NOW + DAY, current_end=None, now=NOW)
    assert found == WrongEnd(why=WrongEndKind.UNKNOWN)


def test_the_earliest_of_several_ends_counts():
    """Whoever approves first or last: nobody makes longer what another has made shorter."""
    asked = wish(**THIRTY_DAYS)
    one = shortened(asked, NOW + 5 * DAY)
    assert one.approved_until == NOW + 5 * DAY
    assert shortened(one, NOW + 9 * DAY).approved_until == NOW + 5 * DAY
    assert shortened(one, NOW + 3 * DAY).approved_until == NOW + 3 * DAY


def test_without_an_end_or_terms_nothing_is_shortened():
    """It is as it was asked for."""
    asked = wish(**THIRTY_DAYS)
    assert shortened(asked, None) is asked
    bare = wish(terms=None)
    assert shortened(bare, NOW) is bare
