"""Clicks on Approve and Deny: who counts, who is told why not, and who was first."""

import asyncio
import contextlib
import sqlite3
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.errors import NotAllowed, TooLate
from bot.models import Outcome, Request, State, Verb
from bot.store import audit, request_lists
from bot.store.schema import decisions
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering


async def pending(harness: BotHarness) -> Request:
    request = await harness.ask("finance-reports because Q4")
    assert request.state is State.PENDING
    return request


async def decide(
    harness: BotHarness,
    request: Request,
    user: str,
    verb: Verb = Verb.APPROVE,
    *,
    reason: str | None = None,
    team: str = "T0LATCH",
    channel: str | None = "C0APPROVALS",
) -> Request:
    """Click, give the reason if one is wanted, and have it weighed."""
    draft = await harness.desk.decide(
        ask_id=request.ask_id, verb=verb, slack_user=user, team=team, channel=channel
    )
    if draft is not None and reason is not None:
        await harness.desk.explain(decision_id=draft.decision.id, slack_user=user, reason=reason)
    await harness.work()
    return await harness.request(request.id)


async def clicks(harness: BotHarness, request: Request) -> list[sa.RowMapping]:
    def read(db: sa.Connection) -> list[sa.RowMapping]:
        query = sa.select(decisions).where(decisions.c.request_id == request.id)
        return list(db.execute(query.order_by(decisions.c.at)).mappings())

    return await harness.store.run(read)


@pytest.mark.parametrize("user", ["U0BO", "U0DANA"])
async def test_an_approver_or_an_admin_decides(harness, user):
    """Bo is named by the policy, Dana is of the identity team."""
    request = await decide(harness, await pending(harness), user)

    (row,) = await clicks(harness, request)
    assert request.state is State.SUBMITTED
    assert row["outcome"] == Outcome.ACCEPTED
    assert row["entra_id"] in {seed.BO, seed.DANA}


async def test_a_denial_needs_a_reason_and_tells_it(harness):
    """Without one nothing happens."""
    request = await decide(harness, await pending(harness), "U0BO", Verb.DENY)
    assert request.state is State.PENDING

    request = await decide(harness, request, "U0BO", Verb.DENY, reason="Not this quarter")
    await harness.talk()

    assert request.state is State.DENIED
    assert request.why == "Not this quarter"
    assert "Not this quarter" in harness.told("U0ANN")[-1].text
    assert "Bo Berg" in harness.told("U0ANN")[-1].text


def guest(harness: BotHarness) -> None:
    harness.workspace.people["U0BO"].is_restricted = True


def disabled(harness: BotHarness) -> None:
    harness.tenant.disable_user(seed.BO)


def moved_away(harness: BotHarness) -> None:
    harness.workspace.people["U0BO"].team_id = "T0OTHER"


def nothing(harness: BotHarness) -> None:
    """As it is."""


REFUSED = [
    ("U0ANN", "T0LATCH", nothing, "own request"),
    ("U0CY", "T0LATCH", nothing, "not among those"),
    ("U0MIA", "T0LATCH", nothing, "not among those"),
    ("U0GUS", "T0LATCH", nothing, "a guest"),
    ("U0EVE", "T0OTHER", nothing, "another one"),
    ("U0EVE", "T0LATCH", nothing, "another workspace"),
    ("U0BO", "T0OTHER", nothing, "another one"),
    ("U0BO", "T0LATCH", guest, "a guest"),
    ("U0BO", "T0LATCH", disabled, "disabled"),
    ("U0BO", "T0LATCH", moved_away, "another workspace"),
    ("U0NOBODY", "T0LATCH", nothing, ""),
]


@pytest.mark.parametrize(("user", "team", "change", "why"), REFUSED)
@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.DENY])
async def test_whoever_may_not_decide_decides_nothing(harness, user, team, change, why, verb):
    """They are told why, and it is written down."""
    request = await pending(harness)
    change(harness)

    request = await decide(harness, request, user, verb, team=team, reason="Because")

    row = (await clicks(harness, request))[-1]
    assert request.state is State.PENDING
    assert row["outcome"] == Outcome.REFUSED
    assert why in row["why"]
    verbs = [each["verb"] for each in await harness.audit(request)]
    assert f"{verb}-refused" in verbs
    assert harness.posted("adminAdd") == 0


async def test_a_refused_click_is_answered_where_only_they_see_it(harness):
    """Ephemeral, in the channel of the card."""
    request = await pending(harness)

    await decide(harness, request, "U0MIA")
    await harness.talk()

    (told,) = [
        each
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if each.ephemeral_to == "U0MIA"
    ]
    assert "not among those" in told.text


async def test_an_answer_that_slack_did_not_take_comes_later(harness):
    """Busy four times: nobody is left without a word."""
    request = await pending(harness)
    await harness.talk()
    await decide(harness, request, "U0MIA")
    harness.workspace.faults.set("ratelimited", only="chat.postEphemeral", count=4)

    for _ in range(5):
        await harness.talk()
        await harness.expire_all_waits()

    told = harness.workspace.channels["C0APPROVALS"].seen_by("U0MIA")
    assert sum("not among those" in each.text for each in told) == 1


