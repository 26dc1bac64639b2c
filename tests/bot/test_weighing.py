"""What is written down of each click that is weighed, and what each person reads."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.models import Decision, Outcome, Request, State, Verb
from bot.slack import SlackError
from bot.store import Busy, claims, decisions, requests
from bot.store.schema import decisions as table
from graph.errors import GraphUnavailable
from sandbox.tenant import seed
from tests.bot.rows import tamper
from tests.bot.samples import click
from tests.harness.by_hand import BotHarness

WITHDRAWN = "Whoever asked has withdrawn that request"


async def asked(harness: BotHarness, text: str = "finance-reports because Q4") -> Request:
    request = await harness.ask(text)
    assert request.state is State.PENDING
    return request


async def press(harness: BotHarness, request: Request, **facts: object) -> Decision:
    """A click that is ready to be weighed, whether or not the desk would have asked for a reason first."""
    pressed = click(request, **facts)
    holder = {"holder": request.holder, "holder_entra_id": request.entra_id}
    await harness.store.run(decisions.add, pressed, **holder, is_draft=False)
    return pressed


async def click_of(harness: BotHarness, pressed: Decision) -> Decision:
    query = sa.select(*decisions.COLUMNS).where(table.c.id == pressed.id)
    return await harness.store.run(lambda db: Decision(**db.execute(query).mappings().one()))


async def weighed(
    harness: BotHarness, request: Request, **facts: object
) -> tuple[Decision, Request]:
    """What is known of a click, and of its request, after it was weighed."""
    pressed = await press(harness, request, **facts)
    await harness.verdicts.weigh(pressed)
    found = await click_of(harness, pressed)
    return found, await harness.request(request.id)


async def test_an_approval_is_written_under_both_names(harness, monkeypatch):
    """Slack's id, Entra's id and the name, with the click and with the move; it is not too late."""
    request = await asked(harness)
    monkeypatch.setattr(harness.verdicts, "_too_late", None)

    decision, after = await weighed(harness, request)

    assert (decision.outcome, decision.why) == (Outcome.ACCEPTED, None)
    assert (decision.entra_id, decision.name) == (seed.BO, "Bo Berg")
    assert (after.state, after.why) == (State.APPROVED, None)
    move, verdict = (await harness.audit(request))[-2:]
    assert (move["verb"], move["actor"], move["actor_entra_id"]) == ("move", "U0BO", seed.BO)
    assert (verdict["verb"], verdict["actor_entra_id"]) == ("approve-accepted", seed.BO)


async def test_a_denial_is_written_with_its_reason(harness):
    """It becomes the request's own."""
    request = await asked(harness)

    decision, after = await weighed(harness, request, verb=Verb.DENY, reason="Not this quarter")

    assert decision.outcome == Outcome.ACCEPTED
    assert (after.state, after.why) == (State.DENIED, "Not this quarter")
    assert (await harness.audit(request))[-2]["why"] == "Not this quarter"


async def test_a_refusal_is_written_under_both_names(harness, monkeypatch):
    """Mia is nobody's approver here; what would follow from her approval is not even looked up."""
    request = await asked(harness)
    monkeypatch.setattr(harness.review, "stage_changes", None)

    decision, after = await weighed(harness, request, slack_user="U0MIA")

    assert decision.outcome == Outcome.REFUSED
    assert "not among those" in (decision.why or "")
    assert (decision.entra_id, decision.name) == (seed.MIA, "Mia Moreau")
    assert after == request


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

    decision, after = await weighed(harness, request, verb=verb, reason=reason)

    assert decision.outcome == (Outcome.ACCEPTED if counts else Outcome.REFUSED)
    assert counts == (after.state is not State.PENDING)
    if not counts:
        assert "A reason is needed" in (decision.why or "")
        assert (decision.entra_id, decision.name) == (seed.BO, "Bo Berg")


async def withdraw(harness: BotHarness, request: Request) -> None:
    await harness.desk.cancel(slack_user="U0ANN", request_id=request.id)


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


async def deny(harness: BotHarness, request: Request) -> None:
    await weighed(harness, request, verb=Verb.DENY, reason="No")


async def deny_unnamed(harness: BotHarness, request: Request) -> None:
    decision, _ = await weighed(harness, request, verb=Verb.DENY, reason="No")
    nameless = table.update().where(table.c.id == decision.id)
    await harness.store.run(lambda db: db.execute(nameless.values(name=None)).rowcount)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (withdraw, WITHDRAWN),
        (lapse, "has lapsed, because nobody decided in time"),
        (fail, "already failed"),
        (ask_anew, "has changed since that card was drawn"),
        (lose_the_terms, "has changed since that card was drawn"),
        (deny, "already denied by Bo Berg"),
        (deny_unnamed, "already denied by somebody else"),
    ],
)
async def test_whoever_is_late_hears_why(harness, before, told):
    """And nothing changes by it."""
    request = await asked(harness)
    await before(harness, request)
    was = await harness.request(request.id)

    decision, after = await weighed(harness, request, slack_user="U0DANA")

    assert decision.outcome == Outcome.LATE
    assert told in (decision.why or "")
    assert after == was


async def test_whoever_is_late_hears_of_the_last_decision(harness):
    """The card of the first stage, when the second has been decided, too."""
    first = await asked(harness, "production-database because it burns")
    _, second = await weighed(harness, first, slack_user="U0MIA")
    await weighed(harness, second, slack_user="U0BO", verb=Verb.DENY, reason="No fire")

    decision, _ = await weighed(harness, first, slack_user="U0DANA")

    assert "already denied by Bo Berg" in (decision.why or "")


