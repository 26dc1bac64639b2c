"""The mirror says what Graph says, and notices what has ended without us."""

from datetime import timedelta

import pytest

from bot import clock
from bot.models import Assignment, AssignmentState, Ended
from bot.store import assignments, catalog
from graph.errors import GraphError
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration
from tests.bot.conftest import Office, and_then, answering

LIST = "GET .*/assignments$"


async def test_what_is_offered_is_what_graph_has(office):
    """Slugs, contents, how long, whether somebody decides."""
    packages = {each.slug: each for each in await office.desk.offer()}

    finance = packages["finance-reports"]
    assert (finance.id, finance.lasts) == (seed.FINANCE_REPORTS, "30 days")
    assert (finance.needs_reason, finance.needs_approval) == (True, True)
    assert packages["board-papers"].lasts == "no end date"
    assert packages["board-papers"].can_extend == ()
    assert set(packages) == {
        "finance-reports",
        "marketing-campaign",
        "production-database",
        "board-papers",
    }


async def test_a_package_that_is_gone_is_not_offered(office):
    """Nor one whose policy lets nobody ask."""
    office.tenant.delete_package(seed.BOARD_PAPERS)
    office.policy_of(seed.FINANCE_REPORTS).settings["requestorSettings"][
        "enableTargetsToSelfAddAccess"
    ] = False

    await office.mirror.sweep()

    assert [each.slug for each in await office.desk.offer()] == [
        "marketing-campaign",
        "production-database",
    ]


async def test_two_packages_may_swap_their_names(office):
    """Each slug passes to the other without standing in its way."""
    packages = office.tenant.world.packages
    one, two = packages[seed.FINANCE_REPORTS], packages[seed.BOARD_PAPERS]
    one.display_name, two.display_name = two.display_name, one.display_name

    await office.mirror.sweep()

    slugs = {each.id: each.slug for each in await office.store.run(catalog.everything)}
    assert slugs[seed.FINANCE_REPORTS] == "board-papers"
    assert slugs[seed.BOARD_PAPERS] == "finance-reports"


async def test_a_new_package_of_the_same_name_takes_no_slug_away(office):
    """What people typed yesterday must not mean another package today."""
    twin = "00000000-0000-4000-8000-000000000000"
    campaign = office.tenant.world.packages[seed.MARKETING_CAMPAIGN]
    office.tenant.world.packages[twin] = type(campaign)(
        **{**vars(campaign), "id": twin, "role_scopes": []}
    )

    await office.mirror.sweep()

    slugs = {each.id: each.slug for each in await office.store.run(catalog.everything)}
    assert slugs[seed.MARKETING_CAMPAIGN] == "marketing-campaign"
    assert slugs[twin] == "marketing-campaign-2"


async def give(office: Office, user: str = seed.ANN) -> str:
    """Somebody gives the campaign in Entra's portal; its assignment's id."""
    await office.graph.assignments.request(
        request_type="adminAdd",
        target_id=user,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=office.policy_of(seed.MARKETING_CAMPAIGN).id,
    )
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    await office.mirror.sweep()
    return next(reversed(office.tenant.world.assignments))


async def row(office: Office, assignment_id: str) -> Assignment:
    found = await office.store.run(assignments.get, assignment_id)
    assert found is not None
    return found


async def test_access_that_was_given_elsewhere_is_found_with_its_holder(office):
    """By the address that Slack has confirmed."""
    found = await row(office, await give(office))

    assert (found.holder, found.holder_name, found.entra_id) == ("U0ANN", "Ann Abara", seed.ANN)
    assert found.ends_at == office.tenant.world.assignments[found.id].end


async def test_a_holder_who_is_not_in_slack_is_kept_without(office):
    """And looked for again another day, not with each sweep."""
    office.workspace.people["U0ANN"].email = None

    found = await row(office, await give(office))

    calls = len(office.workspace.calls)
    await office.mirror.sweep()
    assert (found.holder, found.state) == (None, AssignmentState.LIVE)
    assert len(office.workspace.calls) == calls


