"""Test what is read of Graph before somebody is judged: whole, as it is now, and nothing that decides nothing."""

import httpx
import pytest

from bot.packages.facts import (
    FactReader,
    allows_requests_for_others,
    is_request_for,
    packages_held,
    packages_in,
    policy_of,
    read_case,
    read_extension_case,
)
from bot.packages.model import NamedObject
from graph.errors import BadAnswer, GraphError
from graph.models import AccessPackageAssignment, AssignmentRequest
from sandbox.tenant import seed
from tests.bot.packages.test_eligibility import another_policy
from tests.bot.packages.test_eligibility_over_time import holds
from tests.bot.packages.test_incompatible import exclude
from tests.bot.samples import ANN, BO, members, package, policy, user
from tests.harness.faults import answering

CAMPAIGN, REPORTS, PAPERS = seed.MARKETING_CAMPAIGN, seed.FINANCE_REPORTS, seed.BOARD_PAPERS
GONE = "c0000000-0000-4000-8000-0000000000ff"
HAS_CAMPAIGN = NamedObject(id=CAMPAIGN, name="Marketing Campaign")
HAS_REPORTS = NamedObject(id=REPORTS, name="Finance Reports")
HAS_PAPERS = NamedObject(id=PAPERS, name="Board Papers")


def of(each):
    """A policy's id and whether it was read whole."""
    return (each.id, each.questions is not None, each.custom_extension_stage_settings is not None)


async def test_policies_are_read_whole_and_none_that_is_gone_is_left_out(either):
    """Whether they are none, one or several: what a package lists and Graph does not show may be the one that applies."""
    reads = FactReader(either.graph)
    one = either.policy_of(CAMPAIGN).id
    two = another_policy(either, CAMPAIGN).id
    whole = {one: (one, True, True), two: (two, True, True)}

    assert await reads.policies([]) == []
    assert [of(each) for each in await reads.policies([one])] == [whole[one]]
    assert [of(each) for each in await reads.policies([one, two])] == [whole[one], whole[two]]
    for asked in ([GONE], [two, GONE, one]):
        with pytest.raises(BadAnswer):
            await reads.policies(asked)
    assert await reads.policy(GONE) is None
    assert of(await reads.policy(one)) == whole[one]


async def test_one_policy_is_read_without_a_batch(harness):
    """Which costs as much, and is one more thing that may be refused."""
    before = len(harness.line.sent)

    await FactReader(harness.graph).policies([harness.policy_of(CAMPAIGN).id])

    (sent,) = harness.line.sent[before:]
    assert "$batch" not in sent


async def refused_in_part(request, go_on):
    """Graph refuses one of a batch, and only that."""
    answer = await go_on()
    await answer.aread()
    body = answer.json()
    body["responses"][-1] |= {"status": 403, "body": {"error": {"code": "x", "message": "No."}}}
    return httpx.Response(answer.status_code, json=body, request=request)


async def test_policies_that_cannot_be_read_are_not_left_out(harness):
    """One of them may be the one that applies."""
    one, two = harness.policy_of(CAMPAIGN).id, another_policy(harness, CAMPAIGN).id
    reads = FactReader(harness.graph)
    harness.line.on(r"POST .*\$batch", refused_in_part, times=9)
    harness.line.on("GET .*ssignmentPolicies.*", answering(403), times=9)

    with pytest.raises(GraphError):
        await reads.policies([one, two])
    with pytest.raises(GraphError):
        await reads.policies([one])


async def test_nothing_is_asked_about_no_groups(harness):
    """Most policies name none."""
    before = len(harness.line.sent)

    assert not (await FactReader(harness.graph).groups_of(seed.ANN, [])).found
    assert len(harness.line.sent) == before
    asked = [seed.SECURITY_REVIEWERS, seed.MARKETING]
    theirs = await FactReader(harness.graph).groups_of(seed.BO, asked)
    assert theirs.found == {seed.SECURITY_REVIEWERS}


LISTS_ARE_READ = r"GET .*ssignments(\?|$)"


def only_by_package(harness):
    """With a catalog-scoped role, Graph wants every list filtered by package."""

    async def refuse(request, go_on):
        if "accessPackage" in request.url.params.get("$filter", ""):
            return await go_on()
        return await answering(403)(request, go_on)

    harness.line.on(LISTS_ARE_READ, refuse, times=99)