async def test_whoever_is_late_for_one_stage_hears_of_no_earlier_one(harness):
    """The second stage was withdrawn; that the first was approved is not why."""
    first = await asked(harness, "production-database because it burns")
    _, second = await weighed(harness, first, slack_user="U0MIA")
    await withdraw(harness, second)

    decision, _ = await weighed(harness, second, slack_user="U0BO", reason="Seen the fire")

    assert WITHDRAWN in (decision.why or "")


async def test_whoever_is_overtaken_while_being_judged_hears_by_what(harness, monkeypatch):
    """The request as it is then, not as it was read."""
    request = await asked(harness)
    judge = harness.review.stage_changes

    async def slowly(*args, **facts):
        await withdraw(harness, request)
        return await judge(*args, **facts)

    monkeypatch.setattr(harness.review, "stage_changes", slowly)

    decision, after = await weighed(harness, request)

    assert (decision.outcome, after.state) == (Outcome.LATE, State.CANCELED)
    assert WITHDRAWN in (decision.why or "")


async def test_a_click_that_another_replica_has_judged_moves_nothing(harness, monkeypatch):
    """The decision and the move it causes, together or not at all."""
    request = await asked(harness)
    pressed = await press(harness, request)
    judge = harness.review.stage_changes

    async def slowly(*args, **facts):
        await harness.store.run(decisions.settle, pressed, Outcome.REFUSED, why="No.")
        return await judge(*args, **facts)

    monkeypatch.setattr(harness.review, "stage_changes", slowly)
    await harness.verdicts.weigh(pressed)

    assert await harness.request(request.id) == request
    found = await click_of(harness, pressed)
    assert (found.outcome, found.why) == (Outcome.REFUSED, "No.")
    assert "move" not in [row["verb"] for row in (await harness.audit(request))[2:]]


async def test_who_may_not_decide_is_refused_before_giving_a_reason(harness):
    """At once, and it is written down."""
    request = await asked(harness)
    pressed = await press(harness, request, slack_user="U0MIA", verb=Verb.DENY)

    assert await harness.verdicts.refuse_early(pressed) is True

    found = await click_of(harness, pressed)
    assert found.outcome == Outcome.REFUSED
    assert "not among those" in (found.why or "")
    assert (found.entra_id, found.name) == (seed.MIA, "Mia Moreau")


@pytest.mark.parametrize("changes", [{}, {"round": 1}, {"stage": 1, "slack_user": "U0MIA"}])
async def test_who_may_decide_or_is_late_is_asked_for_a_reason(harness, changes):
    """What is late is said when the reason has come: the card may be drawn anew meanwhile."""
    request = await asked(harness)
    pressed = await press(harness, request, verb=Verb.DENY, **changes)

    assert await harness.verdicts.refuse_early(pressed) is False

    found = await click_of(harness, pressed)
    assert found.outcome is None


@pytest.mark.parametrize(
    "trouble", [Busy("locked"), SlackError("down"), GraphUnavailable("down"), TimeoutError()]
)
async def test_what_cannot_be_read_in_time_is_left_for_later(harness, monkeypatch, trouble):
    """The form opens; the click is judged when its reason has come."""
    request = await asked(harness)
    pressed = await press(harness, request, slack_user="U0MIA", verb=Verb.DENY)

    async def unreadable(*args, **facts):
        raise trouble

    monkeypatch.setattr(harness.authority, "actor", unreadable)

    assert await harness.verdicts.refuse_early(pressed) is False


async def given_up(harness: BotHarness, user: str | None) -> Request:
    """A held request that somebody wants to give up, in a worker's hand."""
    request = await asked(harness)
    approved = await harness.store.run(requests.move, request, State.APPROVED)
    assert approved is not None
    await tamper(harness.store, approved, give_up_by=user)
    claimed = await harness.claimed(approved)
    assert claimed.give_up_by == user
    return claimed


async def test_an_admin_may_give_up(harness):
    """As Slack and Entra say now."""
    request = await given_up(harness, "U0DANA")

    actor = await harness.verdicts.may_be_given_up(request)

    assert actor is not None
    assert (actor.slack_user, actor.entra_id) == ("U0DANA", seed.DANA)
    assert await harness.request(request.id) == request


async def test_what_nobody_gives_up_is_nobodys(harness):
    """Nothing changes."""
    request = await given_up(harness, None)

    assert await harness.verdicts.may_be_given_up(request) is None
    assert await harness.request(request.id) == request


async def test_one_who_is_no_admin_does_not_give_up(harness):
    """It is held as before, for another admin; who tried is written down."""
    request = await given_up(harness, "U0BO")

    assert await harness.verdicts.may_be_given_up(request) is None

    after = await harness.request(request.id)
    assert (after.state, after.give_up_by) == (State.APPROVED, None)
    assert after.held_at is not None
    assert (await harness.audit(request))[-1]["actor_entra_id"] == seed.BO


async def test_a_lost_claim_gives_nothing_back(harness):
    """Another worker has the row; what this one thinks of it counts for nothing."""
    request = await given_up(harness, "U0BO")
    await harness.store.run(
        claims.update, request, lease_until=clock.real() + timedelta(seconds=60)
    )
    stale = replace(request, generation=request.generation - 1)

    assert await harness.verdicts.may_be_given_up(stale) is None

    assert (await harness.request(request.id)).give_up_by == "U0BO"
