"""The sync writes what Graph says, and notices what has ended without us."""

import asyncio
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest

from bot import clock
from bot.assignments.model import Assignment, AssignmentState, EndReason
from bot.assignments.store import assignments
from bot.packages.store import catalog
from bot.sync.assignments import LISTS_AT_ONCE
from graph.errors import GraphError, Throttled
from graph.subjects.assignments import ACCESS_STATES
from graph.values import FIRST_MOMENT, LAST_MOMENT
from sandbox.tenant import seed
from sandbox.tenant.model import Expiration
from tests.harness import crowd
from tests.harness.by_hand import BotHarness
from tests.harness.faults import and_then, answering
from tests.harness.wires import GoOn, operations_of

LIST = "GET .*/assignments$"
PAGE_SECONDS = 0.4
EVER = 10**6


async def test_what_is_offered_is_what_graph_has(harness):
    """Slugs, contents, how long, whether somebody decides."""
    packages = {each.slug: each for each in await harness.request_forms.offered_packages()}

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


async def test_a_package_that_is_gone_is_not_offered(harness):
    """Nor one whose policy lets nobody ask."""
    harness.tenant.delete_package(seed.BOARD_PAPERS)
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestorSettings"][
        "enableTargetsToSelfAddAccess"
    ] = False

    await harness.tenant_sync.run()

    assert [each.slug for each in await harness.request_forms.offered_packages()] == [
        "marketing-campaign",
        "production-database",
    ]


async def test_two_packages_may_swap_their_names(harness):
    """Each slug passes to the other without standing in its way."""
    packages = harness.tenant.world.packages
    one, two = packages[seed.FINANCE_REPORTS], packages[seed.BOARD_PAPERS]
    one.display_name, two.display_name = two.display_name, one.display_name

    await harness.tenant_sync.run()

    slugs = {each.id: each.slug for each in await harness.store.run(catalog.list_all)}
    assert slugs[seed.FINANCE_REPORTS] == "board-papers"
    assert slugs[seed.BOARD_PAPERS] == "finance-reports"


async def test_a_new_package_of_the_same_name_takes_no_slug_away(harness):
    """What people typed yesterday must not mean another package today."""
    twin = "00000000-0000-4000-8000-000000000000"
    campaign = harness.tenant.world.packages[seed.MARKETING_CAMPAIGN]
    harness.tenant.world.packages[twin] = type(campaign)(
        **{**vars(campaign), "id": twin, "role_scopes": []}
    )

    await harness.tenant_sync.run()

    slugs = {each.id: each.slug for each in await harness.store.run(catalog.list_all)}
    assert slugs[seed.MARKETING_CAMPAIGN] == "marketing-campaign"
    assert slugs[twin] == "marketing-campaign-2"


async def give(harness: BotHarness, user: str = seed.ANN) -> str:
    """Somebody gives the campaign in Entra's portal; its assignment's id."""
    await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=user,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
    )
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    await harness.tenant_sync.run()
    return next(reversed(harness.tenant.world.assignments))


async def row(harness: BotHarness, assignment_id: str) -> Assignment:
    found = await harness.store.run(assignments.find, assignment_id)
    assert found is not None
    return found


async def test_access_that_was_given_elsewhere_is_found_with_its_holder(harness):
    """By the address that Slack has confirmed."""
    found = await row(harness, await give(harness))

    assert (found.holder, found.holder_name, found.entra_id) == ("U0ANN", "Ann Abara", seed.ANN)
    assert found.ends_at == harness.tenant.world.assignments[found.id].end


async def test_a_holder_who_is_not_in_slack_is_kept_without(harness):
    """And looked for again another day, not with each sync."""
    harness.workspace.people["U0ANN"].email = None

    found = await row(harness, await give(harness))

    calls = len(harness.workspace.calls)
    await harness.tenant_sync.run()
    assert (found.holder, found.state) == (None, AssignmentState.LIVE)
    assert len(harness.workspace.calls) == calls