@pytest.mark.parametrize("is_scoped", [False, True])
async def test_what_somebody_has_excludes_both_ways_and_so_does_what_is_known(either, is_scoped):
    """By name and in one order; what is over excludes nothing, and neither does the package itself."""
    for other in (REPORTS, PAPERS):
        exclude(either, CAMPAIGN, other)
        exclude(either, other, CAMPAIGN)
    holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))
    reports = holds(either, REPORTS, either.policy_of(REPORTS))
    if is_scoped:
        only_by_package(either)
    reads = FactReader(either.graph)

    assert await reads.beside(CAMPAIGN, seed.ANN, []) == ((HAS_REPORTS,), (HAS_REPORTS,))
    both = tuple(sorted((HAS_REPORTS, HAS_PAPERS), key=lambda each: each.id))
    assert await reads.beside(CAMPAIGN, seed.ANN, [PAPERS]) == (both, both)
    assert await reads.beside(REPORTS, seed.ANN, []) == ((HAS_CAMPAIGN,), (HAS_CAMPAIGN,))
    assert await reads.beside(CAMPAIGN, seed.BO, []) == ((), ())
    reports.state = "expired"
    assert await reads.beside(CAMPAIGN, seed.ANN, []) == ((), ())


async def test_each_way_of_excluding_is_told_from_the_other(either):
    """Entra minds one of them."""
    exclude(either, CAMPAIGN, REPORTS)
    holds(either, REPORTS, either.policy_of(REPORTS))
    holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))
    reads = FactReader(either.graph)

    assert await reads.beside(CAMPAIGN, seed.ANN, []) == ((HAS_REPORTS,), ())
    assert await reads.beside(REPORTS, seed.ANN, []) == ((), (HAS_CAMPAIGN,))


async def test_whoever_has_nothing_else_costs_no_look_at_what_excludes(harness):
    """Nor does whoever has only the package itself, as for an extension."""
    holds(harness, CAMPAIGN, harness.policy_of(CAMPAIGN))
    before = len(harness.line.sent)

    assert await FactReader(harness.graph).beside(CAMPAIGN, seed.ANN, [CAMPAIGN]) == ((), ())
    assert await FactReader(harness.graph).beside(CAMPAIGN, seed.BO, []) == ((), ())

    assert len(harness.line.sent) == before + 2


async def test_lists_that_are_refused_are_read_by_package(either):
    """Of those packages and no others, whichever of both lists tells it."""
    held = {CAMPAIGN: holds(either, CAMPAIGN, either.policy_of(CAMPAIGN))}
    held[REPORTS] = holds(either, REPORTS, either.policy_of(REPORTS))
    for _ in range(2):
        assert await packages_held(either.graph, seed.ANN, [CAMPAIGN, PAPERS]) == {CAMPAIGN}
        assert await packages_held(either.graph, seed.ANN, [CAMPAIGN, REPORTS]) == set(held)
        assert await packages_held(either.graph, seed.BO, [CAMPAIGN]) == set()
        only_by_package(either)
    assert await FactReader(either.graph).holdings(seed.ANN) is None


async def test_what_somebody_has_of_no_packages_is_not_asked(harness):
    """It is nothing."""
    before = len(harness.line.sent)

    assert await packages_held(harness.graph, seed.ANN, []) == set()
    assert len(harness.line.sent) == before


async def test_a_list_that_fails_in_another_way_is_not_nothing(harness):
    """What they have is not known then."""
    harness.line.on(LISTS_ARE_READ, answering(500), times=99)

    with pytest.raises(GraphError):
        await FactReader(harness.graph).holdings(seed.ANN)
    with pytest.raises(GraphError):
        await packages_held(harness.graph, seed.ANN, [CAMPAIGN])
    with pytest.raises(GraphError):
        await FactReader(harness.graph).beside(CAMPAIGN, seed.ANN, [])


def assignment(**changes):
    return AccessPackageAssignment.model_validate(
        {"id": "held", "state": "delivered", "accessPackage": {"id": "campaign"}, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"state": "delivering"}, True),
        ({"state": "somethingNew"}, True),
        ({"state": None}, True),
        ({"state": "expired"}, False),
        ({"state": "EXPIRED"}, False),
        ({"state": "deliveryFailed"}, False),
        ({"state": "expired", "accessPackage": None}, False),
    ],
)
def test_whatever_is_not_over_is_access_or_about_to_be(changes, counts):
    """Graph's states, and those that it will have."""
    assert packages_in([assignment(**changes)]) == ({"campaign"} if counts else set())


def test_access_of_which_nobody_says_what_it_is_may_be_anything():
    """It is not left out as if it were nothing."""
    with pytest.raises(BadAnswer):
        packages_in([assignment(), assignment(accessPackage=None)])


# -- the whole case --------------------------------------------------------------------------


async def the_case(harness, user_id=seed.ANN, package_id=CAMPAIGN, **more):
    read = await harness.graph.packages.get(package_id)
    person = await harness.graph.users.get(user_id)
    return await read_case(FactReader(harness.graph), read, person, **more)


