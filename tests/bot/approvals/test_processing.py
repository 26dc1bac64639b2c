"""Judging a click on Approve or Deny: who counts, who was first, what is written down, and what each person reads."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.database.tables import decisions as decision_table
from bot.errors import TooLate
from bot.people.admins import GOOD_FOR_A_NO
from bot.people.model import Verb
from bot.requests.model import Request, State
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.clicking import READ_PEOPLE, asked, clicks, decide, found, press, processed
from tests.bot.rows import tamper
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering, but_first
from tests.harness.loop import simulated

CANCELED = "Whoever asked has canceled that request"
TWO_STAGES = "production-database because it burns"


@pytest.mark.parametrize(
    ("user", "entra_id", "name"),
    [("U0BO", seed.BO, "Bo Berg"), ("U0DANA", seed.DANA, "Dana Diaz")],
)
async def test_an_approval_is_written_under_both_names(harness, user, entra_id, name):
    """Bo is named by the policy, Dana is of the identity team: Slack's id and Entra's, with the click and the move."""
    decision, after = await processed(harness, await asked(harness), slack_user=user)

    assert (decision.outcome, decision.why) == (Outcome.ACCEPTED, None)
    assert (decision.entra_id, decision.name) == (entra_id, name)
    assert (after.state, after.why) == (State.APPROVED, None)
    wanted = [(verb, user, entra_id) for verb in ("move", "approve-accepted")]
    rows = (await harness.audit(after))[-2:]
    assert [(row["verb"], row["actor"], row["actor_entra_id"]) for row in rows] == wanted


async def test_a_denial_is_written_with_its_reason_and_told(harness):
    """It becomes the request's own."""
    request = await decide(
        harness, await asked(harness), "U0BO", Verb.DENY, reason="Not this quarter"
    )
    await harness.talk()

    (decision,) = await clicks(harness, request)
    assert decision.outcome == Outcome.ACCEPTED
    assert (request.state, request.why) == (State.DENIED, "Not this quarter")
    assert (await harness.audit(request))[-2]["why"] == "Not this quarter"
    assert "Not this quarter" in harness.told("U0ANN")[-1].text
    assert "Bo Berg" in harness.told("U0ANN")[-1].text


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.DENY])
async def test_who_was_in_time_is_not_looked_at_again(harness, verb):
    """After the last look at Slack and Entra there is one transaction: the decision with the move it causes."""
    request = await asked(harness, TWO_STAGES)
    pressed = await press(harness, request, verb=verb, slack_user="U0MIA", reason="Because")
    seen: list[str] = []
    harness.around.moment = lambda process, what: seen.append(what)

    await harness.decision_processor.process(pressed)

    after_the_calls = itertools.takewhile(lambda what: "http" not in what, reversed(seen))
    assert list(after_the_calls) == ["after a transaction", "before a transaction"]


async def test_a_refusal_is_written_under_both_names(harness):
    """Cy is nobody's approver here; who would decide after him is not even looked up."""
    request = await asked(harness, TWO_STAGES)
    before = len(harness.line.sent)

    decision, after = await processed(harness, request, slack_user="U0CY")

    assert decision.outcome == Outcome.REFUSED
    assert "not among those" in (decision.why or "")
    assert (decision.entra_id, decision.name) == (seed.CY, "Cy Chen")
    assert after == request
    assert not any(seed.SECURITY_REVIEWERS in each for each in harness.line.sent[before:])


@pytest.mark.parametrize(
    ("verb", "wanted", "reason", "counts"),
    [
        (Verb.APPROVE, False, None, True),
        (Verb.APPROVE, True, None, False),
        (Verb.APPROVE, True, "Seen it", True),
        (Verb.DENY, False, None, False),
        (Verb.DENY, True, None, False),
        (Verb.DENY, False, "No", True),
    ],
)
async def test_a_reason_that_is_needed_is_insisted_on(harness, verb, wanted, reason, counts):
    """For every denial, and for an approval where the policy wants one, whatever got past the form."""
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["isApproverJustificationRequired"] = wanted
    request = await asked(harness)

    decision, after = await processed(harness, request, verb=verb, reason=reason)

    assert decision.outcome == (Outcome.ACCEPTED if counts else Outcome.REFUSED)
    assert counts == (after.state is not State.PENDING)
    if not counts:
        assert "A reason is needed" in (decision.why or "")
        assert (decision.entra_id, decision.name) == (seed.BO, "Bo Berg")


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
    request = await asked(harness)
    change(harness)

    request = await decide(harness, request, user, verb, team=team, reason="Because")

    (decision,) = await clicks(harness, request)
    assert request.state is State.PENDING
    assert decision.outcome == Outcome.REFUSED
    assert why in (decision.why or "")
    assert f"{verb}-refused" in [each["verb"] for each in await harness.audit(request)]
    assert harness.posted("adminAdd") == 0


