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
from tests.bot.conftest import Office, answering


async def pending(office: Office) -> Request:
    request = await office.ask("finance-reports because Q4")
    assert request.state is State.PENDING
    return request


async def decide(
    office: Office,
    request: Request,
    user: str,
    verb: Verb = Verb.APPROVE,
    *,
    reason: str | None = None,
    team: str = "T0LATCH",
    channel: str | None = "C0APPROVALS",
) -> Request:
    """Click, give the reason if one is wanted, and have it weighed."""
    draft = await office.desk.decide(
        ask_id=request.ask_id, verb=verb, slack_user=user, team=team, channel=channel
    )
    if draft is not None and reason is not None:
        await office.desk.explain(decision_id=draft.decision.id, slack_user=user, reason=reason)
    await office.work()
    return await office.request(request.id)


async def clicks(office: Office, request: Request) -> list[sa.RowMapping]:
    def read(db: sa.Connection) -> list[sa.RowMapping]:
        query = sa.select(decisions).where(decisions.c.request_id == request.id)
        return list(db.execute(query.order_by(decisions.c.at)).mappings())

    return await office.store.run(read)


@pytest.mark.parametrize("user", ["U0BO", "U0DANA"])
async def test_an_approver_or_an_admin_decides(office, user):
    """Bo is named by the policy, Dana is of the identity team."""
    request = await decide(office, await pending(office), user)

    (row,) = await clicks(office, request)
    assert request.state is State.SUBMITTED
    assert row["outcome"] == Outcome.ACCEPTED
    assert row["entra_id"] in {seed.BO, seed.DANA}


async def test_a_denial_needs_a_reason_and_tells_it(office):
    """Without one nothing happens."""
    request = await decide(office, await pending(office), "U0BO", Verb.DENY)
    assert request.state is State.PENDING

    request = await decide(office, request, "U0BO", Verb.DENY, reason="Not this quarter")
    await office.talk()

    assert request.state is State.DENIED
    assert request.why == "Not this quarter"
    assert "Not this quarter" in office.told("U0ANN")[-1].text
    assert "Bo Berg" in office.told("U0ANN")[-1].text


def guest(office: Office) -> None:
    office.workspace.people["U0BO"].is_restricted = True


def disabled(office: Office) -> None:
    office.tenant.disable_user(seed.BO)


def moved_away(office: Office) -> None:
    office.workspace.people["U0BO"].team_id = "T0OTHER"


def nothing(office: Office) -> None:
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
async def test_whoever_may_not_decide_decides_nothing(office, user, team, change, why, verb):
    """They are told why, and it is written down."""
    request = await pending(office)
    change(office)

    request = await decide(office, request, user, verb, team=team, reason="Because")

    row = (await clicks(office, request))[-1]
    assert request.state is State.PENDING
    assert row["outcome"] == Outcome.REFUSED
    assert why in row["why"]
    verbs = [each["verb"] for each in await office.audit(request)]
    assert f"{verb}-refused" in verbs
    assert office.posted("adminAdd") == 0


async def test_a_refused_click_is_answered_where_only_they_see_it(office):
    """Ephemeral, in the channel of the card."""
    request = await pending(office)

    await decide(office, request, "U0MIA")
    await office.talk()

    (told,) = [
        each
        for each in office.workspace.channels["C0APPROVALS"].messages
        if each.ephemeral_to == "U0MIA"
    ]
    assert "not among those" in told.text


async def test_an_answer_that_slack_did_not_take_comes_later(office):
    """Busy four times: nobody is left without a word."""
    request = await pending(office)
    await office.talk()
    await decide(office, request, "U0MIA")
    office.workspace.faults.set("ratelimited", only="chat.postEphemeral", count=4)

    for _ in range(5):
        await office.talk()
        await office.hurry()

    told = office.workspace.channels["C0APPROVALS"].seen_by("U0MIA")
    assert sum("not among those" in each.text for each in told) == 1


async def test_one_who_became_an_approver_since_may_decide(office):
    """Rights are read at the click, not remembered from the card."""
    request = await pending(office)
    office.workspace.usergroups["S0IAM"].users.append("U0MIA")

    assert (await decide(office, request, "U0MIA")).state is State.SUBMITTED


