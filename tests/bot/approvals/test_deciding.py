"""Test what a decision counts for: whose it is, in which role, in time, and once."""

from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.database.audit_log import audit
from bot.messages.admins.alarms import NOBODY_DECIDES
from bot.people.model import Verb
from bot.people.store import delegations
from bot.requests.model import State
from sandbox.tenant import seed
from tests.bot.clicking import asked, clicks, decide, press, processed
from tests.bot.samples import approval, delegation, members, user
from tests.harness.by_hand import by_hand
from tests.harness.loop import simulated

TWO_STAGES = "production-database because it burns"
SECOND = timedelta(seconds=1)


def calls_of(harness, method):
    return sum(call.method == method for call in harness.workspace.calls)


def stage_of(*subjects, **facts):
    return {
        "durationBeforeAutomaticDenial": "P14D",
        "isApproverJustificationRequired": False,
        "isEscalationEnabled": False,
        "durationBeforeEscalation": "PT0S",
        "primaryApprovers": list(subjects),
        "fallbackPrimaryApprovers": [],
        "escalationApprovers": [],
        "fallbackEscalationApprovers": [],
        **facts,
    }


def decided_by(harness, *stages):
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"] = approval(*stages)


# -- one person, one stage ---------------------------------------------------------------


async def test_an_admin_decides_one_stage_of_a_request(harness):
    """The second is another person's, whatever Dana may decide otherwise."""
    request = await decide(harness, await asked(harness, TWO_STAGES), "U0DANA")
    assert (request.state, request.stage) == (State.PENDING, 1)

    again = await decide(harness, request, "U0DANA", reason="I am in a hurry")
    assert (again.state, again.stage) == (State.PENDING, 1)
    assert "earlier step" in ((await clicks(harness, request))[-1].why or "")

    assert (await decide(harness, again, "U0BO", reason="Seen it")).state is State.SUBMITTED


async def test_an_approver_of_both_stages_decides_one(harness):
    """And is not asked about the other; nor do they deny it."""
    decided_by(harness, stage_of(user(seed.BO)), stage_of(user(seed.BO), user(seed.MIA)))
    request = await decide(harness, await asked(harness), "U0BO")
    assert request.deciders == ("U0MIA",)

    for verb in Verb.APPROVE, Verb.DENY:
        after = await decide(harness, request, "U0BO", verb, reason="Again")
        assert (after.state, after.stage) == (State.PENDING, 1)

    assert (await decide(harness, after, "U0MIA")).state is State.SUBMITTED


async def test_in_a_new_round_they_may_decide_again(harness):
    """What they decided before does not count any more."""
    request = await asked(harness)
    await processed(harness, request)
    harness.tenant.world.packages[seed.FINANCE_REPORTS].role_scopes.pop()
    await harness.forget_what_was_read()
    await harness.expire_all_waits()
    await harness.work()
    again = await harness.request(request.id)
    assert (again.state, again.round) == (State.PENDING, 1)

    assert (await decide(harness, again, "U0BO")).state is State.SUBMITTED


# -- admins ------------------------------------------------------------------------------


async def test_an_admins_decision_is_marked_everywhere(harness):
    """On the card, in the news, in the audit log, and in what Entra is told."""
    request = await asked(harness)
    await harness.talk()
    await decide(harness, request, "U0DANA")
    await harness.finish()
    await harness.talk()

    (decision,) = await clicks(harness, request)
    assert decision.as_admin
    card = harness.workspace.channels["C0APPROVALS"].messages[0]
    assert "Approved by <@U0DANA>, as an admin and not as an approver," in str(card.blocks)
    assert "Approved by Dana Diaz (as an admin)." in str(harness.told("U0ANN")[-1].blocks)
    (row,) = [each for each in await harness.audit(request) if each["verb"] == "approve-accepted"]
    assert row["details"] == {"decided_as": "admin"}
    (posted,) = harness.tenant.world.requests.values()
    assert posted.justification == (
        f"Q4 Approved by Dana Diaz ({seed.DANA}), as an admin of Latchkey. [latchkey {request.id}]"
    )


