"""What somebody has may exclude what they ask for: packages and groups, before the approval and after it."""

from datetime import timedelta

import pytest

from bot.messages.approvals import approval_card
from bot.packages.model import NamedObject
from bot.requests.model import State
from sandbox.tenant import seed
from sandbox.tenant.model import Assignment
from tests.bot.packages.test_eligibility import CAMPAIGN, refusal
from tests.bot.packages.test_eligibility_over_time import extension, holds
from tests.bot.samples import terms, user, wish
from tests.harness.by_hand import BotHarness


def exclude(harness: BotHarness, package_id: str, other_id: str) -> None:
    """Whoever has the other may not have the package."""
    harness.tenant.world.packages[package_id].incompatible_packages.append(other_id)


@pytest.mark.made_up("a state that Graph does not have")
@pytest.mark.parametrize("state", ["delivering", "delivered", "partiallyDelivered", "somethingNew"])
async def test_what_they_have_may_exclude_what_they_ask_for(either, state):
    """Separation of duties: who has one may not have the other, and is told why."""
    exclude(either, CAMPAIGN, seed.FINANCE_REPORTS)
    policy = either.policy_of(seed.FINANCE_REPORTS)
    holds(either, seed.FINANCE_REPORTS, policy).state = state

    request = await either.ask("marketing-campaign")

    assert request.state is State.REFUSED
    assert request.why == "It does not go with what you have already: “Finance Reports”."


@pytest.mark.parametrize("state", ["expired", "deliveryFailed"])
async def test_what_they_had_excludes_nothing(harness, state):
    """Only what somebody has counts."""
    exclude(harness, CAMPAIGN, seed.FINANCE_REPORTS)
    holds(harness, seed.FINANCE_REPORTS, harness.policy_of(seed.FINANCE_REPORTS)).state = state

    assert (await harness.ask("marketing-campaign")).state is State.SUBMITTED


async def test_a_group_may_exclude_a_package(either):
    """Through a group within it, too."""
    world = either.tenant.world
    world.packages[CAMPAIGN].incompatible_groups.append(seed.SECURITY_REVIEWERS)
    world.groups[seed.SECURITY_REVIEWERS].members.append(seed.MARKETING)
    world.groups[seed.MARKETING].members.append(seed.ANN)

    request = await either.ask("marketing-campaign")

    assert "does not go with a group that you are in: “Security reviewers”." in (request.why or "")


async def test_what_excludes_after_the_approval_stops_the_grant(harness):
    """It is read again just before the POST."""
    request = wish(package_id=CAMPAIGN)
    await harness.evaluator.access.find_terms(request)
    exclude(harness, CAMPAIGN, seed.FINANCE_REPORTS)
    holds(harness, seed.FINANCE_REPORTS, harness.policy_of(seed.FINANCE_REPORTS))

    assert "does not go with" in await refusal(harness, request)


async def test_what_the_asked_one_excludes_is_on_the_card(either):
    """Entra minds one order only; whoever decides should know of the other."""
    exclude(either, CAMPAIGN, seed.FINANCE_REPORTS)
    exclude(either, CAMPAIGN, seed.BOARD_PAPERS)
    holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))

    request = await either.ask("finance-reports because Q4")

    assert request.state is State.PENDING
    assert request.terms is not None
    assert request.terms.excluded == (NamedObject(id=CAMPAIGN, name="Marketing Campaign"),)


def test_the_card_says_what_is_excluded():
    """In the approvers' words."""
    excluded = (NamedObject(id="x", name="Ledger <admins>"),)
    shown = approval_card.card(wish(state=State.PENDING, terms=terms(excluded=excluded)), [])

    assert "*They already have* “Ledger &lt;admins&gt;”." in str(shown["blocks"])


async def test_two_that_exclude_each_other_are_not_given_in_one_moment(harness):
    """The first is on its way and in none of Graph's lists; the second is refused all the same."""
    policy = harness.policy_of(seed.BOARD_PAPERS)
    policy.specific_allowed_targets = [user(seed.ANN)]
    exclude(harness, seed.BOARD_PAPERS, CAMPAIGN)
    exclude(harness, CAMPAIGN, seed.BOARD_PAPERS)
    first = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    second = await harness.requests.ask(slack_user="U0ANN", text="board-papers")
    await harness.finish()

    ends = [(await harness.request(each.request.id)).state for each in (first, second)]
    assert ends.count(State.DELIVERED) <= 1
    assert State.REFUSED in ends
    assert harness.posted("adminAdd") == ends.count(State.DELIVERED)


async def held_with_another(harness: BotHarness) -> Assignment:
    """Ann has two packages by now, of which one does not go with the other since then; return her access to it."""
    held = holds(harness, CAMPAIGN, harness.policy_of(CAMPAIGN))
    other = holds(harness, seed.FINANCE_REPORTS, harness.policy_of(seed.FINANCE_REPORTS))
    other.end = held.end
    exclude(harness, CAMPAIGN, seed.FINANCE_REPORTS)
    return held


async def test_what_excludes_it_since_then_keeps_access_from_being_extended(either):
    """ "Those users who also have an assignment to the incompatible access package won't be able to re-request access"."""
    held = await held_with_another(either)

    request = await extension(either, held)

    assert request.state is State.REFUSED
    assert request.why == "It does not go with what you have already: “Finance Reports”."
    assert either.posted("adminUpdate") == 0


async def test_a_group_keeps_access_from_being_extended_too(either):
    """By who is in it now."""
    held = holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))
    either.tenant.world.packages[CAMPAIGN].incompatible_groups.append(seed.SECURITY_REVIEWERS)
    assert (await extension(either, held)).state is State.SUBMITTED
    await either.finish()
    either.tenant.world.groups[seed.SECURITY_REVIEWERS].members.append(seed.ANN)
    either.shift(timedelta(days=5))

    request = await extension(either, held)

    assert request.state is State.REFUSED
    assert "does not go with a group that you are in: “Security reviewers”." in (request.why or "")


async def test_the_other_of_two_is_extended_as_ever(harness):
    """Entra minds one order only."""
    held = await held_with_another(harness)
    world = harness.tenant.world
    world.packages[CAMPAIGN].incompatible_packages.clear()
    exclude(harness, seed.FINANCE_REPORTS, CAMPAIGN)

    assert (await extension(harness, held)).state is State.SUBMITTED
