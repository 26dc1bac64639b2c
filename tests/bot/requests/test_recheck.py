"""Between the decision and the grant the world may change: what was approved is what is given, or nothing."""

from datetime import timedelta

import pytest

from bot import clock
from bot.people.model import Verb
from bot.requests.evaluation.rules import Refused
from bot.requests.model import Kind, Request, State
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration, ResourceRoleScope
from tests.bot.samples import SOME_DAY, wish
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering


async def approved(harness: BotHarness, *, text: str = "finance-reports because Q4") -> str:
    """A request that Bo has approved and that Graph is too busy to take; gives its id."""
    request = await harness.ask(text)
    harness.line.on("POST .*assignmentRequests", answering(429, "TooManyRequests"))
    await harness.approvals.decide(
        ask_id=request.ask_id,
        verb=Verb.APPROVE,
        slack_user="U0BO",
        team="T0LATCH",
        channel=None,
    )
    await harness.work()
    assert (await harness.request(request.id)).state is State.APPROVED
    return request.id


async def go_on(harness: BotHarness, request_id: str) -> Request:
    """Have it looked at by what is true now."""
    await harness.forget_what_was_read()
    await harness.expire_all_waits()
    await harness.work()
    return await harness.request(request_id)


async def test_nothing_changed_and_it_is_posted(harness):
    """The rule, of which the rest are exceptions."""
    request = await go_on(harness, await approved(harness))

    assert request.state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1


def another_group(harness: BotHarness) -> None:
    package = harness.tenant.world.packages[seed.FINANCE_REPORTS]
    resource = next(
        each
        for each in harness.tenant.world.resources.values()
        if each.origin_id == seed.DATABASE_OPERATORS
    )
    role = f"Member_{seed.DATABASE_OPERATORS}"
    resource.role_ids.setdefault(role, harness.tenant.world.new_id())
    package.role_scopes.append(ResourceRoleScope("new", resource.id, role, SOME_DAY))


def one_thing_less(harness: BotHarness) -> None:
    harness.tenant.world.packages[seed.FINANCE_REPORTS].role_scopes.pop()


def longer(harness: BotHarness) -> None:
    harness.policy_of(seed.FINANCE_REPORTS).expiration = Expiration(
        "afterDuration", duration=timedelta(days=365)
    )


def for_good(harness: BotHarness) -> None:
    harness.policy_of(seed.FINANCE_REPORTS).expiration = Expiration("noExpiration")


def another_approver(harness: BotHarness) -> None:
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0]["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}
    ]


def another_stage(harness: BotHarness) -> None:
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages.append(dict(stages[0]))


CHANGES = [another_group, one_thing_less, longer, for_good, another_approver, another_stage]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
async def test_what_changed_after_the_decision_needs_a_new_one(harness, change):
    """Nothing is posted, and the deciders are asked again, in a new round."""
    request_id = await approved(harness)
    change(harness)

    request = await go_on(harness, request_id)

    assert request.state is State.PENDING
    assert request.round == 1
    assert harness.posted("adminAdd") == 0


async def test_an_approval_of_an_earlier_round_decides_nothing(harness):
    """The card that Bo still has open shows what is no longer asked for."""
    request_id = await approved(harness)
    old = await harness.request(request_id)
    another_group(harness)
    await go_on(harness, request_id)

    await harness.approvals.decide(
        ask_id=old.ask_id, verb=Verb.APPROVE, slack_user="U0DANA", team="T0LATCH", channel=None
    )
    await harness.work()

    assert (await harness.request(request_id)).state is State.PENDING
    assert harness.posted("adminAdd") == 0


async def test_a_new_decision_in_the_new_round_counts(harness):
    """Bo has seen the change, and agrees."""
    request_id = await approved(harness)
    another_group(harness)
    again = await go_on(harness, request_id)

    await harness.approvals.decide(
        ask_id=again.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await harness.finish()

    assert (await harness.request(request_id)).state is State.DELIVERED
    assert harness.posted("adminAdd") == 1


def bo_is_disabled(harness: BotHarness) -> None:
    harness.tenant.disable_user(seed.BO)


def bo_is_a_guest(harness: BotHarness) -> None:
    harness.workspace.people["U0BO"].is_restricted = True


def bo_is_deactivated(harness: BotHarness) -> None:
    harness.workspace.people["U0BO"].deleted = True


def bo_is_gone(harness: BotHarness) -> None:
    harness.tenant.delete_user(seed.BO)


def bo_points_elsewhere(harness: BotHarness) -> None:
    harness.workspace.people["U0BO"].email = "mia@contoso.example"


LOST = [bo_is_disabled, bo_is_a_guest, bo_is_deactivated, bo_is_gone, bo_points_elsewhere]


@pytest.mark.parametrize("change", LOST, ids=lambda each: each.__name__)
async def test_a_decider_who_lost_the_right_does_not_count(harness, change):
    """Whoever said yes must still be allowed to when it is granted."""
    request_id = await approved(harness)
    change(harness)

    request = await go_on(harness, request_id)

    assert request.state is State.PENDING
    assert request.round == 1
    assert harness.posted("adminAdd") == 0


async def test_an_admin_who_is_none_any_more_does_not_count(harness):
    """Dana approved, and has left the identity team since."""
    request = await harness.ask("finance-reports because Q4")
    harness.line.on("POST .*assignmentRequests", answering(429, "TooManyRequests"))
    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0DANA", team="T0LATCH", channel=None
    )
    await harness.work()
    harness.workspace.usergroups["S0IAM"].users = []

    assert (await go_on(harness, request.id)).state is State.PENDING
    assert harness.posted("adminAdd") == 0


def ann_is_disabled(harness: BotHarness) -> None:
    harness.tenant.disable_user(seed.ANN)