async def test_one_who_became_an_approver_since_may_decide(harness):
    """Rights are read at the click, not remembered from the card."""
    request = await pending(harness)
    harness.workspace.usergroups["S0IAM"].users.append("U0MIA")

    assert (await decide(harness, request, "U0MIA")).state is State.SUBMITTED


async def test_the_second_click_is_told_who_was_first(harness):
    """By name, and when."""
    request = await pending(harness)
    await decide(harness, request, "U0BO")

    await decide(harness, request, "U0DANA")

    first, second = await clicks(harness, request)
    assert (first["outcome"], second["outcome"]) == (Outcome.ACCEPTED, Outcome.LATE)
    assert "already approved by Bo Berg" in second["why"]
    assert harness.posted("adminAdd") == 1


async def test_two_who_click_at_once_decide_once(harness):
    """One approves, one denies; one of them is late."""
    request = await pending(harness)
    for user in ("U0BO", "U0DANA"):
        await harness.desk.decide(
            ask_id=request.ask_id, verb=Verb.APPROVE, slack_user=user, team="T0LATCH", channel=None
        )

    await asyncio.gather(harness.work(), harness.work())

    outcomes = sorted(row["outcome"] for row in await clicks(harness, request))
    assert outcomes == [Outcome.ACCEPTED, Outcome.LATE]
    assert harness.posted("adminAdd") == 1


async def test_what_cannot_be_judged_now_is_judged_later(harness):
    """Graph is down: the click is kept, not refused."""
    request = await pending(harness)
    harness.line.on("GET .*/users", answering(503), times=4)

    assert (await decide(harness, request, "U0BO")).state is State.PENDING
    assert (await clicks(harness, request))[0]["outcome"] is None

    await harness.expire_all_waits()
    await harness.work()
    assert (await harness.request(request.id)).state is State.SUBMITTED


async def test_a_click_after_a_withdrawal_is_late(harness):
    """Ann has changed her mind."""
    request = await pending(harness)
    await harness.desk.cancel(slack_user="U0ANN", request_id=request.id)

    request = await decide(harness, request, "U0BO")

    assert request.state is State.CANCELED
    assert (await clicks(harness, request))[0]["outcome"] == Outcome.LATE


@pytest.mark.parametrize("ask_id", ["", "x", "z" * 36, "0" * 36, "0" * 35, "<!channel>", "é" * 36])
async def test_an_id_that_is_none_of_ours_decides_nothing(harness, ask_id):
    """Whatever a forged button carries."""
    with pytest.raises(TooLate):
        await harness.desk.decide(
            ask_id=ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
        )


async def test_two_stages_need_two_people_in_turn(harness):
    """Mia is Ann's manager; then the security reviewers, with a reason."""
    request = await harness.ask("production-database because it burns")
    assert request.deciders == ("U0MIA",)

    request = await decide(harness, request, "U0MIA")
    assert (request.state, request.stage) == (State.PENDING, 1)
    assert set(request.deciders) == {"U0BO", "U0DANA"}

    request = await decide(harness, request, "U0BO", reason="Seen the fire")
    assert request.state is State.SUBMITTED


async def test_a_reviewer_of_the_second_stage_does_not_decide_the_first(harness):
    """Bo's turn comes later."""
    request = await harness.ask("production-database because it burns")

    request = await decide(harness, request, "U0BO")

    assert (request.state, request.stage) == (State.PENDING, 0)


async def test_a_card_of_the_first_stage_does_not_decide_the_second(harness):
    """Dana approves twice on one card: that is one decision."""
    first = await harness.ask("production-database because it burns")
    request = await decide(harness, first, "U0DANA")
    assert request.stage == 1

    request = await decide(harness, first, "U0DANA", reason="Again")

    assert (request.state, request.stage) == (State.PENDING, 1)


async def test_a_draft_can_only_be_completed_by_its_owner(harness):
    """Once."""
    request = await pending(harness)
    draft = await harness.desk.decide(
        ask_id=request.ask_id, verb=Verb.DENY, slack_user="U0BO", team="T0LATCH", channel=None
    )
    assert draft is not None

    with pytest.raises(TooLate):
        await harness.desk.explain(decision_id=draft.decision.id, slack_user="U0CY", reason="Ha")
    await harness.desk.explain(decision_id=draft.decision.id, slack_user="U0BO", reason="No")
    with pytest.raises(TooLate):
        await harness.desk.explain(decision_id=draft.decision.id, slack_user="U0BO", reason="Yes")


async def test_a_reason_of_blanks_is_none(harness):
    """Spaces and invisible characters explain nothing."""
    request = await decide(
        harness, await pending(harness), "U0BO", Verb.DENY, reason=" \u200b\u202e \n"
    )

    assert request.state is State.PENDING


