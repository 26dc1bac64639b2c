"""Test who is shown the whole card of a request, and with which buttons: as Slack and Entra say at that moment, where only they can tell."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.questioning import ask_question
from bot.approvals.review import NOT_FOR_THEM, NOT_KNOWN_NOW
from bot.approvals.store import approver_questions
from bot.errors import NotAllowed, TooLate
from bot.packages.model import Stage
from bot.requests.model import State
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.approvals.test_recipient_lookups import counted, person
from tests.bot.approvals.test_recipient_lookups import pending as pending_until
from tests.bot.rows import tamper
from tests.bot.samples import approver_question

REVIEWERS = {"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS}
MAY_NOT = "The admins may not decide"


async def pending(harness, *named, **changes):
    """A request without a deadline that waits for these people."""
    return await pending_until(harness, *named, lapses_at=None, **changes)


async def has_asked(harness, request, user="U0BO"):
    """A question of theirs counts."""
    made = approver_question(request, slack_user=user)
    question, _ = await harness.store.run(ask_question, user, request.id, made)
    await harness.store.run(
        approver_questions.settle, question, request, Outcome.ACCEPTED, entra_id=seed.BO
    )


async def card(harness, request, user):
    cards = harness.latchkey.services.reviews
    found = await cards.find(slack_user=user, request_id=request.id)
    return str(await cards.drawn(found, team="T0LATCH"))


async def several(harness, request, user):
    """What the form for several says, of one; None if there is nothing of it that they may approve."""
    cards = harness.latchkey.services.reviews
    try:
        found = await cards.find_several(slack_user=user, ask_ids=[request.ask_id])
        return str(await cards.several(found, team="T0LATCH"))
    except TooLate:
        return None


# -- who has asked a question --------------------------------------------------------------


async def test_whoever_has_asked_a_question_sees_it_while_they_may_decide(harness):
    """One of many approvers, who has no card of their own; in the form for several, too."""
    request = await pending(harness, REVIEWERS, deciders=("U0MIA",), justification="Q4")
    await has_asked(harness, request)

    for shown in (await card(harness, request, "U0BO"), await several(harness, request, "U0BO")):
        assert "Q4" in shown
    assert "latchkey_approve" in await card(harness, request, "U0BO")


async def leaves(harness):
    harness.tenant.remove_member(seed.SECURITY_REVIEWERS, seed.BO)


async def is_disabled(harness):
    harness.tenant.disable_user(seed.BO)


async def becomes_a_guest(harness):
    harness.workspace.people["U0BO"].is_restricted = True


async def entra_is_away(harness):
    harness.tenant.faults.set("unavailable")


async def slack_is_away(harness):
    harness.workspace.faults.set("server_error", only="users.info")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (leaves, NOT_FOR_THEM),
        (is_disabled, NOT_FOR_THEM),
        (becomes_a_guest, NOT_FOR_THEM),
        (entra_is_away, NOT_KNOWN_NOW),
        (slack_is_away, NOT_KNOWN_NOW),
    ],
)
async def test_whoever_has_asked_a_question_sees_nothing_once_they_may_not_decide(
    harness, change, why
):
    """Neither the card nor the form for several; nor if that cannot be told, because nobody is let in by guessing."""
    request = await pending(harness, REVIEWERS, deciders=("U0MIA",))
    await has_asked(harness, request)
    await change(harness)

    with pytest.raises(NotAllowed) as refused:
        await card(harness, request, "U0BO")
    assert str(refused.value) == why
    assert await several(harness, request, "U0BO") is None


async def test_of_what_is_decided_whoever_has_asked_a_question_sees_no_card(harness):
    """Their message says how it stands."""
    request = await pending(harness, REVIEWERS, deciders=("U0MIA",))
    await has_asked(harness, request)
    assert await harness.store.run(requests.move, request, State.CANCELED)

    with pytest.raises(NotAllowed, match=NOT_FOR_THEM):
        await card(harness, request, "U0BO")


async def test_for_whoever_is_asked_nothing_is_read(harness):
    """They lose it with their card; nor for an admin where admins always decide."""
    request = await pending(harness, REVIEWERS, deciders=("U0BO",))
    await has_asked(harness, request)
    sent = list(harness.line.operations)

    for user in ("U0BO", "U0DANA"):
        assert "latchkey_approve" in await card(harness, request, user)
        assert await several(harness, request, user)

    assert harness.line.operations == sent


# -- admins --------------------------------------------------------------------------------

DANA, BO = person(seed.DANA), person(seed.BO)


@pytest.mark.parametrize("setting", ["fallback", "never"])
@pytest.mark.parametrize(
    ("named", "facts", "may"),
    [
        # One of many approvers, and so without a card of her own.
        ([DANA, BO], {"deciders": ("U0BO",)}, True),
        ([REVIEWERS], {"deciders": ("U0BO",)}, True),
        ([BO], {"deciders": ("U0BO",)}, False),
        # Bo is not found in Slack.
        ([BO], {}, False),
        # Two must approve, and the policy names but one.
        ([BO], {"stage": Stage(quorum=2), "unnamed": True, "deciders": ("U0BO",)}, False),
        ([BO], {"stage": Stage(quorum=2), "unnamed": True}, False),
        ([], {"unnamed": True}, None),
        # Since they were looked up, Bo has come.
        ([BO], {"unnamed": True}, False),
        # And nobody has noticed yet that they are gone.
        ([person(seed.ANN)], {}, None),
    ],
    ids=str,
)
async def test_an_admin_is_offered_what_would_count(harness, setting, named, facts, may):
    """By the rule that judges the click; None: as the setting says."""
    request = await pending(harness, *named, **facts)
    harness.permissions.admins_decide = setting
    may = setting == "fallback" if may is None else may
    actor = await harness.permissions.actor("U0DANA", request=request)
    assert (actor.is_approver or actor.stands_in) is may

    shown = await card(harness, request, "U0DANA")

    assert ("latchkey_approve" in shown) is may
    assert (MAY_NOT in shown) is not may
    assert (await several(harness, request, "U0DANA") is not None) is may


@pytest.mark.parametrize("unnamed", [True, False])
@pytest.mark.parametrize("asked", [("U0BO",), ()])
@pytest.mark.parametrize("setting", ["always", "fallback", "never"])
async def test_the_list_offers_admins_what_is_known_here_to_count(harness, setting, asked, unnamed):
    """In `fallback`, what nobody is asked about, because the policy names too few."""
    request = await pending(harness, BO, deciders=asked, unnamed=unnamed)
    harness.permissions.admins_decide = setting
    lists = harness.latchkey.services.request_lists

    is_offered = {"always": True, "fallback": unnamed and not asked, "never": False}
    assert lists.may_admins_decide(request) is is_offered[setting]


@pytest.mark.parametrize("away", [entra_is_away, slack_is_away])
async def test_where_it_cannot_be_told_an_admin_has_the_buttons(harness, away):
    """An admin may read every card, and the click is judged."""
    request = await pending(harness, DANA, BO, deciders=("U0BO",))
    harness.permissions.admins_decide = "never"
    await away(harness)

    assert "latchkey_approve" in await card(harness, request, "U0DANA")
    assert await several(harness, request, "U0DANA")


@pytest.mark.parametrize(("named", "may"), [([DANA, BO], True), ([BO], False)])
async def test_of_what_entra_decides_an_admin_is_offered_their_own_part(harness, named, may):
    """As an approver whom the policy names; as an admin, never."""
    request = await pending(harness, *named, deciders=("U0BO",))
    decided_there = replace(request.terms, entra_decides=True)
    await tamper(harness.store, request, terms=asdict(decided_there))

    shown = await card(harness, request, "U0DANA")

    assert ("latchkey_approve" in shown) is may
    assert ("only the approvers whom its policy names" in shown) is not may


async def test_an_admin_who_has_approved_may_still_deny(harness):
    """Nothing is read for that; the form for several leaves it out."""
    request = await pending(harness, DANA, BO, stage=Stage(quorum=2), deciders=("U0BO",))
    harness.permissions.admins_decide = "never"
    await counted(harness, request, entra_id=seed.DANA, slack_user="U0DANA")

    shown = await card(harness, request, "U0DANA")

    assert "latchkey_deny" in shown
    assert "'latchkey_approve'" not in shown
    assert await several(harness, request, "U0DANA") is None


# -- after the deadline --------------------------------------------------------------------

IS_OVER = "The time to decide this was over"


@pytest.mark.parametrize("reader", ["U0BO", "U0DANA", "U0ANN"])
@pytest.mark.parametrize("setting", ["always", "fallback", "never"])
async def test_what_is_past_its_deadline_offers_nothing_and_says_so(harness, setting, reader):
    """Before the job lets it expire: to whoever decides it, to an admin, and to whoever asked."""
    harness.permissions.admins_decide = setting
    request = await pending_until(harness, BO, deciders=("U0BO",), lapses_at=clock.now())

    shown = await card(harness, request, reader)

    assert IS_OVER in shown
    for untrue in ("latchkey_approve", MAY_NOT, "somebody else decides it"):
        assert untrue not in shown
    assert await several(harness, request, reader) is None


async def test_until_its_deadline_it_is_offered(harness):
    """The same a second before."""
    later = clock.now() + timedelta(seconds=1)
    request = await pending_until(harness, BO, deciders=("U0BO",), lapses_at=later)

    shown = await card(harness, request, "U0BO")

    assert "latchkey_approve" in shown
    assert IS_OVER not in shown
    assert await several(harness, request, "U0BO") is not None