async def test_a_refused_click_is_answered_where_only_they_see_it(harness):
    """Ephemeral, in the channel of the card."""
    await decide(harness, await asked(harness), "U0MIA")
    await harness.talk()

    channel = harness.workspace.channels["C0APPROVALS"]
    (told,) = [each for each in channel.messages if each.ephemeral_to == "U0MIA"]
    assert "not among those" in told.text


async def test_an_answer_that_slack_did_not_take_comes_later(harness):
    """Busy four times: nobody is left without a word."""
    request = await asked(harness)
    await harness.talk()
    await decide(harness, request, "U0MIA")
    harness.workspace.faults.set("ratelimited", only="chat.postEphemeral", count=4)

    for _ in range(5):
        await harness.talk()
        # Longer than Slack says to wait, and than we do after it.
        await asyncio.sleep(60)

    told = harness.workspace.channels["C0APPROVALS"].seen_by("U0MIA")
    assert sum("not among those" in each.text for each in told) == 1


async def test_one_who_became_an_approver_since_may_decide(harness):
    """Rights are read at the click, not remembered from the card."""
    request = await asked(harness)
    harness.workspace.usergroups["S0IAM"].users.append("U0MIA")
    # For a no, what was read of the admins is good for a minute.
    simulated().stand_still(GOOD_FOR_A_NO + timedelta(seconds=1))

    assert (await decide(harness, request, "U0MIA")).state is State.SUBMITTED


async def withdraw(harness: BotHarness, request: Request) -> None:
    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)


async def lapse(harness: BotHarness, request: Request) -> None:
    await harness.store.run(requests.move, request, State.LAPSED)


async def fail(harness: BotHarness, request: Request) -> None:
    approved = await harness.store.run(requests.move, request, State.APPROVED)
    assert approved is not None
    await harness.store.run(requests.move, approved, State.FAILED)


async def ask_anew(harness: BotHarness, request: Request) -> None:
    await harness.store.run(requests.move, request, State.PENDING, round=request.round + 1)


async def lose_the_terms(harness: BotHarness, request: Request) -> None:
    await tamper(harness.store, request, terms=None)


async def approve(harness: BotHarness, request: Request) -> None:
    await processed(harness, request)


async def deny(harness: BotHarness, request: Request) -> None:
    await processed(harness, request, verb=Verb.DENY, reason="No")


async def deny_unnamed(harness: BotHarness, request: Request) -> None:
    decision, _ = await processed(harness, request, verb=Verb.DENY, reason="No")
    nameless = decision_table.update().where(decision_table.c.id == decision.id)
    await harness.store.run(lambda db: db.execute(nameless.values(name=None)).rowcount)


LATE = [
    (withdraw, CANCELED),
    (lapse, "has expired, because it was not decided in time"),
    (fail, "already failed"),
    (ask_anew, "card is out of date"),
    (lose_the_terms, "card is out of date"),
    (approve, "already approved by Bo Berg"),
    (deny, "already denied by Bo Berg"),
    (deny_unnamed, "already denied by somebody"),
]


@pytest.mark.parametrize(("before", "told"), LATE)
async def test_whoever_is_late_hears_why(harness, before, told):
    """And nothing changes by it."""
    request = await asked(harness)
    await before(harness, request)
    was = await harness.request(request.id)

    decision, after = await processed(harness, request, slack_user="U0DANA")

    assert decision.outcome == Outcome.LATE
    assert told in (decision.why or "")
    assert after == was