async def test_nobody_decides_in_time(harness):
    """The request lapses at its deadline, to the second, and the requester is told."""
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["durationBeforeAutomaticDenial"] = "P14D"
    request = await pending(harness)
    assert request.lapses_at is not None
    harness.shift(request.lapses_at - clock.now() - timedelta(seconds=5))
    await harness.work()
    assert (await harness.request(request.id)).state is State.PENDING

    harness.shift(timedelta(seconds=5))
    await harness.work()
    await harness.talk()

    assert (await harness.request(request.id)).state is State.LAPSED
    assert "lapsed" in harness.told("U0ANN")[-1].text


async def test_every_move_and_every_click_leaves_a_row(harness):
    """Who, what, before and after."""
    request = await decide(harness, await pending(harness), "U0BO")
    await harness.finish()

    rows = await harness.audit(request)
    moves = [(row["before"], row["after"]) for row in rows if row["verb"] == "move"]
    assert moves == [
        ("received", "pending"),
        ("pending", "approved"),
        ("approved", "submitted"),
        ("submitted", "delivered"),
    ]
    assert rows[0]["verb"] == "ask-add"
    (accepted,) = [row for row in rows if row["verb"] == "approve-accepted"]
    assert (accepted["actor"], accepted["actor_entra_id"]) == ("U0BO", seed.BO)
    (approved,) = [row for row in rows if row["after"] == "approved"]
    assert approved["actor"] == "U0BO"
    assert all(row["subject_entra_id"] == seed.ANN for row in rows if row["verb"] == "move")


@pytest.mark.parametrize("deed", ["cancel", "extend", "give_back", "let_end"])
async def test_nobody_touches_what_is_somebody_elses(harness, deed):
    """Not even an admin, by the holder's buttons; and it is written down."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.desk.standing_of("U0ANN")).held
    waiting = await pending(harness)

    about = {"request_id": waiting.id} if deed == "cancel" else {"assignment_id": held.id}
    for user in ("U0CY", "U0DANA", ""):
        with pytest.raises(NotAllowed):
            await getattr(harness.desk, deed)(slack_user=user, **about)

    rows = await harness.store.run(audit.rows)
    assert [row["actor"] for row in rows if row["verb"] == "refused"] == ["U0CY", "U0DANA", ""]
    assert (await harness.request(waiting.id)).state is State.PENDING


async def test_only_admins_remove(harness):
    """By what was read lately, and once more by what is true when it happens."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.desk.standing_of("U0ANN")).held

    with pytest.raises(NotAllowed):
        await harness.desk.remove(slack_user="U0BO", assignment_id=held.id)
    taken = await harness.desk.remove(slack_user="U0DANA", assignment_id=held.id, reason="Left")
    harness.workspace.usergroups["S0IAM"].users = []
    await harness.work()

    assert (await harness.request(taken.request.id)).state is State.REFUSED
    assert harness.posted("adminRemove") == 0


async def test_a_removal_by_an_admin_is_told_to_both(harness):
    """The holder learns who did it."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.desk.standing_of("U0ANN")).held

    await harness.desk.remove(slack_user="U0DANA", assignment_id=held.id, reason="Left the team")
    await harness.finish()

    assert "removed by <@U0DANA>" in harness.told("U0ANN")[-1].text
    assert "Left the team" in harness.told("U0ANN")[-1].text
    assert "is removed" in harness.told("U0DANA")[-1].text


async def test_an_old_roster_lets_nobody_in(harness):
    """Nobody is an admin by what was read an hour ago."""
    harness.authority._roster.read_at = clock.real() - timedelta(hours=1)

    with pytest.raises(NotAllowed):
        await harness.desk.pending(slack_user="U0DANA")


async def test_no_admins_means_nobody(harness):
    """An empty group does not open the door."""
    harness.workspace.usergroups["S0IAM"].users = []
    await harness.authority.refresh()

    for user in ("U0DANA", "U0ANN", ""):
        with pytest.raises(NotAllowed):
            await harness.desk.pending(slack_user=user)


async def test_what_waits_is_listed_for_admins(harness):
    """Oldest first."""
    one = await pending(harness)
    two = await harness.ask("finance-reports because Q4", user="U0CY")

    listed = await harness.desk.pending(slack_user="U0DANA")

    assert [each.id for each in listed] == [one.id, two.id]
    assert await harness.store.run(request_lists.pending) == listed


async def test_a_busy_database_does_not_keep_the_form_from_opening(harness):
    """Whether they may decide is asked again when the reason has come."""
    request = await pending(harness)
    draft = await harness.desk.decide(
        ask_id=request.ask_id, verb=Verb.DENY, slack_user="U0CY", team="T0LATCH", channel=None
    )
    assert draft is not None
    with contextlib.closing(sqlite3.connect(str(harness.store.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not await harness.desk.is_refused(draft)
        other.rollback()
    assert await harness.desk.is_refused(draft)