async def test_the_second_click_is_told_who_was_first(office):
    """By name, and when."""
    request = await pending(office)
    await decide(office, request, "U0BO")

    await decide(office, request, "U0DANA")

    first, second = await clicks(office, request)
    assert (first["outcome"], second["outcome"]) == (Outcome.ACCEPTED, Outcome.LATE)
    assert "already approved by Bo Berg" in second["why"]
    assert office.posted("adminAdd") == 1


async def test_two_who_click_at_once_decide_once(office):
    """One approves, one denies; one of them is late."""
    request = await pending(office)
    for user in ("U0BO", "U0DANA"):
        await office.desk.decide(
            ask_id=request.ask_id, verb=Verb.APPROVE, slack_user=user, team="T0LATCH", channel=None
        )

    await asyncio.gather(office.work(), office.work())

    outcomes = sorted(row["outcome"] for row in await clicks(office, request))
    assert outcomes == [Outcome.ACCEPTED, Outcome.LATE]
    assert office.posted("adminAdd") == 1


async def test_what_cannot_be_judged_now_is_judged_later(office):
    """Graph is down: the click is kept, not refused."""
    request = await pending(office)
    office.line.on("GET .*/users", answering(503), times=4)

    assert (await decide(office, request, "U0BO")).state is State.PENDING
    assert (await clicks(office, request))[0]["outcome"] is None

    await office.hurry()
    await office.work()
    assert (await office.request(request.id)).state is State.SUBMITTED


async def test_a_click_after_a_withdrawal_is_late(office):
    """Ann has changed her mind."""
    request = await pending(office)
    await office.desk.cancel(slack_user="U0ANN", request_id=request.id)

    request = await decide(office, request, "U0BO")

    assert request.state is State.CANCELED
    assert (await clicks(office, request))[0]["outcome"] == Outcome.LATE


@pytest.mark.parametrize("ask_id", ["", "x", "z" * 36, "0" * 36, "0" * 35, "<!channel>", "é" * 36])
async def test_an_id_that_is_none_of_ours_decides_nothing(office, ask_id):
    """Whatever a forged button carries."""
    with pytest.raises(TooLate):
        await office.desk.decide(
            ask_id=ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
        )


async def test_two_stages_need_two_people_in_turn(office):
    """Mia is Ann's manager; then the security reviewers, with a reason."""
    request = await office.ask("production-database because it burns")
    assert request.deciders == ("U0MIA",)

    request = await decide(office, request, "U0MIA")
    assert (request.state, request.stage) == (State.PENDING, 1)
    assert set(request.deciders) == {"U0BO", "U0DANA"}

    request = await decide(office, request, "U0BO", reason="Seen the fire")
    assert request.state is State.SUBMITTED


async def test_a_reviewer_of_the_second_stage_does_not_decide_the_first(office):
    """Bo's turn comes later."""
    request = await office.ask("production-database because it burns")

    request = await decide(office, request, "U0BO")

    assert (request.state, request.stage) == (State.PENDING, 0)


async def test_a_card_of_the_first_stage_does_not_decide_the_second(office):
    """Dana approves twice on one card: that is one decision."""
    first = await office.ask("production-database because it burns")
    request = await decide(office, first, "U0DANA")
    assert request.stage == 1

    request = await decide(office, first, "U0DANA", reason="Again")

    assert (request.state, request.stage) == (State.PENDING, 1)


async def test_a_draft_can_only_be_completed_by_its_owner(office):
    """Once."""
    request = await pending(office)
    draft = await office.desk.decide(
        ask_id=request.ask_id, verb=Verb.DENY, slack_user="U0BO", team="T0LATCH", channel=None
    )
    assert draft is not None

    with pytest.raises(TooLate):
        await office.desk.explain(decision_id=draft.decision.id, slack_user="U0CY", reason="Ha")
    await office.desk.explain(decision_id=draft.decision.id, slack_user="U0BO", reason="No")
    with pytest.raises(TooLate):
        await office.desk.explain(decision_id=draft.decision.id, slack_user="U0BO", reason="Yes")