async def test_access_that_ran_out_is_told_once(office):
    """The holder reads that it has ended, and how to ask again."""
    held = await give(office)
    office.shift(timedelta(days=31))

    for _ in range(2):
        await office.mirror.sweep()
        await office.talk()

    found = await row(office, held)
    assert (found.state, found.ended_why) == (AssignmentState.ENDED, Ended.RAN_OUT)
    told = [each.text for each in office.told("U0ANN") if "ended" in each.text]
    assert len(told) == 1


async def test_access_that_was_ended_in_entra_is_told_so(office):
    """Not through us."""
    held = await give(office)
    office.tenant.remove_assignment(held)

    await office.mirror.sweep()
    await office.talk()

    assert (await row(office, held)).ended_why == Ended.OUTSIDE
    assert "not through me" in office.told("U0ANN")[-1].text


async def test_an_end_that_was_moved_in_entra_is_followed(office):
    """Sooner or later, or for good."""
    held = await give(office)
    for end in (clock.now() + timedelta(days=3), clock.now() + timedelta(days=99), None):
        office.tenant.move_end(held, end)

        await office.mirror.sweep()

        assert (await row(office, held)).ends_at == end


async def test_a_list_that_lags_ends_nothing(office):
    """What the list has not, is asked for by its id."""
    held = await give(office)
    office.line.on(LIST, empty_list)

    await office.mirror.sweep()

    assert (await row(office, held)).state is AssignmentState.LIVE


async def empty_list(request, go_on):
    answer = await answering(200)(request, go_on)
    answer._content = b'{"value": []}'
    return answer


async def test_graph_down_ends_nothing(office):
    """The tables stay as they were."""
    held = await give(office)
    office.tenant.remove_assignment(held)
    office.line.on("GET ", answering(503), times=50)

    with pytest.raises(GraphError):
        await office.mirror.sweep()

    assert (await row(office, held)).state is AssignmentState.LIVE


async def test_a_removal_of_ours_is_not_called_an_end_from_outside(office):
    """The request about it tells the story."""
    held = await give(office)
    await office.desk.give_back(slack_user="U0ANN", assignment_id=held)
    await office.work()
    office.shift(timedelta(seconds=10))

    await office.mirror.sweep()
    await office.hurry()
    await office.work()
    await office.mirror.sweep()
    await office.talk()

    assert (await row(office, held)).ended_why == Ended.RETURNED
    assert not [each for each in office.told("U0ANN") if "not through me" in each.text]


async def test_a_list_read_before_a_removal_revives_nothing(office):
    """The sweep read its list, and then the access was given back, before the sweep wrote."""
    held = await give(office)
    taken = await office.desk.give_back(slack_user="U0ANN", assignment_id=held)
    await office.work()

    async def it_is_done():
        office.shift(timedelta(seconds=10))
        await office.hurry()
        await office.work()

    office.line.on(LIST, and_then(it_is_done))
    await office.mirror.sweep()
    assert (await office.request(taken.request.id)).state == "delivered"
    assert (await row(office, held)).state is AssignmentState.ENDED

    await office.mirror.sweep()
    await office.talk()
    assert (await row(office, held)).ended_why == Ended.RETURNED
    assert not [each for each in office.told("U0ANN") if "not through me" in each.text]


async def test_a_role_of_one_catalog_is_enough(office):
    """Graph then wants every list filtered by package."""
    held = await give(office)
    office.tenant.move_end(held, clock.now() + timedelta(days=3))
    office.line.on(LIST, answering(403, "Forbidden"))

    await office.mirror.sweep()

    assert (await row(office, held)).ends_at == office.tenant.world.assignments[held].end


async def test_a_policy_that_changes_is_seen_with_the_next_sweep(office):
    """What people read is what would hold."""
    office.policy_of(seed.MARKETING_CAMPAIGN).expiration = Expiration(
        "afterDuration", duration=timedelta(days=14)
    )

    await office.mirror.sweep()

    (campaign,) = [each for each in await office.desk.offer() if each.slug == "marketing-campaign"]
    assert campaign.lasts == "14 days"