async def test_an_approvers_decision_is_not_marked(harness):
    """Even if they are an admin, too: the policy names them."""
    decided_by(harness, stage_of(user(seed.DANA)))
    request = await asked(harness)
    await harness.talk()
    await decide(harness, request, "U0DANA")
    await harness.finish()
    await harness.talk()

    (decision,) = await clicks(harness, request)
    assert not decision.as_admin
    assert "as an admin" not in str(harness.workspace.channels["C0APPROVALS"].messages[0].blocks)
    assert "as an admin" not in str(harness.told("U0ANN")[-1].blocks)
    (posted,) = harness.tenant.world.requests.values()
    assert f"Approved by Dana Diaz ({seed.DANA}). [latchkey" in (posted.justification or "")


async def test_a_denial_by_an_admin_is_called_one(harness):
    """The requester reads in which role."""
    await decide(harness, await asked(harness), "U0DANA", Verb.DENY, reason="No")
    await harness.talk()

    assert "was denied by Dana Diaz (as an admin)." in harness.told("U0ANN")[-1].text


@pytest.mark.parametrize("setting", ["fallback", "never"])
async def test_where_the_policy_finds_somebody_admins_decide_nothing(database, setting):
    """Bo is there; Dana is told that it is for him."""
    async with by_hand(database, LATCHKEY_ADMINS_DECIDE=setting) as harness:
        request = await asked(harness)

        after = await decide(harness, request, "U0DANA")
        assert after.state is State.PENDING
        assert "whom its policy names" in ((await clicks(harness, request))[0].why or "")

        assert (await decide(harness, request, "U0BO")).state is State.SUBMITTED


NOBODY = {
    "the requester only": [user(seed.ANN)],
    "somebody disabled": [user(seed.CY)],
    "an empty group": [members(seed.FINANCE_READERS)],
    "nobody": [],
}


@pytest.mark.parametrize("named", NOBODY)
async def test_in_fallback_admins_decide_what_the_policy_leaves_to_nobody(database, named):
    """And it is marked."""
    async with by_hand(database, LATCHKEY_ADMINS_DECIDE="fallback") as harness:
        harness.tenant.disable_user(seed.CY)
        decided_by(harness, stage_of(*NOBODY[named]))
        request = await asked(harness)
        assert request.unnamed

        after = await decide(harness, request, "U0DANA")

        assert after.state is State.SUBMITTED
        assert (await clicks(harness, request))[0].as_admin


@pytest.mark.parametrize("named", NOBODY)
async def test_in_never_what_nobody_can_decide_is_refused(database, named):
    """At once, with the reason; the admins are told."""
    async with by_hand(database, LATCHKEY_ADMINS_DECIDE="never") as harness:
        harness.tenant.disable_user(seed.CY)
        decided_by(harness, stage_of(user(seed.BO)), stage_of(*NOBODY[named]))

        request = await harness.ask("finance-reports because Q4")
        await harness.talk()

        assert (request.state, request.why) == (State.REFUSED, NOBODY_DECIDES)
        told = harness.workspace.channels["C0APPROVALS"].messages[-1].text
        assert "names nobody who can approve it" in told


async def test_in_fallback_an_admins_approval_counts_no_more_when_somebody_is_found(database):
    """Between the click and the grant the group has got a member: it is theirs to decide."""
    async with by_hand(database, LATCHKEY_ADMINS_DECIDE="fallback") as harness:
        decided_by(harness, stage_of(members(seed.FINANCE_READERS)))
        request = await asked(harness)
        _, approved = await processed(harness, request, slack_user="U0DANA")
        assert approved.state is State.APPROVED
        harness.tenant.add_member(seed.FINANCE_READERS, seed.MIA)

        await harness.work()

        after = await harness.request(request.id)
        assert (after.state, after.round, after.deciders) == (State.PENDING, 1, ("U0MIA",))
        assert harness.posted("adminAdd") == 0


async def test_in_fallback_an_admin_decides_what_its_only_approver_may_not_decide_any_more(
    database,
):
    """Bo has decided the first stage, and is the only one whom the second names; so it is at the grant, too."""
    async with by_hand(database, LATCHKEY_ADMINS_DECIDE="fallback") as harness:
        decided_by(harness, stage_of(user(seed.BO)), stage_of(user(seed.BO)))
        request = await decide(harness, await asked(harness), "U0BO")
        assert (request.state, request.stage) == (State.PENDING, 1)
        assert (await decide(harness, request, "U0BO")).state is State.PENDING

        after = await decide(harness, request, "U0DANA")

        assert after.state is State.SUBMITTED
        assert harness.posted("adminAdd") == 1


