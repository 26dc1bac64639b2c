"""The check for drift says nothing of what could not be read, and keeps what was found."""

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot import clock
from bot.assignments.model import EndReason
from bot.assignments.store import assignments
from bot.database.audit_log import audit
from bot.drift.model import DriftKind, DriftState
from bot.drift.store import approved, mismatches
from bot.requests.model import State
from bot.requests.store import requests
from bot.retention.deletion import delete_old
from bot.retention.model import Retention
from sandbox.tenant import seed
from tests.bot.samples import ANN, BO, held, wish
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import GoOn

EVER = 10**6
DAY = timedelta(days=1)


async def found(harness: BotHarness) -> list[tuple[DriftKind, str]]:
    return [(each.kind, each.entra_id) for each in await harness.store.run(mismatches.current)]


def shut(harness: BotHarness, package_ids: set[str]) -> None:
    """A role for some catalogs: Graph shows the assignments of one package after another, but not of these."""

    async def refuse(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        asked = unquote(str(request.url))
        if "accessPackage/id" not in asked or any(each in asked for each in package_ids):
            return await answering(403, "Forbidden")(request, go_on)
        return await go_on()

    harness.line.on("GET .*/assignments$", refuse, times=EVER)


async def test_why_somebody_is_in_a_group_is_unknown_while_a_package_of_it_is(harness, check):
    """Ann has it, and we have never seen a row of it: that she had no package would not be so."""
    shut(harness, {seed.MARKETING_CAMPAIGN})
    harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    assert ANN in harness.tenant.world.groups[seed.MARKETING_RESOURCES].members

    await check.run()

    assert await harness.store.run(approved.live, after="", limit=9) == []
    assert await found(harness) == []


@pytest.mark.parametrize("state", [DriftState.OPEN, DriftState.ADOPTED])
async def test_who_is_still_a_member_stays_so_when_the_row_is_deleted(harness, check, state):
    """Retention deletes why; what an admin has said of it counts on, and they are told of nothing new."""
    ended_at = clock.now() - 2 * DAY
    await harness.store.run(ended, ended_at)
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].members.append(ANN)
    await check.run()
    (before,) = await harness.store.run(mismatches.current)
    assert before.kind is DriftKind.STILL_MEMBER
    if state is DriftState.ADOPTED:
        await harness.store.run(mismatches.settle, before, state, by="U0DANA")
    deleted = await delete_old(harness.store, Retention(requests=DAY))
    assert deleted.assignments == 1

    await check.run()

    (after,) = await harness.store.run(mismatches.current)
    assert (after.id, after.kind, after.state, after.times) == (before.id, before.kind, state, 1)
    assert (after.since, after.package_name) == (before.since, before.package_name)
    assert after.seen_at > before.seen_at


@pytest.mark.parametrize(
    ("began", "written", "is_known"),
    [
        (-40, {"cli-grant": -40}, True),
        (-40, {"cli-grant": -40, "cli-extend": -10}, True),
        (-10, {"cli-grant": -40, "cli-extend": -10}, True),
        (-10, {"cli-grant": -40}, False),
        (-10, {"cli-extend": -10}, False),
    ],
)
async def test_an_operators_grant_counts_for_what_began_by_it(
    harness, check, began, written, is_known
):
    """Or by their extension of it, should Entra move its start; in days."""
    made = harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    made.start = clock.now() + began * DAY
    for verb, days in written.items():
        await harness.store.run(_by_operator, verb, clock.now() + days * DAY)
    await check.run()
    assert await found(harness) == ([] if is_known else [(DriftKind.UNASKED, ANN)])


def _by_operator(db, verb, at):
    ids: dict[str, Any] = {"subject_entra_id": ANN, "package_id": seed.MARKETING_CAMPAIGN}
    audit.record(db, at=at, actor="cli:olga", verb=verb, after="submitted", **ids)


async def test_it_has_not_passed_because_they_ask_for_it(harness, check):
    """Until they have it: that they are in its group without it is still so."""
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].members.append(ANN)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]
    asked = wish(entra_id=ANN, package_id=seed.MARKETING_CAMPAIGN)
    await harness.store.run(requests.add, asked)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]


def ended(db, at):
    row = held(package_id=seed.MARKETING_CAMPAIGN, ends_at=at)
    assignments.save_live(db, row)
    assignments.end(db, row.id, why=EndReason.RAN_OUT, at=at)


async def test_what_was_found_before_stays_meanwhile(harness, check):
    """It has not passed, as far as anybody knows; once the package can be read again, all is told."""
    group = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    group.members.append(BO)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, BO)]
    shut(harness, shut_ones := {seed.MARKETING_CAMPAIGN})
    group.members.remove(BO)
    group.members.append(ANN)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, BO)]
    shut_ones.clear()
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]


@pytest.mark.parametrize(
    ("asked", "sent", "begins", "is_told"),
    [
        (timedelta(days=9), timedelta(days=2), None, True),
        # Two days before somebody approved it are not Entra's.
        (timedelta(days=9), timedelta(minutes=1), None, False),
        (timedelta(days=9), timedelta(days=8), timedelta(days=1), False),
        (timedelta(days=9), timedelta(days=8), timedelta(hours=-1), False),
        (timedelta(days=9), timedelta(days=8), timedelta(days=-3), True),
        (timedelta(days=9), None, None, True),
    ],
)
async def test_what_entra_has_long_not_finished_is_told(
    harness, check, asked, sent, begins, is_told
):
    """Long since it was sent and its access was to begin."""
    now = clock.now()
    await harness.store.run(
        requests.add,
        wish(
            entra_id=ANN,
            package_id=seed.MARKETING_CAMPAIGN,
            state=State.SUBMITTED,
            asked_at=now - asked,
            intent_at=sent and now - sent,
            starts_at=begins and now + begins,
            attempts=1,
        ),
    )
    await check.run()

    found = await harness.store.run(mismatches.current)

    assert [each.kind for each in found] == ([DriftKind.STUCK] if is_told else [])
