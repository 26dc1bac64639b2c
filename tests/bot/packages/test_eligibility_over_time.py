"""What a policy says now is what counts for access that somebody has: extensions, their ends, and giving back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import clock
from bot.errors import NotAllowed
from bot.people.model import Verb
from bot.requests.model import Kind, Request, State
from bot.words.formats import kept_moment
from sandbox.tenant import seed
from sandbox.tenant.model import Assignment, Expiration, Policy
from tests.bot.clicking import decide
from tests.bot.packages.test_eligibility import CAMPAIGN, another_policy, refusal
from tests.bot.samples import user, wish
from tests.harness.by_hand import BotHarness
from tests.harness.wires import Fault, GoOn


def holds(harness: BotHarness, package_id: str, policy: Policy, *, days: int = 10) -> Assignment:
    """Ann has a package, given under that policy."""
    world = harness.tenant.world
    made = Assignment(
        id=world.new_id(),
        package_id=package_id,
        policy_id=policy.id,
        target_id=seed.ANN,
        subject_id=world.subject_id(seed.ANN),
        created_at=clock.now(),
        state="delivered",
        status="Delivered",
        start=clock.now() - timedelta(days=1),
        end=clock.now() + timedelta(days=days),
    )
    world.assignments[made.id] = made
    return made


async def extension(harness: BotHarness, held: Assignment) -> Request:
    """Ann wants to keep what she has longer, however the row came about."""
    await harness.tenant_sync.run()
    await harness.people.identify("U0ANN")
    await harness.tenant_sync.run()
    taken = await harness.request_changes.extend(
        slack_user="U0ANN", assignment_id=held.id, reason="still needed"
    )
    await harness.work()
    return await harness.request(taken.request.id)


def direct(harness: BotHarness) -> Policy:
    """A policy under which administrators give a day."""
    return another_policy(
        harness,
        seed.FINANCE_REPORTS,
        allowed_target_scope="notSpecified",
        expiration=Expiration("afterDuration", duration=timedelta(days=1)),
        settings={
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": False,
                "enableTargetsToSelfUpdateAccess": False,
                "enableTargetsToSelfRemoveAccess": False,
            }
        },
    )


async def test_what_was_given_directly_is_not_extended_by_another_policy(
    either,
):
    """Not offered, not taken, and not granted where a row from before says otherwise."""
    policy = direct(either)
    held = holds(either, seed.FINANCE_REPORTS, policy, days=1)

    with pytest.raises(NotAllowed, match="cannot be extended"):
        await extension(either, held)

    about = wish(
        kind=Kind.EXTEND,
        package_id=seed.FINANCE_REPORTS,
        assignment_id=held.id,
        entra_id=seed.ANN,
    )
    assert "An administrator gave it to you" in await refusal(either, about)
    assert either.posted("adminUpdate") == 0


async def test_an_extension_goes_by_the_policy_of_the_assignment(either):
    """Its stages and its length; a more specific policy beside it does not count."""
    another_policy(
        either,
        seed.FINANCE_REPORTS,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[user(seed.ANN)],
        expiration=Expiration("afterDuration", duration=timedelta(days=300)),
        settings={
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": False,
                "isApprovalRequiredForUpdate": False,
                "isRequestorJustificationRequired": False,
                "stages": [],
            }
        },
    )
    own = either.policy_of(seed.FINANCE_REPORTS)
    held = holds(either, seed.FINANCE_REPORTS, own)

    request = await extension(either, held)

    assert request.state is State.PENDING
    assert request.deciders == ("U0BO",)
    assert request.terms is not None
    assert (request.terms.policy_id, request.terms.lasts) == (own.id, "30 days")


def forget_the_policy(harness: BotHarness, held: Assignment) -> None:
    del harness.tenant.world.policies[held.policy_id]


def lock_the_policy(harness: BotHarness, held: Assignment) -> None:
    settings = harness.tenant.world.policies[held.policy_id].settings["requestorSettings"]
    settings["enableTargetsToSelfUpdateAccess"] = False


def leave_the_policy(harness: BotHarness, held: Assignment) -> None:
    policy = harness.tenant.world.policies[held.policy_id]
    policy.allowed_target_scope = "specificDirectoryUsers"
    policy.specific_allowed_targets = [user(seed.BO)]


def make_it_unsupported(harness: BotHarness, held: Assignment) -> None:
    policy = harness.tenant.world.policies[held.policy_id]
    policy.settings["customExtensionStageSettings"] = [{"stage": "assignmentRequestCreated"}]


def end_it(harness: BotHarness, held: Assignment) -> None:
    held.state = "expired"


def drop_it(harness: BotHarness, held: Assignment) -> None:
    del harness.tenant.world.assignments[held.id]


NO_LONGER = [
    (forget_the_policy, "gone in Entra"),
    (lock_the_policy, "does not let people extend it"),
    (leave_the_policy, "is not for you any more"),
    (make_it_unsupported, "do not understand"),
    (end_it, "already ended"),
    (drop_it, "already ended"),
]


@pytest.mark.parametrize(
    ("change", "why"), NO_LONGER, ids=lambda each: getattr(each, "__name__", "")
)
async def test_what_graph_says_of_the_policy_now_is_what_counts(either, change, why):
    """Between the reminder and the click the policy may have changed."""
    held = holds(either, seed.FINANCE_REPORTS, either.policy_of(seed.FINANCE_REPORTS))
    about = wish(
        kind=Kind.EXTEND,
        package_id=seed.FINANCE_REPORTS,
        assignment_id=held.id,
        entra_id=seed.ANN,
    )
    change(either, held)

    assert why in await refusal(either, about)


async def test_a_tightened_policy_shortens_what_was_promised(harness):
    """The card of the new round shows the new end, and that is what is granted."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    request = await extension(harness, holds(harness, seed.FINANCE_REPORTS, policy, days=1))
    policy.expiration = Expiration("afterDuration", duration=timedelta(days=2))

    found = await harness.evaluator.access.find_terms(request)

    assert request.ends_at is not None
    assert request.ends_at >= request.asked_at + timedelta(days=30)
    assert found.ends_at is not None
    assert found.ends_at <= clock.now() + timedelta(days=2)


