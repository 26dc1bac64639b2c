"""A delegate decides for an approver: while the approver may, until the end, never for oneself, and nobody decides twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.database.tables import requests as request_table
from bot.people.model import Delegation, Verb
from bot.people.store import delegations
from bot.requests.model import State
from sandbox.tenant import seed
from tests.bot.clicking import asked, found, press, processed
from tests.bot.samples import delegation
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering

DAY = timedelta(days=1)
TWO_STAGES = "production-database because it burns"
NOT_AMONG = "not among those"


async def let(harness: BotHarness, delegator: str, delegate: str, **changes: object) -> Delegation:
    """An approver lets somebody decide for them for a week."""
    facts = {"delegator": delegator, "delegate": delegate, "made_by": delegator}
    made = delegation(**{**facts, **changes})
    await harness.store.run(delegations.add, made)
    return made


async def nothing(harness: BotHarness) -> None:
    """Nobody lets anybody decide."""


async def bo_lets_cy(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")


async def bo_lets_mia(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0MIA")


async def a_chain(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0MIA")
    await let(harness, "U0MIA", "U0CY")


async def a_circle(harness: BotHarness) -> None:
    await let(harness, "U0MIA", "U0CY")
    await let(harness, "U0CY", "U0MIA")


async def bo_lets_ann(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0ANN")


async def bo_lets_a_guest(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0GUS")


async def bo_lets_a_stranger(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0EVE")


async def an_admin_lets_cy(harness: BotHarness) -> None:
    await let(harness, "U0DANA", "U0CY")


async def somebody_lets_cy(harness: BotHarness) -> None:
    await let(harness, "U0MIA", "U0CY")


async def it_has_ended(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY", ends_at=clock.now())


async def it_ends_in_a_second(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY", ends_at=clock.now() + timedelta(seconds=1))


async def it_has_not_begun(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY", made_at=clock.now() + DAY, ends_at=clock.now() + 7 * DAY)


async def it_was_canceled(harness: BotHarness) -> None:
    made = await let(harness, "U0BO", "U0CY")
    await harness.store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())


async def bo_is_no_approver(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    request = await harness.store.run(lambda db: db.execute(request_table.select()).first())
    assert request is not None
    stages = [
        dict(each, approvers=[{"kind": "singleuser", "user_id": seed.MIA}])
        for each in request.terms["stages"]
    ]
    changed = request_table.update().values(terms={**request.terms, "stages": stages})
    await harness.store.run(lambda db: db.execute(changed))


async def bo_is_disabled(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    harness.tenant.disable_user(seed.BO)


async def bo_has_left_slack(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    harness.workspace.people["U0BO"].deleted = True


async def bo_is_a_guest(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    harness.workspace.people["U0BO"].is_restricted = True


async def cy_is_disabled(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    harness.tenant.disable_user(seed.CY)


async def it_takes_a_sign_in(harness: BotHarness) -> None:
    await let(harness, "U0BO", "U0CY")
    await let(harness, "U0BO", "U0DANA")
    request = await harness.store.run(lambda db: db.execute(request_table.select()).first())
    assert request is not None
    stages = [dict(each, fresh_sign_in=True) for each in request.terms["stages"]]
    changed = request_table.update().values(terms={**request.terms, "stages": stages})
    await harness.store.run(lambda db: db.execute(changed))


TABLE = [
    # who clicks, for whom, and why not; None: it counts.
    (nothing, "U0CY", NOT_AMONG),
    (bo_lets_cy, "U0CY", None),
    (bo_lets_cy, "U0BO", None),
    (bo_lets_cy, "U0MIA", NOT_AMONG),
    (bo_lets_cy, "U0ANN", "own request"),
    (bo_lets_mia, "U0MIA", None),
    (bo_lets_ann, "U0ANN", "own request"),
    (bo_lets_a_guest, "U0GUS", "a guest"),
    (bo_lets_a_stranger, "U0EVE", "another workspace"),
    (a_chain, "U0CY", NOT_AMONG),
    (a_chain, "U0MIA", None),
    (a_circle, "U0CY", NOT_AMONG),
    (a_circle, "U0MIA", NOT_AMONG),
    (an_admin_lets_cy, "U0CY", NOT_AMONG),
    (somebody_lets_cy, "U0CY", NOT_AMONG),
    (it_has_ended, "U0CY", NOT_AMONG),
    (it_ends_in_a_second, "U0CY", None),
    (it_has_not_begun, "U0CY", NOT_AMONG),
    (it_was_canceled, "U0CY", NOT_AMONG),
    (bo_is_no_approver, "U0CY", NOT_AMONG),
    (bo_is_disabled, "U0CY", NOT_AMONG),
    (bo_has_left_slack, "U0CY", NOT_AMONG),
    (bo_is_a_guest, "U0CY", NOT_AMONG),
    (cy_is_disabled, "U0CY", "disabled"),
    (it_takes_a_sign_in, "U0CY", "Bo Berg has not signed in for that"),
    (it_takes_a_sign_in, "U0MIA", NOT_AMONG),
]


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.DENY])
@pytest.mark.parametrize(
    ("prepare", "user", "why"), TABLE, ids=[f"{one.__name__}-{who}" for one, who, _ in TABLE]
)
async def test_a_delegate_decides_only_while_the_approver_may(harness, prepare, user, why, verb):
    """Each row: what was arranged, who presses, and whether it counts."""
    request = await asked(harness)
    await prepare(harness)

    decision, after = await processed(
        harness, request, slack_user=user, verb=verb, reason="It is fine"
    )

    assert (decision.outcome == Outcome.ACCEPTED) is (why is None), decision.why
    assert (after.state is State.PENDING) is (why is not None)
    if why is not None:
        assert why in (decision.why or "")
        assert decision.for_entra_id is None


async def test_the_decision_names_both(harness):
    """The row, the audit log and Entra hold who clicked and for whom."""
    request = await asked(harness)
    await bo_lets_cy(harness)

    decision, after = await processed(harness, request, slack_user="U0CY")
    await harness.finish()

    assert (decision.entra_id, decision.name) == (seed.CY, "Cy Chen")
    assert (decision.for_user, decision.for_entra_id, decision.for_name) == (
        "U0BO",
        seed.BO,
        "Bo Berg",
    )
    assert not decision.as_admin
    row = next(each for each in await harness.audit(after) if each["verb"] == "approve-accepted")
    assert row["details"] == {"decided_as": "delegate", "for": seed.BO}
    (posted,) = harness.tenant.world.requests.values()
    assert f"Cy Chen ({seed.CY}) for Bo Berg ({seed.BO})" in posted.justification
    assert "Approved by Cy Chen for Bo Berg" in str(harness.told("U0ANN")[-1].blocks)


async def test_an_approver_decides_in_their_own_right(harness):
    """Whatever somebody else lets them decide besides."""
    request = await asked(harness)
    await let(harness, "U0MIA", "U0BO")

    decision, _ = await processed(harness, request, slack_user="U0BO")

    assert (decision.outcome, decision.for_entra_id) == (Outcome.ACCEPTED, None)


async def test_an_admin_who_is_a_delegate_decides_as_that(harness):
    """What the policy says of the approver comes before what an admin may."""
    request = await asked(harness)
    await let(harness, "U0BO", "U0DANA")

    decision, _ = await processed(harness, request, slack_user="U0DANA")

    assert (decision.for_entra_id, decision.as_admin) == (seed.BO, False)


@pytest.mark.parametrize(
    ("admins_decide", "counts"), [("always", True), ("fallback", False), ("never", False)]
)
async def test_where_a_sign_in_is_taken_an_admin_decides_as_that_alone(
    harness, admins_decide, counts
):
    """Whoever lets them decide, and only if admins may; a denial takes no sign-in."""
    request = await asked(harness)
    await it_takes_a_sign_in(harness)
    harness.permissions.admins_decide = admins_decide

    decision, _ = await processed(
        harness, request, slack_user="U0DANA", verb=Verb.DENY, reason="No."
    )

    assert (decision.outcome == Outcome.ACCEPTED, decision.as_admin) == (counts, counts)
    assert decision.for_entra_id is None
    assert counts or "Bo Berg has not signed in for that" in (decision.why or "")


async def test_an_approvers_own_request_is_not_for_their_delegate(harness):
    """Bo could not decide it; so nobody can for him."""
    await bo_lets_cy(harness)
    request = await harness.ask("finance-reports because Q4", user="U0BO")

    decision, after = await processed(harness, request, slack_user="U0CY")

    assert (decision.outcome, after.state) == (Outcome.REFUSED, State.PENDING)


@pytest.mark.parametrize(("first", "second"), [("U0CY", "U0BO"), ("U0BO", "U0CY")])
async def test_an_approver_and_their_delegate_are_one_voice(harness, first, second):
    """Bo is named for both stages: whoever of the two decided the first, neither decides the other."""
    stages = harness.policy_of(seed.PRODUCTION_DATABASE).settings["requestApprovalSettings"][
        "stages"
    ]
    for stage in stages:
        stage["primaryApprovers"] = [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.BO}
        ]
    await bo_lets_cy(harness)
    request = await asked(harness, TWO_STAGES)
    _, waiting = await processed(harness, request, slack_user=first, reason="It burns")
    assert (waiting.state, waiting.stage) == (State.PENDING, 1)

    decision, after = await processed(harness, waiting, slack_user=second, reason="It burns")

    assert (decision.outcome, after.state) == (Outcome.REFUSED, State.PENDING)
    assert "earlier step" in (decision.why or "") or NOT_AMONG in (decision.why or "")


async def test_one_delegate_decides_one_stage(harness):
    """Mia lets Cy decide the first, Bo the second: that is still one person."""
    await let(harness, "U0MIA", "U0CY")
    await let(harness, "U0BO", "U0CY")
    request = await asked(harness, TWO_STAGES)
    _, waiting = await processed(harness, request, slack_user="U0CY", reason="It burns")
    assert waiting.stage == 1

    decision, after = await processed(harness, waiting, slack_user="U0CY", reason="It burns")

    assert (decision.outcome, after.stage) == (Outcome.REFUSED, 1)


async def test_one_slack_account_more_makes_nobody_their_own_delegate(harness):
    """Two Slack accounts of one person are one person."""
    request = await asked(harness)
    twin = replace(harness.workspace.people["U0ANN"], id="U0TWIN")
    harness.workspace.people["U0TWIN"] = twin
    await let(harness, "U0BO", "U0TWIN")

    decision = await press(harness, request, slack_user="U0TWIN")
    for _ in range(4):
        await harness.work()
        await harness.talk()
        await harness.expire_all_waits()

    now = await found(harness, decision)
    assert now.outcome == Outcome.REFUSED
    assert "own request" in (now.why or "")


async def busy_graph(harness: BotHarness) -> None:
    harness.line.on("POST .*assignmentRequests", answering(429, "TooManyRequests"))


async def canceled(harness: BotHarness, made: Delegation) -> None:
    await harness.store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())


async def over(harness: BotHarness, made: Delegation) -> None:
    harness.shift(8 * DAY)


async def approver_gone(harness: BotHarness, made: Delegation) -> None:
    harness.tenant.disable_user(seed.BO)


async def delegate_gone(harness: BotHarness, made: Delegation) -> None:
    harness.workspace.people["U0CY"].is_restricted = True


async def another_approver(harness: BotHarness, made: Delegation) -> None:
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}
    ]
    await let(harness, "U0MIA", "U0CY", made_at=clock.now() - DAY)


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (over, True),
        (canceled, False),
        (approver_gone, False),
        (delegate_gone, False),
        (another_approver, False),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
async def test_between_decision_and_grant_it_is_checked_again(harness, change, counts):
    """A delegation that ran out after the click was in time; one that was canceled does not count."""
    request = await asked(harness)
    made = await let(harness, "U0BO", "U0CY")
    await busy_graph(harness)
    _, approved = await processed(harness, request, slack_user="U0CY")
    assert approved.state is State.APPROVED
    await harness.work()

    await change(harness, made)
    await harness.forget_what_was_read()
    await harness.expire_all_waits()
    await harness.work()

    after = await harness.request(request.id)
    assert (after.state is State.SUBMITTED) is counts
    assert (after.round > 0) is not counts