async def test_access_that_ran_out_is_told_once(harness):
    """The holder reads that it has ended, and how to ask again."""
    held = await give(harness)
    harness.shift(timedelta(days=31))

    for _ in range(2):
        await harness.tenant_sync.run()
        await harness.talk()

    found = await row(harness, held)
    assert (found.state, found.ended_why) == (AssignmentState.ENDED, EndReason.RAN_OUT)
    told = [each.text for each in harness.told("U0ANN") if "ended" in each.text]
    assert len(told) == 1


async def test_access_that_was_ended_in_entra_is_told_so(harness):
    """Not through us."""
    held = await give(harness)
    harness.tenant.remove_assignment(held)

    await harness.tenant_sync.run()
    await harness.talk()

    assert (await row(harness, held)).ended_why == EndReason.OUTSIDE
    assert "by no request that I know of" in harness.told("U0ANN")[-1].text


async def test_an_end_that_was_moved_in_entra_is_followed(harness):
    """Sooner or later, or for good."""
    held = await give(harness)
    for end in (clock.now() + timedelta(days=3), clock.now() + timedelta(days=99), None):
        harness.tenant.move_end(held, end)

        await harness.tenant_sync.run()

        assert (await row(harness, held)).ends_at == end


async def test_a_list_that_lags_ends_nothing(harness):
    """What the list has not, is asked for by its id."""
    held = await give(harness)
    harness.line.on(LIST, empty_list)

    await harness.tenant_sync.run()

    assert (await row(harness, held)).state is AssignmentState.LIVE


async def empty_list(request: httpx.Request, go_on: GoOn) -> httpx.Response:
    return httpx.Response(200, json={"value": []}, request=request)


async def test_graph_down_ends_nothing(harness):
    """The tables stay as they were."""
    held = await give(harness)
    harness.tenant.remove_assignment(held)
    harness.line.on("GET ", answering(503), times=50)

    with pytest.raises(GraphError):
        await harness.tenant_sync.run()

    assert (await row(harness, held)).state is AssignmentState.LIVE


async def test_a_removal_of_ours_is_not_called_an_end_from_outside(harness):
    """The request about it tells the story."""
    held = await give(harness)
    await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held)
    await harness.work()
    harness.shift(timedelta(seconds=10))

    await harness.tenant_sync.run()
    await harness.expire_all_waits()
    await harness.work()
    await harness.tenant_sync.run()
    await harness.talk()

    assert (await row(harness, held)).ended_why == EndReason.RETURNED
    assert not [
        each for each in harness.told("U0ANN") if "by no request that I know of" in each.text
    ]


async def test_a_list_read_before_a_removal_revives_nothing(harness):
    """The sync read its list, and then the access was given back, before the sync wrote."""
    held = await give(harness)
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held)
    await harness.work()

    async def it_is_done():
        harness.shift(timedelta(seconds=10))
        await harness.expire_all_waits()
        await harness.work()

    harness.line.on(LIST, and_then(it_is_done))
    await harness.tenant_sync.run()
    assert (await harness.request(taken.request.id)).state == "delivered"
    assert (await row(harness, held)).state is AssignmentState.ENDED

    await harness.tenant_sync.run()
    await harness.talk()
    assert (await row(harness, held)).ended_why == EndReason.RETURNED
    assert not [
        each for each in harness.told("U0ANN") if "by no request that I know of" in each.text
    ]


async def test_a_role_of_one_catalog_is_enough(harness):
    """Graph then wants every list filtered by package."""
    held = await give(harness)
    harness.tenant.move_end(held, clock.now() + timedelta(days=3))
    harness.line.on(LIST, answering(403, "Forbidden"))

    await harness.tenant_sync.run()

    assert (await row(harness, held)).ends_at == harness.tenant.world.assignments[held].end


def by_package(request: httpx.Request) -> int:
    """Return how many lists of one package's assignments a call asks for."""
    return sum(
        "/assignments?" in each and "accessPackage/id" in unquote(each)
        for each in operations_of(request)
    )