async def test_a_reason_of_blanks_is_none(office):
    """Spaces and invisible characters explain nothing."""
    request = await decide(
        office, await pending(office), "U0BO", Verb.DENY, reason=" \u200b\u202e \n"
    )

    assert request.state is State.PENDING


async def test_nobody_decides_in_time(office):
    """The request lapses at its deadline, to the second, and the requester is told."""
    stages = office.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["durationBeforeAutomaticDenial"] = "P14D"
    request = await pending(office)
    assert request.lapses_at is not None
    office.shift(request.lapses_at - clock.now() - timedelta(seconds=5))
    await office.work()
    assert (await office.request(request.id)).state is State.PENDING

    office.shift(timedelta(seconds=5))
    await office.work()
    await office.talk()

    assert (await office.request(request.id)).state is State.LAPSED
    assert "lapsed" in office.told("U0ANN")[-1].text


async def test_every_move_and_every_click_leaves_a_row(office):
    """Who, what, before and after."""
    request = await decide(office, await pending(office), "U0BO")
    await office.finish()

    rows = await office.audit(request)
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
async def test_nobody_touches_what_is_somebody_elses(office, deed):
    """Not even an admin, by the holder's buttons; and it is written down."""
    await office.ask("marketing-campaign")
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    waiting = await pending(office)

    about = {"request_id": waiting.id} if deed == "cancel" else {"assignment_id": held.id}
    for user in ("U0CY", "U0DANA", ""):
        with pytest.raises(NotAllowed):
            await getattr(office.desk, deed)(slack_user=user, **about)

    rows = await office.store.run(audit.rows)
    assert [row["actor"] for row in rows if row["verb"] == "refused"] == ["U0CY", "U0DANA", ""]
    assert (await office.request(waiting.id)).state is State.PENDING


async def test_only_admins_remove(office):
    """By what was read lately, and once more by what is true when it happens."""
    await office.ask("marketing-campaign")
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held

    with pytest.raises(NotAllowed):
        await office.desk.remove(slack_user="U0BO", assignment_id=held.id)
    taken = await office.desk.remove(slack_user="U0DANA", assignment_id=held.id, reason="Left")
    office.workspace.usergroups["S0IAM"].users = []
    await office.work()

    assert (await office.request(taken.request.id)).state is State.REFUSED
    assert office.posted("adminRemove") == 0


async def test_a_removal_by_an_admin_is_told_to_both(office):
    """The holder learns who did it."""
    await office.ask("marketing-campaign")
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held

    await office.desk.remove(slack_user="U0DANA", assignment_id=held.id, reason="Left the team")
    await office.finish()

    assert "removed by <@U0DANA>" in office.told("U0ANN")[-1].text
    assert "Left the team" in office.told("U0ANN")[-1].text
    assert "is removed" in office.told("U0DANA")[-1].text


async def test_an_old_roster_lets_nobody_in(office):
    """Nobody is an admin by what was read an hour ago."""
    office.authority._roster.read_at = clock.real() - timedelta(hours=1)

    with pytest.raises(NotAllowed):
        await office.desk.pending(slack_user="U0DANA")


async def test_no_admins_means_nobody(office):
    """An empty group does not open the door."""
    office.workspace.usergroups["S0IAM"].users = []
    await office.authority.refresh()

    for user in ("U0DANA", "U0ANN", ""):
        with pytest.raises(NotAllowed):
            await office.desk.pending(slack_user=user)


async def test_what_waits_is_listed_for_admins(office):
    """Oldest first."""
    one = await pending(office)
    two = await office.ask("finance-reports because Q4", user="U0CY")

    listed = await office.desk.pending(slack_user="U0DANA")

    assert [each.id for each in listed] == [one.id, two.id]
    assert await office.store.run(request_lists.pending) == listed


async def test_a_busy_database_does_not_keep_the_form_from_opening(office):
    """Whether they may decide is asked again when the reason has come."""
    request = await pending(office)
    draft = await office.desk.decide(
        ask_id=request.ask_id, verb=Verb.DENY, slack_user="U0CY", team="T0LATCH", channel=None
    )
    assert draft is not None
    with contextlib.closing(sqlite3.connect(str(office.store.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not await office.desk.is_refused(draft)
        other.rollback()
    assert await office.desk.is_refused(draft)
