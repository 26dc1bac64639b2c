"""What Graph sends becomes what we mean, in both versions' spelling."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentPolicy,
    AssignmentRequest,
    Expiration,
    SubjectSet,
    User,
)
from graph.values import FIRST_MOMENT, LAST_MOMENT, in_zone, iso_duration, moment_after, same_word
from tests.graph.wire import Wire, graph_on

START = "2026-01-01T08:00:00.42Z"
BEGAN = datetime(2026, 1, 1, 8, 0, 0, 420000, tzinfo=UTC)
END = "2026-01-30T08:00:00.7399675Z"
ENDS = datetime(2026, 1, 30, 8, 0, 0, 739967, tzinfo=UTC)


def assignment(expiration: object, *, start: str | None = START) -> AccessPackageAssignment:
    return AccessPackageAssignment.model_validate(
        {"id": "a", "schedule": {"startDateTime": start, "expiration": expiration}}
    )


def test_access_until_a_date_ends_then():
    """afterDateTime names the moment itself."""
    given = assignment({"type": "afterDateTime", "endDateTime": END, "duration": None})

    assert given.ends_at() == ENDS


def test_access_for_a_duration_ends_so_long_after_its_start():
    """afterDuration counts from the assignment's own start."""
    given = assignment({"type": "afterDuration", "duration": "P30D"})

    assert given.ends_at() == BEGAN + timedelta(days=30)


def test_access_without_expiration_does_not_end():
    """noExpiration wins over whatever the policy says."""
    given = assignment({"type": "noExpiration"})

    assert given.ends_at(Expiration.after(timedelta(days=3))) is None


@pytest.mark.parametrize(
    "silent",
    [
        None,
        {"type": "notSpecified", "endDateTime": None, "duration": None},
        {"type": None},
        {"type": "afterDateTime", "endDateTime": None},
        {"type": "afterDuration", "duration": None},
        {"type": "someFutureType"},
    ],
)
def test_an_assignment_that_does_not_say_follows_the_policy(silent):
    """What the assignment leaves open the policy decides."""
    given = assignment(silent)

    assert given.ends_at(Expiration.after(timedelta(days=7))) == BEGAN + timedelta(days=7)
    assert given.ends_at(Expiration.at(ENDS)) == ENDS
    assert given.ends_at(Expiration.never()) is None
    assert given.ends_at() is None


def test_the_policy_read_with_the_assignment_counts_by_itself():
    """Nobody has to hand in what came along."""
    given = AccessPackageAssignment.model_validate(
        {
            "id": "a",
            "schedule": {"startDateTime": START, "expiration": {"type": "notSpecified"}},
            "assignmentPolicy": {
                "id": "p",
                "expiration": {"type": "afterDuration", "duration": "P1D"},
            },
        }
    )

    assert given.ends_at() == BEGAN + timedelta(days=1)


def test_a_duration_without_a_start_has_no_known_end():
    """Right after the grant Graph may not name a start yet."""
    given = assignment({"type": "afterDuration", "duration": "P30D"}, start=None)

    assert given.ends_at() is None


def test_an_assignment_without_a_schedule_has_no_known_end():
    """A null schedule is not an error."""
    given = AccessPackageAssignment.model_validate({"id": "a", "schedule": None})

    assert given.ends_at(Expiration.after(timedelta(days=1))) is None
    assert given.ends_at(Expiration.at(ENDS)) == ENDS


@pytest.mark.parametrize("kind", ["AfterDateTime", "AFTERDATETIME"])
def test_the_capitals_of_a_type_do_not_matter(kind):
    """Graph's casing varies between versions and pages."""
    assert assignment({"type": kind, "endDateTime": END}).ends_at() == ENDS


@pytest.mark.parametrize("state", ["delivered", "Delivered", "DELIVERED"])
def test_the_capitals_of_a_state_do_not_matter(state):
    """v1.0 writes delivered, beta Delivered, and the pages mix."""
    assert AssignmentRequest(id="r", state=state).is_delivered
    assert AccessPackageAssignment(id="a", state=state).is_delivered


@pytest.mark.parametrize(
    ("state", "is_over"),
    [
        ("delivered", True),
        ("denied", True),
        ("canceled", True),
        ("deliveryFailed", True),
        ("submitted", False),
        ("pendingApproval", False),
        ("scheduled", False),
        ("delivering", False),
        ("partiallyDelivered", False),
        ("unknownFutureValue", False),
        (None, False),
    ],
)
def test_an_unknown_state_means_under_way(state, is_over):
    """Only the words we know to be final end a request."""
    assert AssignmentRequest(id="r", state=state).is_over is is_over


def test_no_word_equals_none():
    """Two missing states are not the same state."""
    assert not same_word(None, None)
    assert not same_word(None, "delivered")


@pytest.mark.parametrize(
    "model", [AccessPackage, AccessPackageAssignment, AssignmentPolicy, AssignmentRequest, User]
)
def test_every_field_but_the_id_may_be_null(model):
    """Graph leaves fields null unless asked, or until later."""
    aliases = [field.alias for field in model.model_fields.values() if field.alias != "id"]

    read = model.model_validate({"id": "x", **dict.fromkeys(aliases)})

    assert read.id == "x"