async def test_an_approver_who_is_only_an_admin_now_decides_anew(harness):
    """What Entra would be told is not so any more."""
    decided_by(harness, stage_of(user(seed.DANA)))
    request = await asked(harness)
    await processed(harness, request, slack_user="U0DANA")
    decided_by(harness, stage_of(members(seed.SECURITY_REVIEWERS)))
    harness.tenant.remove_member(seed.SECURITY_REVIEWERS, seed.DANA)

    await harness.forget_what_was_read()
    await harness.work()

    after = await harness.request(request.id)
    assert (after.state, after.round) == (State.PENDING, 1)


def test_always_asking_admins_who_never_decide_is_a_mistake():
    """The two settings contradict each other."""
    both = {"LATCHKEY_APPROVAL": "always", "LATCHKEY_ADMINS_DECIDE": "never"}

    problems = problems_for_running(read_settings(both))

    assert any("LATCHKEY_ADMINS_DECIDE=never" in each for each in problems)
    fine = problems_for_running(read_settings({**both, "LATCHKEY_ADMINS_DECIDE": "fallback"}))
    assert not any("LATCHKEY_ADMINS_DECIDE" in each for each in fine)
    assert read_settings({}).admins_decide == "always"


# -- who comes first ---------------------------------------------------------------------


async def test_the_fallback_is_asked_when_the_only_approver_asks(harness):
    """Nobody decides their own request, so nobody was found."""
    decided_by(harness, stage_of(user(seed.ANN), fallbackPrimaryApprovers=[user(seed.BO)]))

    request = await asked(harness)

    assert request.deciders == ("U0BO",)
    assert (await decide(harness, request, "U0BO")).state is State.SUBMITTED


async def test_the_escalations_fallback_does_not_join(harness):
    """Mia is the alternate; Cy would be, if she could not be found."""
    decided_by(
        harness,
        stage_of(
            user(seed.BO),
            isEscalationEnabled=True,
            durationBeforeEscalation="P1D",
            escalationApprovers=[user(seed.MIA)],
            fallbackEscalationApprovers=[user(seed.CY)],
        ),
    )
    request = await asked(harness)
    harness.shift(timedelta(days=2))
    await harness.work()
    request = await harness.request(request.id)
    assert set(request.deciders) == {"U0BO", "U0MIA"}

    assert (await decide(harness, request, "U0CY")).state is State.PENDING


async def test_a_kind_not_understood_is_refused_with_the_houses_sentence(harness):
    """Cy, the fallback, is not asked in its place."""
    decided_by(
        harness,
        stage_of(
            {"@odata.type": "#microsoft.graph.connectedOrganizationMembers"},
            fallbackPrimaryApprovers=[user(seed.CY)],
        ),
    )

    request = await harness.ask("finance-reports because Q4")

    assert (request.state, request.tell_admins) == (State.REFUSED, True)
    assert "of a kind I do not understand" in (request.why or "")
    assert "names approvers in a way that I do not know" in (request.why or "")


# -- in time -----------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "counts"), [(-SECOND, True), (timedelta(0), False)])
@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.DENY])
async def test_a_click_after_the_deadline_does_not_count(harness, late, counts, verb):
    """It makes no difference whether somebody has seen yet that the time is over."""
    request = await asked(harness)
    assert request.lapses_at is not None
    at = request.lapses_at + late

    decision, after = await processed(harness, request, at=at, verb=verb, reason="Because")

    assert decision.outcome == (Outcome.ACCEPTED if counts else Outcome.LATE)
    assert (after.state is State.PENDING) is not counts
    if not counts:
        assert "has expired" in (decision.why or "")


@pytest.mark.parametrize(("early", "counts"), [(SECOND, False), (timedelta(0), True)])
async def test_an_alternate_counts_from_the_moment_of_the_escalation(harness, early, counts):
    """By the time of the click, not by when somebody noticed."""
    decided_by(
        harness,
        stage_of(
            user(seed.BO),
            isEscalationEnabled=True,
            durationBeforeEscalation="P1D",
            escalationApprovers=[user(seed.MIA)],
        ),
    )
    request = await asked(harness)
    assert request.escalates_at is not None

    decision, _ = await processed(
        harness, request, slack_user="U0MIA", at=request.escalates_at - early
    )

    assert decision.outcome == (Outcome.ACCEPTED if counts else Outcome.REFUSED)