async def test_what_was_promised_stays_while_nothing_changes(harness):
    """However long the approver takes."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    request = await extension(harness, holds(harness, seed.FINANCE_REPORTS, policy))
    harness.shift(timedelta(days=2))

    assert (await harness.evaluator.access.find_terms(request)).ends_at == request.ends_at


async def give_back(harness: BotHarness, held: Assignment) -> Request:
    await harness.people.identify("U0ANN")
    await harness.tenant_sync.run()
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.work()
    return await harness.request(taken.request.id)


async def test_what_a_policy_keeps_is_not_given_back_but_can_be_removed(harness):
    """Its holders may not; an admin may."""
    policy = harness.policy_of(CAMPAIGN)
    policy.settings["requestorSettings"]["enableTargetsToSelfRemoveAccess"] = False
    held = holds(harness, CAMPAIGN, policy)

    returned = await give_back(harness, held)
    taken = await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="Left"
    )
    await harness.work()

    assert returned.state is State.REFUSED
    assert "An admin can remove it" in (returned.why or "")
    assert (await harness.request(taken.request.id)).state is State.SUBMITTED


async def test_what_a_policy_lets_go_is_given_back(either):
    """By the policy of the assignment, in both versions."""
    held = holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))

    assert (await give_back(either, held)).state is State.SUBMITTED


async def test_a_tightened_extension_goes_back_with_the_new_end(harness):
    """What was approved for thirty days is not granted for thirty under a policy of two."""
    policy = harness.policy_of(seed.FINANCE_REPORTS)
    request = await extension(harness, holds(harness, seed.FINANCE_REPORTS, policy, days=1))
    policy.expiration = Expiration("afterDuration", duration=timedelta(days=2))
    await harness.approvals.decide(
        ask_id=request.ask_id,
        verb=Verb.APPROVE,
        slack_user="U0BO",
        team="T0LATCH",
        channel=None,
    )
    await harness.work()
    again = await harness.request(request.id)

    assert (again.state, again.round) == (State.PENDING, 1)
    assert again.ends_at is not None
    assert again.ends_at <= clock.now() + timedelta(days=2)
    assert harness.posted("adminUpdate") == 0


async def test_an_assignment_of_another_package_is_not_extended_as_this_one(harness):
    """A row that names the wrong package changes nothing."""
    held = holds(harness, CAMPAIGN, harness.policy_of(CAMPAIGN))
    about = wish(
        kind=Kind.EXTEND,
        package_id=seed.FINANCE_REPORTS,
        assignment_id=held.id,
        entra_id=seed.ANN,
    )

    assert "gone in Entra" in await refusal(harness, about)


A_YEAR_AGO = clock.now() - timedelta(days=365)
LAST_YEAR = Expiration("afterDateTime", end=A_YEAR_AGO)


async def test_what_has_ended_for_everybody_is_not_offered_and_not_granted(either):
    """The policy's own date is over: an assignment would end as it begins, and be taken for one that failed."""
    either.policy_of(CAMPAIGN).expiration = LAST_YEAR

    request = await either.ask("marketing-campaign")
    await either.finish()

    assert request.state is State.REFUSED
    assert f"gave it until {kept_moment(A_YEAR_AGO)}" in (request.why or "")
    assert either.posted("adminAdd") == 0
    await either.tenant_sync.run()
    offered = [each.slug for each in await either.request_forms.offered_packages()]
    assert "marketing-campaign" not in offered