def test_unknown_fields_are_ignored():
    """Annotations and new properties do not break reading."""
    user = User.model_validate({"id": "u", "@odata.context": "…", "brandNew": {"a": 1}})

    assert user.id == "u"


def test_models_are_frozen():
    """What Graph said stays what Graph said."""
    with pytest.raises(ValidationError):
        User(id="u").id = "other"  # type: ignore[misc]


def test_a_time_without_a_zone_is_utc():
    """Graph means UTC even where it does not say so."""
    read = Expiration.model_validate(
        {"type": "afterDateTime", "endDateTime": "2026-01-30T08:00:00"}
    )

    assert read.end_date_time == datetime(2026, 1, 30, 8, tzinfo=UTC)


def test_a_time_in_another_zone_becomes_utc():
    """One zone inside, whatever comes in."""
    read = Expiration.model_validate(
        {"type": "afterDateTime", "endDateTime": "2026-01-30T09:00:00+01:00"}
    )

    assert read.end_date_time is not None
    assert read.end_date_time.utcoffset() == timedelta(0)
    assert read.end_date_time.hour == 8


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("9999-12-31T23:59:59.9999999Z", LAST_MOMENT),
        ("9999-12-31T23:59:59-12:00", LAST_MOMENT),
        ("0001-01-01T00:00:00Z", FIRST_MOMENT),
        ("0001-01-01T00:00:00+05:00", FIRST_MOMENT),
    ],
)
def test_a_time_beyond_the_calendar_is_the_nearest_that_there_is(written, meant):
    """As programs write "never", in whatever zone: it spoils no list."""
    assert assignment({"type": "afterDateTime", "endDateTime": written}).ends_at() == meant


@pytest.mark.parametrize("hours", range(-14, 15))
@pytest.mark.parametrize("moment", [FIRST_MOMENT, LAST_MOMENT, BEGAN])
def test_each_clock_shows_every_moment(moment, hours):
    """The last and the first too, which a clock east or west of UTC has no day for; none is moved by more than that."""
    zone = timezone(timedelta(hours=hours))

    shown = in_zone(moment, zone)

    assert shown.tzinfo is zone
    assert abs(shown - moment) <= (timedelta(0) if moment == BEGAN else abs(zone.utcoffset(None)))
    assert abs(in_zone(shown, UTC) - moment) <= abs(shown - moment)


@pytest.mark.parametrize("length", ["P9999Y", "P3650000D"])
def test_a_duration_beyond_the_calendar_ends_with_it(length):
    """And is written as it was read."""
    given = assignment({"type": "afterDuration", "duration": length})

    assert given.ends_at() == LAST_MOMENT
    expiration = Expiration.model_validate({"type": "afterDuration", "duration": length})
    assert expiration.duration is not None
    assert expiration.to_graph()["duration"] == iso_duration(expiration.duration)
    assert moment_after(BEGAN, -expiration.duration) == FIRST_MOMENT


def test_a_subject_set_knows_its_kind():
    """The type's last word says what it is."""
    assert SubjectSet.group("g").is_kind("GroupMembers")
    assert SubjectSet().kind == ""


async def test_beta_names_in_a_v1_answer_are_understood():
    """The service answers v1.0 with beta's names now and then; Microsoft's tutorial shows it."""
    wire = Wire(
        {
            "id": "r",
            "requestType": "UserAdd",
            "requestState": "Delivered",
            "requestStatus": "FulfilledNotificationTriggered",
            "completedDate": END,
            "accessPackageAssignment": {"id": "a", "assignmentState": "Delivered"},
        }
    )

    request = await graph_on(wire).assignment_requests.get("r")

    assert request.is_delivered
    assert request.is_type("userAdd")
    assert request.status == "FulfilledNotificationTriggered"
    assert request.completed_date_time == ENDS
    assert request.assignment is not None
    assert request.assignment.is_delivered


async def test_a_null_under_the_other_name_does_not_hide_the_value():
    """Where both spellings are sent, the one of v1.0 counts."""
    wire = Wire({"id": "r", "state": "delivered", "requestState": None})

    assert (await graph_on(wire).assignment_requests.get("r")).is_delivered


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(days=365), "P365D"),
        (timedelta(days=30), "P30D"),
        (timedelta(days=1, hours=12), "P1DT12H"),
        (timedelta(hours=8, minutes=5, seconds=1), "PT8H5M1S"),
        (timedelta(milliseconds=500), "PT0.5S"),
        (timedelta(seconds=60, microseconds=7), "PT1M0.000007S"),
        (timedelta(0), "PT0S"),
        (timedelta(days=-1), "-P1D"),
    ],
)
def test_durations_are_written_in_days_and_smaller(duration, text):
    """Graph knows no months and years: a year of access is P365D, never P1Y."""
    assert Expiration.after(duration).to_graph()["duration"] == text
    assert Expiration.model_validate({"duration": text}).duration == duration
