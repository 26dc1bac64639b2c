"""Which later ends a request of somebody's explains, in every way in which Entra may write the end of that request."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.drift.model import DriftKind, Found
from bot.drift.store.approved import EndMoved
from bot.sync.extended_in_entra import is_end_given, is_end_named, is_end_seen, is_extension
from graph.models import AssignmentRequest
from graph.values import Expiration

DONE = datetime(2027, 1, 1, 9, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
STAMP = "%Y-%m-%dT%H:%M:%SZ"
DATE = {"type": "afterDateTime", "endDateTime": (DONE + 30 * DAY).strftime(STAMP)}
LENGTH = {"type": "afterDuration", "duration": "P30D"}
# What names no end; with words and spellings that are none of today's.
NO_END = [
    None,
    {},
    {"type": None},
    {"type": "notSpecified"},
    {"type": "noExpiration"},
    {"type": "NoExpiration"},
    {"type": "afterDateTime", "endDateTime": None},
    {"type": "afterDuration", "duration": None},
    {"type": "unknownFutureValue"},
]


def asked(expiration, *, done=DONE, **more):
    """What Entra shows of an extension that is done."""
    return AssignmentRequest.model_validate(
        {
            "id": "r",
            "requestType": "userUpdate",
            "state": "delivered",
            "completedDateTime": done.strftime(STAMP) if done else None,
            "requestor": {"id": "subject", "objectId": "ann"},
            "assignment": {"id": "a"},
            "schedule": {
                "startDateTime": (DONE - 20 * DAY).strftime(STAMP),
                "expiration": expiration,
            },
            **more,
        }
    )


def found(end):
    """An end that is later than what was approved."""
    return Found(
        kind=DriftKind.LATER_END,
        about="a",
        entra_id="ann",
        package_id="p",
        package_name="P",
        assignment_id="a",
        ends_at=end,
    )


def seen(*moves):
    return [EndMoved(at=DONE + after, ends_at=end) for after, end in moves]


@pytest.mark.parametrize("expiration", [DATE, LENGTH])
@pytest.mark.parametrize(
    ("end", "explains"),
    [
        (DONE + 29 * DAY, True),
        (DONE + 30 * DAY + HOUR, True),
        (DONE + 30 * DAY + HOUR + MINUTE, False),
        (DONE + 3650 * DAY, False),
        (None, False),
    ],
)
def test_a_request_that_names_an_end_explains_none_that_is_later(expiration, end, explains):
    """As a date, or as a length; whatever the policy gives, and whenever the end moved."""
    request = asked(expiration)
    assert is_end_named(request, found(end)) is explains
    assert not is_end_given(request, found(end), Expiration.never())
    assert not is_end_seen(request, found(end), seen((MINUTE, None), (MINUTE, end)))


@pytest.mark.parametrize("expiration", NO_END)
@pytest.mark.parametrize(
    ("given", "end", "explains"),
    [
        (Expiration.after(30 * DAY), DONE + 30 * DAY, True),
        (Expiration.after(30 * DAY), DONE + 31 * DAY, False),
        (Expiration.after(30 * DAY), None, False),
        (Expiration.at(DONE + 5 * DAY), DONE + 5 * DAY, True),
        (Expiration.at(DONE + 5 * DAY), DONE + 6 * DAY, False),
        (Expiration.never(), DONE + 3650 * DAY, True),
        (Expiration.never(), None, True),
        # Beta does not say of a policy that gives some hours, and one may say nothing at all.
        (Expiration(type="unsaid"), DONE + DAY, False),
        (Expiration(type="notSpecified"), DONE + DAY, False),
        (None, DONE + DAY, False),
    ],
)
def test_one_that_names_none_explains_what_its_policy_gives(expiration, given, end, explains):
    """From when it was done."""
    request = asked(expiration)
    assert not is_end_named(request, found(end))
    assert is_end_given(request, found(end), given) is explains


@pytest.mark.parametrize("expiration", NO_END)
@pytest.mark.parametrize(
    ("moves", "end", "explains"),
    [
        ([], DONE + DAY, False),
        ([(MINUTE, DONE + 30 * DAY)], DONE + 30 * DAY, True),
        # Entra's clock is behind ours, or before it.
        ([(-MINUTE, DONE + 30 * DAY)], DONE + 30 * DAY, True),
        ([(MINUTE, None)], None, True),
        ([(MINUTE, DONE + 30 * DAY)], None, False),
        ([(MINUTE, DONE + 30 * DAY)], DONE + 31 * DAY, False),
        # An administrator's: later, earlier, and soon after.
        ([(2 * HOUR, DONE + 90 * DAY)], DONE + 90 * DAY, False),
        ([(-DAY, DONE + 90 * DAY)], DONE + 90 * DAY, False),
        ([(MINUTE, DONE + 30 * DAY), (9 * MINUTE, None)], None, False),
    ],
)
def test_one_that_names_none_explains_the_end_that_was_seen_then(expiration, moves, end, explains):
    """The first that was seen after it: what moves on afterwards was somebody else."""
    assert is_end_seen(asked(expiration), found(end), seen(*moves)) is explains


@pytest.mark.parametrize("expiration", NO_END)
def test_what_is_not_said_to_be_done_explains_nothing(expiration):
    """There is nothing to count from."""
    request, end = asked(expiration, done=None), found(DONE + DAY)
    assert not is_end_seen(request, end, seen((MINUTE, DONE + DAY)))
    assert not is_end_given(request, end, Expiration.after(30 * DAY))


@pytest.mark.parametrize(
    ("more", "is_one"),
    [
        ({}, True),
        ({"requestType": "UserExtend"}, True),
        ({"requestType": "adminUpdate"}, False),
        ({"requestType": "userAdd"}, False),
        ({"requestor": None}, False),
        ({"requestor": {"id": "subject", "objectId": None}}, False),
    ],
)
def test_only_what_people_ask_for_themselves_is_an_extension_of_theirs(more, is_one):
    """An administrator's is none."""
    assert is_extension(asked(DATE, **more)) is is_one