async def test_two_who_click_at_once_decide_once(harness):
    """One of them is late."""
    request = await asked(harness)
    for user in ("U0BO", "U0DANA"):
        await harness.approvals.decide(
            ask_id=request.ask_id, verb=Verb.APPROVE, slack_user=user, team="T0LATCH", channel=None
        )

    await asyncio.gather(harness.work(), harness.work())

    outcomes = sorted(each.outcome or "" for each in await clicks(harness, request))
    assert outcomes == [Outcome.ACCEPTED, Outcome.LATE]
    assert harness.posted("adminAdd") == 1


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.DENY])
async def test_whoever_is_overtaken_while_being_judged_hears_by_what(harness, verb):
    """The request as it is then, not as it was read."""
    request = await asked(harness)
    harness.line.on(READ_PEOPLE, but_first(lambda: withdraw(harness, request)))

    decision, after = await processed(harness, request, verb=verb, reason="Because")

    assert (decision.outcome, after.state) == (Outcome.LATE, State.CANCELED)
    assert CANCELED in (decision.why or "")


async def test_a_click_that_another_replica_has_judged_moves_nothing(harness):
    """The decision and the move it causes, together or not at all."""
    request = await asked(harness)
    pressed = await press(harness, request)
    rows = len(await harness.audit(request))

    def refused_elsewhere():
        return harness.store.run(decisions.settle, pressed, Outcome.REFUSED, why="No.")

    harness.line.on(READ_PEOPLE, but_first(refused_elsewhere))
    await harness.decision_processor.process(pressed)

    assert await harness.request(request.id) == request
    decision = await found(harness, pressed)
    assert (decision.outcome, decision.why) == (Outcome.REFUSED, "No.")
    assert "move" not in [row["verb"] for row in (await harness.audit(request))[rows:]]


async def test_what_cannot_be_judged_now_is_judged_later(harness):
    """Graph is down: the click is kept, not refused."""
    request = await asked(harness)
    harness.line.on(READ_PEOPLE, answering(503), times=4)

    assert (await decide(harness, request, "U0BO")).state is State.PENDING
    assert (await clicks(harness, request))[0].outcome is None

    await harness.expire_all_waits()
    await harness.work()
    assert (await harness.request(request.id)).state is State.SUBMITTED


async def test_two_stages_need_two_people_in_turn(harness):
    """Mia is Ann's manager; then the security reviewers, with a reason."""
    request = await asked(harness, TWO_STAGES)
    assert request.deciders == ("U0MIA",)

    request = await decide(harness, request, "U0MIA")
    assert (request.state, request.stage) == (State.PENDING, 1)
    assert set(request.deciders) == {"U0BO", "U0DANA"}

    request = await decide(harness, request, "U0BO", reason="Seen the fire")
    assert request.state is State.SUBMITTED


async def test_a_reviewer_of_the_second_stage_does_not_decide_the_first(harness):
    """Bo's turn comes later."""
    request = await decide(harness, await asked(harness, TWO_STAGES), "U0BO")

    assert (request.state, request.stage) == (State.PENDING, 0)


async def test_a_card_of_the_first_stage_does_not_decide_the_second(harness):
    """Dana approves twice on one card: that is one decision."""
    first = await asked(harness, TWO_STAGES)
    _, second = await processed(harness, first, slack_user="U0DANA")

    decision, after = await processed(harness, first, slack_user="U0DANA", reason="Again")

    assert (second.state, second.stage) == (State.PENDING, 1)
    assert (decision.outcome, after) == (Outcome.LATE, second)


async def test_whoever_is_late_hears_of_the_last_decision(harness):
    """The card of the first stage, when the second has been decided, too."""
    first = await asked(harness, TWO_STAGES)
    _, second = await processed(harness, first, slack_user="U0MIA")
    await processed(harness, second, slack_user="U0BO", verb=Verb.DENY, reason="No fire")

    decision, _ = await processed(harness, first, slack_user="U0DANA")

    assert "already denied by Bo Berg" in (decision.why or "")


async def test_whoever_is_late_hears_who_decided_the_step_that_they_meant(harness):
    """The card of the first stage, when the second has been approved by somebody else."""
    first = await asked(harness, TWO_STAGES)
    _, second = await processed(harness, first, slack_user="U0MIA")
    await processed(harness, second, slack_user="U0BO", reason="Seen the fire")

    decision, _ = await processed(harness, first, slack_user="U0DANA")

    assert "already approved by Mia Moreau" in (decision.why or "")


