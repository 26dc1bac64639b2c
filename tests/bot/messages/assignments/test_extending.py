"""Extend is offered where it brings something, and says what."""

from datetime import timedelta

import pytest

from bot import clock
from bot.messages.assignments import reminding
from bot.messages.assignments.extending import extension_of
from bot.messages.overviews import my_access
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offers import OfferedPolicy
from tests.bot.samples import held, page

DAY = timedelta(days=1)
MANAGER = NamedStage(approvers=(NamedApprover(kind=ApproverKind.MANAGER),))


def under(
    *, lasts: timedelta | None = 30 * DAY, stages: tuple[NamedStage, ...] = ()
) -> OfferedPolicy:
    return OfferedPolicy(
        id="p",
        name="P",
        rank=1,
        lasts="",
        longest_seconds=int(lasts.total_seconds()) if lasts else None,
        extension_stages=stages,
    )


def labels(said: object) -> list[str]:
    """The labels of all buttons."""
    if isinstance(said, dict):
        here = [said["text"]["text"]] if said.get("type") == "button" else []
        return here + [label for each in said.values() for label in labels(each)]
    return [label for each in said for label in labels(each)] if isinstance(said, list) else []


@pytest.mark.parametrize(
    ("lasts", "since_given", "is_offered"),
    [
        (30 * DAY, timedelta(0), False),
        (30 * DAY, timedelta(hours=23), False),
        (30 * DAY, DAY, True),
        (5 * DAY, timedelta(hours=11), False),
        (5 * DAY, timedelta(hours=12), True),
        (timedelta(hours=10), timedelta(minutes=59), False),
        (timedelta(hours=10), timedelta(hours=1), True),
    ],
)
def test_it_is_offered_when_it_brings_a_day_or_a_tenth(lasts, since_given, is_offered):
    """Counted from now, as the extension itself."""
    now = clock.now()
    row = held(policy_id="p", ends_at=now - since_given + lasts)
    offer = extension_of(row, {"p": under(lasts=lasts)})

    assert (offer is not None) is is_offered


@pytest.mark.parametrize("policy_id", ["q", None])
def test_it_is_offered_by_the_policy_one_has_it_under(policy_id):
    """Another policy of the package does not count."""
    row = held(policy_id=policy_id, ends_at=clock.now() + DAY)

    assert extension_of(row, {"p": under()}) is None
    for said in (
        my_access.my_access(
            page([row]), page([]), reader="U0ANN", asked={}, held_under={"p": under()}
        ),
        reminding.expiring([row], held_under={"p": under()}, busy={}),
    ):
        assert not any(label.startswith("Extend") for label in labels(said["blocks"]))


def test_what_has_no_end_cannot_be_extended():
    """There is nothing to make longer."""
    assert extension_of(held(policy_id="p", ends_at=None), {"p": under()}) is None


@pytest.mark.parametrize("lasts", [timedelta(hours=20), 30 * DAY, 400 * DAY])
def test_the_button_says_until_when(lasts):
    """With its hour, by a clock that is named: its day alone is not everybody's; and with the year where it is another one."""
    now = clock.now()
    end = now + lasts
    year = f" {end.year}" if end.year != now.year else ""
    offer = extension_of(
        held(policy_id="p", ends_at=now + timedelta(hours=1)), {"p": under(lasts=lasts)}
    )

    assert offer is not None
    assert offer.label == f"Extend to {end.day} {end:%b}{year}, {end:%H:%M} UTC"


def test_what_is_not_known_is_not_said():
    """A policy under which nobody can ask any more: whether it brings anything is known when it is asked."""
    offer = extension_of(held(policy_id="p", ends_at=clock.now() + DAY), {"p": None})

    assert offer is not None
    assert (offer.label, offer.sentence) == ("Extend", "")


def test_a_reminder_says_what_extending_brings_and_who_must_approve():
    """The name of the package once, the day, the time left, the new end and the approver."""
    row = held(policy_id="p", package_name="Payroll", ends_at=clock.now() + 7 * DAY)
    said = reminding.expiring([row], held_under={"p": under(stages=(MANAGER,))}, busy={})
    blocks = str(said["blocks"])

    assert blocks.count("*Payroll*") == 1
    assert "{ago}" in blocks
    assert "If you extend it now, it lasts until <!date^" in blocks
    assert "Your manager must approve that." in blocks


def test_an_overtaken_reminder_has_no_buttons():
    """They are in the later one."""
    rows = [held(id=each, policy_id="p", ends_at=clock.now() + DAY) for each in ("a", "b")]
    said = reminding.expiring(rows, held_under={"p": under()}, busy={}, overtaken={"a"})
    shown = [block["block_id"] for block in said["blocks"] if block["type"] == "actions"]

    assert shown == ["ending:b"]