async def test_the_case_is_all_that_decides(either):
    """Who they are and in which of the groups that count; what excludes it; and what it excludes."""
    world = either.tenant.world
    world.packages[CAMPAIGN].incompatible_groups += [seed.SECURITY_REVIEWERS, seed.MARKETING]
    exclude(either, CAMPAIGN, REPORTS)
    exclude(either, PAPERS, CAMPAIGN)
    for package_id in (REPORTS, PAPERS):
        policy_there = either.policy_of(package_id)
        holds(either, package_id, policy_there).target_id = seed.BO

    case = await the_case(either, seed.BO)

    assert case.package.id == CAMPAIGN
    assert (case.requester.entra_id, case.requester.is_guest) == (seed.BO, False)
    assert case.requester.groups == {seed.SECURITY_REVIEWERS}
    name = world.groups[seed.SECURITY_REVIEWERS].display_name
    assert case.excluding_groups == (NamedObject(id=seed.SECURITY_REVIEWERS, name=name),)
    assert case.excluded_by == (HAS_REPORTS,)
    assert case.excluded == (HAS_PAPERS,)


async def test_what_is_known_of_them_counts_in_the_case(harness):
    """Graph's lists lag."""
    exclude(harness, CAMPAIGN, REPORTS)

    assert (await the_case(harness)).excluded_by == ()
    assert (await the_case(harness, known=[REPORTS])).excluded_by == (HAS_REPORTS,)


async def test_only_policies_that_may_let_them_ask_are_read(either):
    """Those that cannot be told among them, by themselves and whole; and those that are wanted anyway."""
    theirs = either.policy_of(CAMPAIGN)
    by_group = another_policy(
        either,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[members(seed.SECURITY_REVIEWERS)],
    )
    of_mia = another_policy(
        either,
        CAMPAIGN,
        allowed_target_scope="specificDirectoryUsers",
        specific_allowed_targets=[user(seed.MIA)],
    )
    theirs.allowed_target_scope = "allMemberUsers"
    theirs.specific_allowed_targets = []

    async def read(user_id, **more):
        return [each.id for each in (await the_case(either, user_id, **more)).policies]

    assert await read(seed.ANN) == [theirs.id]
    assert sorted(await read(seed.BO)) == sorted([theirs.id, by_group.id])
    assert sorted(await read(seed.ANN, also=[of_mia.id])) == sorted([theirs.id, of_mia.id])
    either.tenant.world.users[seed.ANN].user_type = None
    assert await read(seed.ANN) == [theirs.id]
    case = await the_case(either, seed.BO)
    assert case.requester.groups == {seed.SECURITY_REVIEWERS}
    assert [of(each)[1:] for each in case.policies] == [(True, True)] * 2


# -- extensions ------------------------------------------------------------------------------


async def of_held(harness, held):
    (found,) = [
        each
        for each in await harness.graph.assignments.list(user_id=seed.ANN)
        if each.id == held.id
    ]
    return found


async def test_an_extension_is_judged_by_its_own_policy_whole(either):
    """And by the groups that it names."""
    own = either.policy_of(REPORTS)
    own.allowed_target_scope = "specificDirectoryUsers"
    own.specific_allowed_targets = [members(seed.SECURITY_REVIEWERS), members(seed.MARKETING)]
    either.tenant.world.groups[seed.MARKETING].members.append(seed.ANN)
    held = await of_held(either, holds(either, REPORTS, own))
    read = await either.graph.packages.get(REPORTS)
    ann = await either.graph.users.get(seed.ANN)

    case, under = await read_extension_case(either.graph, read, ann, held)

    assert of(under) == (own.id, True, True)
    assert (case.package, case.policies) == (read, ())
    assert (case.requester.entra_id, case.requester.is_guest) == (seed.ANN, False)
    assert case.requester.groups == {seed.MARKETING}
    assert await policy_of(either.graph, held) == under


@pytest.mark.parametrize(
    "changes",
    [
        {"accessPackage": {"id": REPORTS}},
        {"accessPackage": None},
        {"assignmentPolicy": None},
        {"assignmentPolicy": {"id": GONE}},
    ],
    ids=str,
)
async def test_without_a_policy_of_this_package_there_is_none(harness, changes):
    """Neither another package's, nor one that is not said, nor one that is gone."""
    own = harness.policy_of(CAMPAIGN)
    facts = {"accessPackage": {"id": CAMPAIGN}, "assignmentPolicy": {"id": own.id}, **changes}
    held = assignment(**facts)
    read = await harness.graph.packages.get(CAMPAIGN)
    ann = await harness.graph.users.get(seed.ANN)

    case, under = await read_extension_case(harness.graph, read, ann, held)

    assert under is None
    assert case.requester.groups == frozenset()
    assert await policy_of(harness.graph, held) is None