async def test_whoever_is_late_for_one_stage_hears_of_no_earlier_one(harness):
    """The second stage was withdrawn; that the first was approved is not why."""
    first = await asked(harness, TWO_STAGES)
    _, second = await processed(harness, first, slack_user="U0MIA")
    await withdraw(harness, second)

    decision, _ = await processed(harness, second, slack_user="U0BO", reason="Seen the fire")

    assert CANCELED in (decision.why or "")


async def test_nobody_decides_in_time(harness):
    """The request lapses at its deadline, to the second, and the requester is told."""
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["durationBeforeAutomaticDenial"] = "P14D"
    request = await asked(harness)
    assert request.lapses_at is not None
    harness.shift(request.lapses_at - clock.now() - timedelta(seconds=5))
    await harness.work()
    assert (await harness.request(request.id)).state is State.PENDING

    harness.shift(timedelta(seconds=5))
    await harness.work()
    await harness.talk()

    assert (await harness.request(request.id)).state is State.LAPSED
    assert "expired" in harness.told("U0ANN")[-1].text


async def test_every_move_leaves_a_row(harness):
    """The row says who did it, whose it is, and the state before and after."""
    request = await decide(harness, await asked(harness), "U0BO")
    await harness.finish()

    rows = await harness.audit(request)
    assert rows[0]["verb"] == "ask-add"
    moves = [row for row in rows if row["verb"] == "move"]
    assert [(row["before"], row["after"]) for row in moves] == [
        ("received", "pending"),
        ("pending", "approved"),
        ("approved", "submitted"),
        ("submitted", "delivered"),
    ]
    assert moves[1]["actor"] == "U0BO"
    assert all(row["subject_entra_id"] == seed.ANN for row in moves)


@pytest.mark.parametrize("ask_id", ["", "x", "z" * 36, "0" * 36, "0" * 35, "<!channel>", "é" * 36])
async def test_an_id_that_is_none_of_ours_decides_nothing(harness, ask_id):
    """Whatever a forged button carries."""
    with pytest.raises(TooLate):
        await harness.approvals.decide(
            ask_id=ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
        )


BOTH = pytest.mark.parametrize("column", ["give_up_by", "retry_by"])


async def repaired(harness: BotHarness, column: str, user: str | None) -> Request:
    """A held request that somebody wants to give up or to have tried again, in a worker's hand."""
    request = await asked(harness)
    approved = await harness.store.run(requests.move, request, State.APPROVED)
    assert approved is not None
    await tamper(harness.store, approved, **{column: user})
    return await harness.claimed(approved)


@BOTH
async def test_an_admin_may_repair(harness, column):
    """As Slack and Entra say now."""
    request = await repaired(harness, column, "U0DANA")

    actor = await harness.admin_checks.find_repairer(request)

    assert actor is not None
    assert (actor.slack_user, actor.entra_id) == ("U0DANA", seed.DANA)
    assert await harness.request(request.id) == request


@BOTH
async def test_what_nobody_repairs_is_nobodys(harness, column):
    """Nothing changes."""
    request = await repaired(harness, column, None)

    assert await harness.admin_checks.find_repairer(request) is None
    assert await harness.request(request.id) == request


@BOTH
@pytest.mark.parametrize("user", ["U0BO", "U0GUS"])
async def test_one_who_is_no_admin_repairs_nothing(harness, column, user):
    """It is held as before, for another admin; who tried is written down.  A guest in the group is none."""
    harness.workspace.usergroups["S0IAM"].users.append("U0GUS")
    request = await repaired(harness, column, user)

    assert await harness.admin_checks.find_repairer(request) is None

    after = await harness.request(request.id)
    assert (after.state, after.give_up_by, after.retry_by) == (State.APPROVED, None, None)
    assert after.held_at is not None
    assert (await harness.audit(request))[-1]["actor"] == user


@BOTH
async def test_a_lost_claim_gives_nothing_back(harness, column):
    """Another worker has the row; what this one thinks of it counts for nothing."""
    request = await repaired(harness, column, "U0BO")
    stale = replace(request, generation=request.generation - 1)

    assert await harness.admin_checks.find_repairer(stale) is None

    assert getattr(await harness.request(request.id), column) == "U0BO"