# -- many clicks -------------------------------------------------------------------------


async def test_pressing_again_before_it_is_judged_is_one_click(harness):
    """However often; the other button is another click."""
    request = await asked(harness)
    for _ in range(5):
        await harness.approvals.decide(
            ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0MIA", team=None, channel=None
        )

    assert len(await clicks(harness, request)) == 1


async def test_a_form_that_was_closed_opens_again_for_the_same_click(harness):
    """Deny asks for a reason; whoever closes the form and presses again has one draft."""
    request = await asked(harness)
    drafts = [
        await harness.approvals.decide(
            ask_id=request.ask_id, verb=Verb.DENY, slack_user="U0BO", team="T0LATCH", channel=None
        )
        for _ in range(3)
    ]

    assert len({draft.decision.id for draft in drafts if draft}) == 1
    await harness.approvals.explain(
        decision_id=drafts[0].decision.id, slack_user="U0BO", reason="Not now"
    )
    await harness.work()
    assert (await harness.request(request.id)).state is State.DENIED


async def test_nobodys_second_click_comes_before_anothers_first(harness):
    """Mia presses every card there is; Bo, later, waits behind one of hers."""
    texts = ("finance-reports because Q4", TWO_STAGES)
    requests = [await harness.ask(text, user=who) for who in ("U0ANN", "U0CY") for text in texts]
    for request in requests:
        await press(harness, request, slack_user="U0MIA")
    await press(harness, requests[0], slack_user="U0BO", at=clock.now() + SECOND)

    order = await harness.store.run(decisions.pending)

    assert [each.slack_user for each in order][:2] == ["U0MIA", "U0BO"]
    assert len(order) == len(requests) + 1


async def test_who_was_refused_a_moment_ago_is_refused_without_another_look(harness):
    """For a minute, of what cannot change: that it is their own request; then everything is read again."""
    request = await asked(harness)
    await decide(harness, request, "U0ANN")
    before = calls_of(harness, "users.info"), len(harness.line.sent)

    await decide(harness, request, "U0ANN")

    assert (calls_of(harness, "users.info"), len(harness.line.sent)) == before
    outcomes = [(each.outcome, each.why) for each in await clicks(harness, request)]
    assert outcomes[0] == outcomes[1]

    harness.shift(timedelta(seconds=62))
    simulated().stand_still(timedelta(seconds=62))
    await decide(harness, request, "U0ANN")
    assert calls_of(harness, "users.info") > before[0]


async def test_who_was_refused_for_what_can_change_is_looked_at_again_at_once(harness):
    """An approver, or the delegate of one, they may be by now."""
    request = await asked(harness)
    await decide(harness, request, "U0CY")
    assert (await harness.request(request.id)).state is State.PENDING
    made = delegation(delegator="U0BO", delegate="U0CY", made_by="U0BO")
    await harness.store.run(delegations.add, made)

    after = await decide(harness, request, "U0CY")

    assert after.state is not State.PENDING
    [first, second] = [each.outcome for each in await clicks(harness, request)]
    assert {first, second} == {Outcome.REFUSED, Outcome.ACCEPTED}


async def test_who_forgot_the_reason_may_press_again_at_once(harness):
    """That refusal says nothing about their rights."""
    request = await asked(harness)
    await processed(harness, request, verb=Verb.DENY, reason=None)

    decision, after = await processed(harness, request, verb=Verb.DENY, reason="No")

    assert (decision.outcome, after.state) == (Outcome.ACCEPTED, State.DENIED)


# -- lists -------------------------------------------------------------------------------


async def test_lists_that_admins_read_are_written_down(harness):
    """The row says who read, which list, and about whom, by ids."""
    await harness.permissions.refresh()
    await harness.request_lists.pending(slack_user="U0DANA")
    await harness.request_lists.stuck(slack_user="U0DANA")
    await harness.assignment_lists.look_up(slack_user="U0DANA", text="<@U0ANN>")

    rows = [each for each in await harness.store.run(audit.rows) if each["verb"] == "list"]

    assert [(each["actor"], each["details"]) for each in rows] == [
        ("U0DANA", {"of": "pending"}),
        ("U0DANA", {"of": "held"}),
        ("U0DANA", {"of": "assignments", "about": f"U0ANN {seed.ANN}"}),
    ]
