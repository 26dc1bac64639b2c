"""Everything of deciding at once: two stages, two policies, a quorum, questions, a delegate, shorter ends, nudges, escalation."""

import copy
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock
from sandbox.slack.model import Channel, Message
from sandbox.tenant import seed
from tests.flow.deciding.test_approver_questions import answer, ask
from tests.harness.owed import rows_of
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    MIA,
    World,
    eventually,
    labels,
    living,
    said,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Monday, ten in the morning in Berlin.
MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
AUDIT = "C0AUDIT"
AUDIT_POLICY = "9b000000-0000-4000-8000-0000000000aa"
FILE = f"""\
packages:
  Finance Reports:
    quorum: [1, 2]
    escalate_after: 8h
    policies:
      Audit: {{channel: {AUDIT}}}
"""


def user(entra_id: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": entra_id}


def stage(*entra_ids: str, alternates: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "durationBeforeAutomaticDenial": "P14D",
        "isApproverJustificationRequired": False,
        "primaryApprovers": [user(each) for each in entra_ids],
        "isEscalationEnabled": bool(alternates),
        "durationBeforeEscalation": "P5D",
        "escalationApprovers": [user(each) for each in alternates],
    }


def two_policies(outside: Any) -> None:
    """Ann may have the finance reports by one policy, and Cy by another; each has two stages."""
    members = {BO, MIA, outside.workspace.bot_user_id}
    outside.workspace.channels[AUDIT] = Channel(id=AUDIT, name="audit", members=members)
    policies = outside.tenant.world.policies
    (first,) = (each for each in policies.values() if each.package_id == seed.FINANCE_REPORTS)
    audit = copy.deepcopy(first)
    audit.id, audit.display_name = AUDIT_POLICY, "Audit"
    policies[AUDIT_POLICY] = audit
    for policy, asker, stages in (
        (first, seed.ANN, [stage(seed.MIA), stage(seed.BO, seed.CY, alternates=(seed.DANA,))]),
        (audit, seed.CY, [stage(seed.BO), stage(seed.MIA, seed.DANA)]),
    ):
        policy.allowed_target_scope = "specificDirectoryUsers"
        policy.specific_allowed_targets = [user(asker)]
        policy.settings["requestApprovalSettings"]["stages"] = stages


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    async with living(
        database,
        prepare=two_policies,
        LATCHKEY_PACKAGE_SETTINGS=str(file),
        LATCHKEY_ADMINS_DECIDE="never",
    ) as made:
        await made.later(MONDAY - made.outside.clock.now())
        yield made


async def approve_for_less(world: World, who: str, card: Any, end: datetime) -> None:
    await world.press(who, card, "Approve for less")
    form = await eventually(lambda: world.form(who), about="a form for the end")
    values = {"until": {"until": int(end.timestamp())}}
    assert (await world.slack.submit(user=who, view_id=form.id, values=values)).ok


async def asks(world: World, who: str) -> None:
    """Ask by the form: two policies may be meant."""
    offered = (await world.type(who, "/request-access finance-reports because Q4")).message
    assert offered is not None
    await world.press(who, offered, "Open the form")
    form = await eventually(lambda: world.form(who), about="the form")
    values = {"reason": {"reason": "Q4"}}
    assert (await world.slack.submit(user=who, view_id=form.id, values=values)).ok
    await world.slack.close(user=who, view_id=form.id)


def card_with(world: World, who: str, about: str, words: str) -> Callable[[], Message | None]:
    """Return what finds somebody's newest card about *about* once it says *words*."""

    def find() -> Message | None:
        found = [each for each in world.cards(who, about) if words in said(each)]
        return found[-1] if found else None

    return find


def nudges(world: World, who: str, about: str) -> list[Message]:
    return [each for each in world.direct(who) if f"Finance Reports for {about}" in each.text]


async def test_two_stages_of_two_policies(world):
    """Each goes its own way: who is asked and where, what is asked back, who counts, until when, who is nudged."""
    await world.type(BO, f"/my-access delegate <@{DANA}> until tomorrow")
    await asks(world, ANN)
    await asks(world, CY)
    await world.card(AUDIT, "Cy Chen")
    await world.card(APPROVALS, "Ann Abara")
    assert world.cards(AUDIT, "Ann Abara") == world.cards(APPROVALS, "Cy Chen") == []

    # Ann's first step: Mia asks, and approves for less on the card that comes with the answer.
    await ask(world, MIA, "Which quarter?", card=await world.card(MIA, "Ann Abara"))
    await answer(world, ANN, await world.told(ANN, "Which quarter"), "The fourth")
    answered = await world.told(MIA, "answered your question")
    await approve_for_less(world, MIA, answered, clock.now() + 10 * DAY)
    await world.told(ANN, "Mia Moreau approved step 1 of 2")

    # Cy's first step is Bo's, who has a delegate and decides himself.
    await world.press(BO, await world.card(BO, "Cy Chen"), "Approve")
    await world.told(CY, "Bo Berg approved step 1 of 2")

    # Ann's second takes two: Dana for Bo is one of them, and Bo himself no second.
    needed = "2 different people must approve this step; nobody has approved it yet."
    card = await eventually(card_with(world, DANA, "Ann Abara", needed))
    assert "named you as their delegate" in said(card)
    assert "Which quarter?" in said(card)
    await world.press(DANA, card, "Approve")
    await world.told(ANN, "Dana Diaz for Bo Berg approved .* 1 of 2 approvals")
    await eventually(
        card_with(world, BO, "Ann Abara", "Dana Diaz has approved this for you. One more person")
    )
    await world.press(BO, world.cards(APPROVALS, "Ann Abara")[-1], "Approve")
    await world.whispered(BO, APPROVALS, "approved this already, and that counts once")

    # Who has not decided is nudged, each about their own.
    for who in (MIA, DANA):
        await eventually(card_with(world, who, "Cy Chen", needed))
    await eventually(lambda: _is_on_file(world))
    await world.later(5 * HOUR)
    await eventually(lambda: nudges(world, CY, "Ann Abara"))
    await eventually(lambda: nudges(world, MIA, "Cy Chen"))
    await eventually(lambda: nudges(world, DANA, "Cy Chen"))
    assert not nudges(world, BO, "Ann Abara")
    assert not nudges(world, DANA, "Ann Abara")

    # Cy asks on the nudge, and approves for still less on what comes back.
    (nudge,) = nudges(world, CY, "Ann Abara")
    await ask(world, CY, "All months?", card=nudge)
    await answer(world, ANN, await world.told(ANN, "All months"), "October")
    back = await world.told(CY, "answered your question")
    for words in ("Which quarter?", "The fourth", "All months?", "October", "1 of 2 approvals"):
        assert words in said(back)
    end = clock.now() + 5 * DAY
    await approve_for_less(world, CY, back, end)

    delivered = said(await world.told(ANN, "You now have access"))
    assert "Approved by Mia Moreau, Dana Diaz (for Bo Berg) and Cy Chen." in delivered
    (post,) = world.posts("adminAdd")
    assert post.body["schedule"]["expiration"]["endDateTime"][:16] == f"{end:%Y-%m-%dT%H:%M}"
    for shown in (nudge, back, world.cards(APPROVALS, "Ann Abara")[-1]):
        await eventually(lambda shown=shown: {*labels(shown)} <= {"Remove"})

    # Cy's second takes two as well; one approves, the other denies.
    await world.press(DANA, nudges(world, DANA, "Cy Chen")[0], "Approve")
    await world.told(CY, "Dana Diaz approved .* 1 of 2 approvals")
    await world.press(MIA, nudges(world, MIA, "Cy Chen")[0], "Deny")
    await world.give_reason(MIA, "Not for audits")
    denied = said(await world.told(CY, "was denied by Mia Moreau"))
    assert "Bo Berg and Dana Diaz had approved it before." in denied
    assert len(world.posts("adminAdd")) == 1
    await eventually(lambda: any("Not for audits" in each for each in _thread(world)))


async def _is_on_file(world: World) -> bool:
    """Tell whether the bot knows of each card that it was sent, which is when its reader was asked."""
    sent = await world.bot.store.run(rows_of, "notice")
    return all(each["sent_at"] for each in sent if each["kind"] == "card")


def _thread(world: World) -> list[str]:
    return [said(each) for each in world.slack.channel(AUDIT).messages if each.thread_ts]