async def test_a_policy_of_another_package_is_not_the_assignments(harness):
    """Both say of which package they are."""
    other = harness.policy_of(REPORTS)
    held = assignment(accessPackage={"id": CAMPAIGN}, assignmentPolicy={"id": other.id})

    assert await policy_of(harness.graph, held) is None


# -- requests in Entra -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "allows"),
    [
        ([], False),
        ([{"enableOnBehalfRequestorsToAddAccess": True}], True),
        ([{"enableOnBehalfRequestorsToAddAccess": False}], False),
        ([{"enableOnBehalfRequestorsToAddAccess": None}], True),
        ([{}], True),
        ([None], True),
        ([{"enableOnBehalfRequestorsToAddAccess": False}, None], True),
        ([{"enableOnBehalfRequestorsToAddAccess": False}] * 2, False),
    ],
    ids=str,
)
def test_only_a_plain_no_of_every_policy_says_that_nobody_asks_for_others(settings, allows):
    """What Graph does not say is not no."""
    read = package().model_copy(
        update={"assignment_policies": [policy(requestorSettings=each) for each in settings]}
    )

    assert allows_requests_for_others(read) is allows


OF_ANN, OF_BO = {"objectId": ANN}, {"objectId": BO}


@pytest.mark.parametrize(
    ("facts", "on_behalf", "is_theirs"),
    [
        ({"requestType": "userAdd", "assignment": {"id": "x", "target": OF_ANN}}, False, True),
        ({"requestType": "userAdd", "assignment": {"id": "x", "target": OF_ANN}}, True, True),
        ({"requestType": "adminAdd", "assignment": {"id": "x", "target": OF_ANN}}, False, True),
        ({"requestType": "ADMINADD", "assignment": {"id": "x", "target": OF_ANN}}, True, True),
        ({"requestType": "userAdd", "assignment": {"id": "x", "target": OF_BO}}, False, False),
        # Somebody else has asked for them, and the contrary.
        (
            {
                "requestType": "userAdd",
                "assignment": {"id": "x", "target": OF_ANN},
                "requestor": OF_BO,
            },
            False,
            True,
        ),
        (
            {
                "requestType": "userAdd",
                "assignment": {"id": "x", "target": OF_BO},
                "requestor": OF_ANN,
            },
            False,
            False,
        ),
        # Before there is an assignment.
        ({"requestType": "userAdd", "requestor": OF_ANN}, False, True),
        ({"requestType": "userAdd", "requestor": OF_BO}, False, False),
        ({"requestType": "userAdd", "requestor": OF_ANN}, True, False),
        ({"requestType": "userAdd", "requestor": OF_ANN, "assignment": {"id": "x"}}, False, True),
        ({"requestType": "adminAdd", "requestor": OF_ANN}, False, False),
        ({"requestType": "userAdd"}, False, False),
        # Not about new access.
        ({"requestType": "userUpdate", "assignment": {"id": "x", "target": OF_ANN}}, False, False),
        ({"requestType": "userRemove", "requestor": OF_ANN}, False, False),
        ({"requestType": "adminRemove", "requestor": OF_ANN}, False, False),
        ({"assignment": {"id": "x", "target": OF_ANN}}, False, False),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("state", "is_open"),
    [("pendingApproval", True), ("delivering", True), ("delivered", False), ("denied", False)],
)
def test_an_open_request_for_new_access_is_theirs_by_its_target(
    facts, on_behalf, is_theirs, state, is_open
):
    """Or by who asks, as long as nobody can ask for others."""
    asked = AssignmentRequest.model_validate({"id": "r", "state": state, **facts})

    assert is_request_for(asked, ANN, on_behalf=on_behalf) is (is_theirs and is_open)


async def test_what_is_held_of_another_package_is_not_extended_as_this_one(harness):
    """Although its own policy is there."""
    held = await of_held(harness, holds(harness, REPORTS, harness.policy_of(REPORTS)))
    read = await harness.graph.packages.get(CAMPAIGN)
    ann = await harness.graph.users.get(seed.ANN)

    _, under = await read_extension_case(harness.graph, read, ann, held)

    assert under is None
    assert await policy_of(harness.graph, held) is not None


async def test_a_group_without_a_name_is_called_by_its_id(harness):
    """It excludes all the same."""
    world = harness.tenant.world
    world.packages[CAMPAIGN].incompatible_groups.append(seed.SECURITY_REVIEWERS)
    world.groups[seed.SECURITY_REVIEWERS].display_name = ""

    case = await the_case(harness, seed.BO)

    expected = NamedObject(id=seed.SECURITY_REVIEWERS, name=seed.SECURITY_REVIEWERS)
    assert case.excluding_groups == (expected,)