async def test_what_ends_while_it_waits_for_a_decision_is_not_granted(either):
    """The date is looked at once more before the grant."""
    policy = either.policy_of(seed.FINANCE_REPORTS)
    policy.expiration = Expiration("afterDateTime", end=clock.now() + timedelta(days=1))
    await either.tenant_sync.run()
    request = await either.ask("finance-reports", reason="Q4")
    assert request.state is State.PENDING
    either.shift(timedelta(days=2))

    await decide(either, request, "U0BO")
    await either.finish()

    request = await either.request(request.id)
    assert request.state is State.REFUSED
    assert "gave it until" in (request.why or "")
    assert either.posted("adminAdd") == 0


async def test_of_two_equal_policies_the_one_that_still_gives_something_is_meant(either):
    """Nobody is asked to choose what is over."""
    over = another_policy(either, CAMPAIGN, expiration=LAST_YEAR)
    await either.tenant_sync.run()

    request = await either.ask("marketing-campaign")

    assert request.terms is not None
    assert request.terms.policy_id not in (None, over.id)
    assert request.state is not State.REFUSED


async def test_a_general_policy_does_not_step_in_for_one_that_is_over(either):
    """Nothing says that Entra would let it."""
    another_policy(either, CAMPAIGN, allowed_target_scope="allDirectoryUsers")
    either.policy_of(CAMPAIGN).expiration = LAST_YEAR
    await either.tenant_sync.run()

    request = await either.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert either.posted("adminAdd") == 0


def shown_as(assignment_id: str, target: dict[str, Any] | None) -> Fault:
    """One assignment as if Graph said this of whose it is."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        if body.get("id") == assignment_id:
            body["target"] = target
        return httpx.Response(answer.status_code, json=body, request=request)

    return do


async def return_it(harness: BotHarness, held: Assignment) -> Request:
    """Ann gives back what she has."""
    await harness.tenant_sync.run()
    await harness.people.identify("U0ANN")
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.work()
    return await harness.request(taken.request.id)


ANOTHER: dict[str, Any] = {"id": "subject", "objectId": seed.CY, "displayName": "Cy"}


@pytest.mark.parametrize("change", [extension, return_it])
@pytest.mark.parametrize(
    ("target", "state"),
    [
        # Whose it is was not read: that is no yes, and no no.
        (None, State.RECEIVED),
        ({**ANOTHER, "objectId": None}, State.RECEIVED),
        (ANOTHER, State.REFUSED),
    ],
    ids=["not read", "an unknown account", "another account"],
)
async def test_access_is_changed_only_for_whom_graph_names(harness, change, target, state):
    """Our own row may be older than what Graph says."""
    held = holds(harness, CAMPAIGN, harness.policy_of(CAMPAIGN))
    await harness.tenant_sync.run()
    harness.line.on("GET .*/assignments/.*", shown_as(held.id, target), times=10**6)

    request = await change(harness, held)

    assert request.state is state
    assert harness.posted("adminUpdate") + harness.posted("adminRemove") == 0


@pytest.mark.made_up("a state that Graph does not have")
async def test_access_in_a_state_that_is_not_known_is_not_given_twice(either):
    """It may be there: nothing is granted until Graph says how it is."""
    either.tenant.world.lenient = True
    holds(either, CAMPAIGN, either.policy_of(CAMPAIGN)).state = "somethingNew"

    request = await either.ask("marketing-campaign")

    assert request.state is State.RECEIVED
    assert either.posted("adminAdd") == 0