def ann_is_a_guest(harness: BotHarness) -> None:
    harness.workspace.people["U0ANN"].is_restricted = True


def out_of_scope(harness: BotHarness) -> None:
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = []


def rules_not_understood(harness: BotHarness) -> None:
    harness.policy_of(seed.FINANCE_REPORTS).allowed_target_scope = "unknownFutureValue"


def package_is_gone(harness: BotHarness) -> None:
    harness.tenant.delete_package(seed.FINANCE_REPORTS)


NO_LONGER = [ann_is_disabled, ann_is_a_guest, out_of_scope, rules_not_understood, package_is_gone]


@pytest.mark.parametrize("change", NO_LONGER, ids=lambda each: each.__name__)
async def test_who_may_not_have_it_any_more_does_not_get_it(harness, change):
    """Approved or not."""
    request_id = await approved(harness)
    change(harness)

    request = await go_on(harness, request_id)

    assert request.state is State.REFUSED
    assert request.why
    assert harness.posted("adminAdd") == 0


async def test_what_cannot_be_checked_is_not_posted(harness):
    """Slack is down: nobody knows whether Bo may still decide."""
    request_id = await approved(harness)
    harness.workspace.faults.set("server_error", only="users.info")

    request = await go_on(harness, request_id)

    assert request.state is State.APPROVED
    assert harness.posted("adminAdd") == 0


async def test_a_free_package_that_changed_is_still_given(harness):
    """Nobody had to decide about the campaign, and nobody has to now."""
    harness.line.on("POST .*assignmentRequests", answering(429, "TooManyRequests"))
    request = await harness.ask("marketing-campaign")
    harness.policy_of(seed.MARKETING_CAMPAIGN).expiration = Expiration(
        "afterDuration", duration=timedelta(days=14)
    )

    await harness.forget_what_was_read()
    await harness.expire_all_waits()
    await harness.finish()

    after = await harness.request(request.id)
    assert after.state is State.DELIVERED
    assert after.terms is not None
    assert after.terms.lasts == "14 days"


async def test_a_free_package_that_now_needs_approval_waits_for_it(harness):
    """Somebody has put an approver in before it was posted."""
    harness.line.on("POST .*assignmentRequests", answering(429, "TooManyRequests"))
    request = await harness.ask("marketing-campaign")
    finance = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]
    harness.policy_of(seed.MARKETING_CAMPAIGN).settings["requestApprovalSettings"] = {
        **finance,
        "isRequestorJustificationRequired": False,
    }

    after = await go_on(harness, request.id)

    assert after.state is State.PENDING
    assert harness.posted("adminAdd") == 0


async def test_an_approval_by_a_stand_in_counts(harness):
    """Nobody of the first choice answered; the stage was escalated, and Mia decided."""
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0] |= {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P2D",
        "escalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}],
    }
    request = await harness.ask("finance-reports because Q4")
    harness.shift(timedelta(days=3))
    await harness.work()
    escalated = await harness.request(request.id)
    assert "U0MIA" in escalated.deciders

    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0MIA", team="T0LATCH", channel=None
    )
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED


async def test_a_stand_in_decides_nothing_before_the_escalation(harness):
    """Mia is not asked yet, so her yes is none."""
    stages = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]["stages"]
    stages[0] |= {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P2D",
        "escalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}],
    }
    request = await harness.ask("finance-reports because Q4")

    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0MIA", team="T0LATCH", channel=None
    )
    await harness.work()

    assert (await harness.request(request.id)).state is State.PENDING


async def test_an_extension_never_shortens_what_was_moved_meanwhile(harness):
    """While it waited for approval, an administrator moved the end further than was asked."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    approval = harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"]
    harness.policy_of(seed.MARKETING_CAMPAIGN).settings["requestApprovalSettings"] = {
        **approval,
        "isApprovalRequiredForAdd": False,
    }
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.shift(timedelta(days=10))
    taken = await harness.request_changes.extend(
        slack_user="U0ANN", assignment_id=held.id, reason="Audit"
    )
    await harness.work()
    request = await harness.request(taken.request.id)
    assert request.kind is Kind.EXTEND
    assert request.ends_at is not None
    later = request.ends_at + timedelta(days=100)
    harness.tenant.move_end(held.id, later)

    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0DANA", team="T0LATCH", channel=None
    )
    await harness.finish()

    end = harness.tenant.world.assignments[held.id].end
    assert end is not None
    assert end >= later - timedelta(seconds=1)


def no_dates_of_ones_own(harness: BotHarness) -> None:
    settings = harness.policy_of(seed.FINANCE_REPORTS).settings["requestorSettings"]
    settings["allowCustomAssignmentSchedule"] = False


def a_day_only(harness: BotHarness) -> None:
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    policy.expiration = Expiration("afterDuration", duration=timedelta(days=1))


@pytest.mark.parametrize("change", [no_dates_of_ones_own, a_day_only])
@pytest.mark.parametrize("days", [{"ends_at": 5}, {"starts_at": 3, "ends_at": 5}], ids=str)
async def test_dates_that_the_policy_gives_no_more_are_refused(harness, change, days):
    """They were chosen in a form of before, and nobody has promised them."""
    settings = harness.policy_of(seed.FINANCE_REPORTS).settings["requestorSettings"]
    settings["allowCustomAssignmentSchedule"] = True
    dates = {name: clock.now() + timedelta(days=count) for name, count in days.items()}
    wanted = wish(package_id=seed.FINANCE_REPORTS, justification="Q4", **dates)
    assert (await harness.evaluator.access.find_terms(wanted)).ends_at == wanted.ends_at
    change(harness)
    await harness.forget_what_was_read()

    with pytest.raises(Refused, match="The dates that you asked for do not go"):
        await harness.evaluator.access.find_terms(wanted)