async def test_lists_by_package_are_read_several_at_once(harness):
    """Once one could be read: until then one after the other, because Graph may be down."""
    for number in range(2 * LISTS_AT_ONCE):
        crowd.package(harness.around.outside, number)
    asked, reading = 0, 0
    at_once: list[int] = []

    async def slow(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        nonlocal asked, reading
        lists = by_package(request)
        if not lists and request.url.path.endswith("/assignments"):
            return await answering(403, "Forbidden")(request, go_on)
        asked, reading = asked + lists, reading + lists
        at_once.extend([reading] if lists else [])
        await asyncio.sleep(PAGE_SECONDS)
        reading -= lists
        return await go_on()

    harness.line.on("", slow, times=EVER)
    began = clock.real()

    await harness.tenant_sync.run()

    assert asked == len(harness.tenant.world.packages) * len(ACCESS_STATES)
    assert (at_once[0], max(at_once)) == (1, LISTS_AT_ONCE)
    assert (clock.real() - began).total_seconds() < asked * PAGE_SECONDS / 2


async def test_when_graph_wants_us_to_wait_no_more_lists_are_begun(harness):
    """The sync fails, and comes again."""
    for number in range(3 * LISTS_AT_ONCE):
        crowd.package(harness.around.outside, number)
    asked = 0

    async def throttled(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        nonlocal asked
        lists = by_package(request)
        if not lists and request.url.path.endswith("/assignments"):
            return await answering(403, "Forbidden")(request, go_on)
        asked += lists
        if asked <= len(ACCESS_STATES):
            return await go_on()
        return await answering(429, "TooManyRequests", **{"Retry-After": "600"})(request, go_on)

    harness.line.on("", throttled, times=EVER)

    with pytest.raises(Throttled):
        await harness.tenant_sync.run()

    assert asked == len(ACCESS_STATES) + LISTS_AT_ONCE


async def test_questions_are_read_one_by_one_where_the_list_is_refused(harness):
    """As with a role of one catalog; those that cannot be read are no empty ones."""
    harness.tenant.seed_examples()
    harness.line.on("GET .*/assignmentPolicies$", answering(403, "Forbidden"))
    await harness.tenant_sync.run()
    [asking] = [
        each for each in await harness.store.run(catalog.list_all) if each.slug == "customer-data"
    ]
    assert [len(each.questions) for each in asking.policies] == [2]

    harness.line.on("GET .*/assignmentPolicies$", answering(403, "Forbidden"))
    harness.line.on("POST .*batch", answering(403, "Forbidden"))
    await harness.tenant_sync.run()
    [asking] = [
        each for each in await harness.store.run(catalog.list_all) if each.slug == "customer-data"
    ]
    assert "could not be read" in asking.policies[0].not_askable


async def test_a_policy_that_changes_is_seen_with_the_next_sync(harness):
    """What people read is what would hold."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).expiration = Expiration(
        "afterDuration", duration=timedelta(days=14)
    )

    await harness.tenant_sync.run()

    (campaign,) = [
        each
        for each in await harness.request_forms.offered_packages()
        if each.slug == "marketing-campaign"
    ]
    assert campaign.lasts == "14 days"


@pytest.mark.parametrize(
    "expiration",
    [
        {"type": "afterDateTime", "endDateTime": "9999-12-31T23:59:59-12:00"},
        {"type": "afterDateTime", "endDateTime": "0001-01-01T00:00:00+05:00"},
        {"type": "afterDuration", "duration": "P9999Y"},
    ],
    ids=["after the last day", "before the first", "longer than the calendar"],
)
async def test_a_moment_that_no_calendar_has_keeps_nobody_from_being_seen(harness, expiration):
    """Neither whoever has it, nor the others."""
    odd, other = await give(harness), await give(harness, seed.CY)

    async def lists(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        for each in body["value"]:
            if each["id"] == odd:
                each["schedule"]["expiration"] = expiration
        return httpx.Response(200, json=body, request=request)

    harness.line.on(LIST, lists, times=EVER)
    moved = clock.now() + timedelta(days=3)
    harness.tenant.move_end(other, moved)

    await harness.tenant_sync.run()
    await harness.talk()

    assert (await row(harness, other)).ends_at == moved
    assert (await row(harness, odd)).ends_at in {FIRST_MOMENT, LAST_MOMENT}
