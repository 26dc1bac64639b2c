"""Test who decides: every kind of approver, fallback and escalation, held against the stand-in tenant's own resolver."""

import itertools
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.packages import policy_terms
from bot.packages.model import NamedObject, Stage
from bot.people.approvers import UnresolvedApprovers
from bot.people.model import NamedAs
from bot.requests.model import State
from graph.models import AssignmentPolicy
from sandbox.tenant import seed
from sandbox.tenant.approvers import APPROVER_KINDS, approvers
from sandbox.tenant.model import Group, Organization
from sandbox.tenant.model import Request as TenantRequest
from sandbox.tenant.model import Stage as TenantStage
from tests.bot.samples import approval, terms, wish
from tests.bot.samples import policy as sample
from tests.harness.by_hand import by_hand

GONE = "a0000000-0000-4000-8000-0000000000ff"
FABRIKAM = "0c000000-0000-4000-8000-000000000001"
GROUPS = {
    "nested": "b0000000-0000-4000-8000-0000000000a1",
    "empty": "b0000000-0000-4000-8000-0000000000a2",
    "of Ann": "b0000000-0000-4000-8000-0000000000a3",
    "of the disabled": "b0000000-0000-4000-8000-0000000000a4",
}
LONG_AGO = timedelta(days=2)


def kind(name, **facts):
    return {"@odata.type": f"#microsoft.graph.{name}", **facts}


def user(user_id):
    return kind("singleUser", userId=user_id)


def group(group_id):
    return kind("groupMembers", groupId=group_id)


NAMED = {
    "nobody": [],
    "Bo": [user(seed.BO)],
    "the requester": [user(seed.ANN)],
    "somebody disabled": [user(seed.CY)],
    "somebody deleted": [user(GONE)],
    "a guest": [user(seed.GUS)],
    "a group": [group(seed.SECURITY_REVIEWERS)],
    "a group in a group": [group(GROUPS["nested"])],
    "an empty group": [group(GROUPS["empty"])],
    "a deleted group": [group(GONE)],
    "a group of the requester": [group(GROUPS["of Ann"])],
    "a group of the disabled": [group(GROUPS["of the disabled"])],
    "the manager": [kind("requestorManager")],
    "the manager's manager": [kind("requestorManager", managerLevel=2)],
    "three above": [kind("requestorManager", managerLevel=3)],
    "the target's manager": [kind("targetManager", managerLevel=1)],
    "the organization's sponsors here": [kind("internalSponsors")],
    "the organization's sponsors there": [kind("externalSponsors")],
    "the person's sponsors": [kind("targetUserSponsors")],
    "the requester and somebody disabled": [user(seed.ANN), user(seed.CY)],
    "somebody deleted, and Bo": [user(GONE), user(seed.BO)],
    "a manager, and sponsors": [kind("requestorManager"), kind("targetUserSponsors")],
}
FALLBACK = ("nobody", "Bo", "the requester", "the manager's manager", "a group in a group")
ESCALATION = (
    ("nobody", "nobody"),
    ("a guest", "Bo"),
    ("an empty group", "Bo"),
    ("the requester", "the manager"),
    ("somebody disabled", "somebody deleted"),
)
REQUESTERS = {"a member": seed.ANN, "a member without a manager": seed.BO, "a guest": seed.GUS}


@pytest.fixture
def world(harness):
    """The tutorial's tenant, with all that can be odd about approvers."""
    return furnished(harness)


def furnished(harness):
    world = harness.tenant.world
    now = world.now()
    for name, members in {
        "nested": [GROUPS["empty"], seed.SECURITY_REVIEWERS],
        "empty": [],
        "of Ann": [seed.ANN],
        "of the disabled": [seed.CY],
    }.items():
        world.groups[GROUPS[name]] = Group(GROUPS[name], name, now, members=members)
    world.users[seed.CY].account_enabled = False
    world.users[seed.MIA].manager_id = seed.CY
    world.users[seed.ANN].sponsors = [seed.DANA, GROUPS["of Ann"]]
    world.users[seed.GUS].sponsors = [GROUPS["nested"], seed.CY]
    world.users[seed.GUS].organization_id = FABRIKAM
    world.organizations[FABRIKAM] = Organization(
        FABRIKAM,
        "Fabrikam",
        now,
        internal_sponsors=[seed.MIA, seed.CY],
        external_sponsors=[seed.GUS],
    )
    return world


def settings(first, fallback="nobody", escalation=("nobody", "nobody")):
    """One stage in Graph's words."""
    return {
        "durationBeforeAutomaticDenial": "P14D",
        "isApproverJustificationRequired": False,
        "primaryApprovers": NAMED[first],
        "fallbackPrimaryApprovers": NAMED[fallback],
        "isEscalationEnabled": escalation != ("nobody", "nobody"),
        "durationBeforeEscalation": "P1D",
        "escalationApprovers": NAMED[escalation[0]],
        "fallbackEscalationApprovers": NAMED[escalation[1]],
    }


def ours(said):
    """The same stage, as Latchkey reads it."""
    (stage,) = policy_terms.stages_for(
        sample(requestApprovalSettings=approval(said)), extending=False, always=False
    )
    return stage


def theirs(world, said, requester, *, escalated, asker=None):
    """Return whom the stand-in tenant lets decide it."""
    now = world.now()
    began = now - LONG_AGO if escalated else now
    request = TenantRequest("r", "userAdd", now, "p", "o", requester, asker or requester)
    return approvers(world, request, TenantStage("s", said, started_at=began), now)


CASES = list(itertools.product(NAMED, FALLBACK, ESCALATION))


@pytest.mark.parametrize("requester", REQUESTERS)
@pytest.mark.parametrize("escalated", [False, True])
async def test_whoever_decides_in_entra_decides_here(harness, world, requester, escalated):
    """Kinds, fallback and escalation, each with each, for one of the requesters; listed for the cards, and asked about one by one."""
    entra_id = REQUESTERS[requester]
    request = wish(entra_id=entra_id, escalated=escalated)
    # Whose turn it is at the first, the run's seed says; the other requesters have the other cases.
    turn = [*REQUESTERS].index(requester) + harness.around.loop.seed
    for first, fallback, escalation in CASES[turn % len(REQUESTERS) :: len(REQUESTERS)]:
        # Before the escalation one of its forms will do, and after it fewer fallbacks.
        if escalation != ESCALATION[1] if not escalated else fallback not in FALLBACK[:3]:
            continue
        said = settings(first, fallback, escalation)
        stage = ours(said)
        expected = theirs(world, said, entra_id, escalated=escalated)
        about = (first, fallback, escalation)

        found = await harness.permissions.approvers.find(stage, request, most=99)

        assert {each.id for each in found} == expected, about
        assert await harness.permissions.approvers.has_any(stage, request) is bool(expected)
        for person in {seed.BO, seed.DANA, seed.MIA, seed.GUS, entra_id}:
            named = await harness.permissions.approvers.includes(stage, request, person)
            assert named is (person in expected), (*about, person)


def asked_by_dana(**facts):
    """Dana asks for Ann."""
    return wish(
        entra_id=seed.ANN, terms=terms(asker=NamedObject(id=seed.DANA, name="Dana Diaz")), **facts
    )


@pytest.mark.parametrize("escalated", [False, True])
async def test_who_asks_for_somebody_else_decides_as_little_as_they(harness, world, escalated):
    """Nor does the requester's manager mean the same as the target's."""
    world.users[seed.DANA].manager_id = seed.BO
    request = asked_by_dana(escalated=escalated)
    asker = [user(seed.DANA), user(seed.ANN)]
    for first in (*NAMED, "asker"):
        said = settings("nobody", "a guest") | {
            "primaryApprovers": NAMED.get(first, asker),
            "isEscalationEnabled": True,
            "escalationApprovers": asker,
            "fallbackEscalationApprovers": NAMED["somebody deleted, and Bo"],
        }
        stage = ours(said)
        expected = theirs(world, said, seed.ANN, escalated=escalated, asker=seed.DANA)

        found = await harness.permissions.approvers.find(stage, request, most=99)

        assert {each.id for each in found} == expected, first
        for person in (seed.ANN, seed.BO, seed.DANA, seed.MIA, seed.GUS):
            named = await harness.permissions.approvers.includes(stage, request, person)
            assert named is (person in expected), (first, person)


@pytest.mark.parametrize(
    ("first", "fallback", "escalation", "why"),
    [
        ("Bo", "nobody", ("nobody", "nobody"), {seed.BO: NamedAs.USER}),
        (
            "a group",
            "nobody",
            ("nobody", "nobody"),
            {seed.BO: NamedAs.GROUP, seed.DANA: NamedAs.GROUP},
        ),
        ("the manager", "nobody", ("nobody", "nobody"), {seed.MIA: NamedAs.MANAGER}),
        ("the target's manager", "nobody", ("nobody", "nobody"), {seed.MIA: NamedAs.MANAGER}),
        ("the person's sponsors", "nobody", ("nobody", "nobody"), {seed.DANA: NamedAs.SPONSOR}),
        ("nobody", "Bo", ("nobody", "nobody"), {seed.BO: NamedAs.FALLBACK}),
        ("Bo", "nobody", ("a guest", "Bo"), {seed.BO: NamedAs.USER, seed.GUS: NamedAs.ESCALATION}),
        (
            "the manager",
            "nobody",
            ("nobody", "Bo"),
            {seed.MIA: NamedAs.MANAGER, seed.BO: NamedAs.ESCALATION},
        ),
        ("Bo", "nobody", ("Bo", "nobody"), {seed.BO: NamedAs.USER}),
    ],
)
async def test_it_is_told_why_each_is_asked(harness, world, first, fallback, escalation, why):
    """By the first reason, when there are several."""
    stage = ours(settings(first, fallback, escalation))
    request = wish(entra_id=seed.ANN, escalated=True)

    named = await harness.permissions.approvers.find_named(stage, request, most=99)

    assert {each.id: named_as for each, named_as in named} == why


async def test_who_decided_before_does_not_count_as_anybody(harness):
    """Of two approvers either will do; of none there is nobody."""
    stage = ours(settings("a group"))
    request = wish(entra_id=seed.ANN)
    has_any = harness.permissions.approvers.has_any

    assert await has_any(stage, request, beside={seed.BO}) is True
    assert await has_any(stage, request, beside={seed.DANA, seed.MIA}) is True
    assert await has_any(stage, request, beside={seed.BO, seed.DANA}) is False


def typed(odata_type):
    """Sponsors of whom Graph says another type, or none."""

    async def do(request, go_on):
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        for each in body["value"]:
            each["@odata.type"] = odata_type
        return httpx.Response(answer.status_code, json=body, request=request)

    return do


@pytest.mark.parametrize(
    ("odata_type", "deciders"),
    [
        (None, {seed.BO, seed.DANA, seed.MIA}),
        ("#microsoft.graph.directoryObject", {seed.BO, seed.DANA, seed.MIA}),
        ("#microsoft.graph.user", {seed.MIA}),
        ("#microsoft.graph.group", {seed.BO, seed.DANA}),
        ("#microsoft.graph.servicePrincipal", set()),
    ],
)
async def test_a_sponsor_is_what_graph_says_that_it_is(harness, world, odata_type, deciders):
    """A person, a group, nothing that can decide, or whatever is found under the id."""
    world.users[seed.ANN].sponsors = [GONE, seed.MIA, GROUPS["empty"], seed.SECURITY_REVIEWERS]
    harness.line.on("GET .*/sponsors", typed(odata_type), times=99)
    stage = ours(settings("the person's sponsors"))
    request = wish(entra_id=seed.ANN)

    found = await harness.permissions.approvers.find(stage, request, most=99)

    assert {each.id for each in found} == deciders
    for person in (seed.BO, seed.DANA, seed.MIA, seed.CY):
        named = await harness.permissions.approvers.includes(stage, request, person)
        assert named is (person in deciders), person


async def test_a_sponsor_is_looked_up_as_what_they_are(harness, world):
    """A person is asked for no members, and a group is not taken for a person."""
    world.users[seed.ANN].sponsors = [seed.MIA, seed.SECURITY_REVIEWERS]
    stage = ours(settings("the person's sponsors"))
    before = len(harness.tenant.calls)

    await harness.permissions.approvers.find(stage, wish(entra_id=seed.ANN), most=99)

    called = [each.path.removeprefix("/v1.0") for each in harness.tenant.calls[before:]]
    assert called == [
        f"/users/{seed.ANN}/sponsors",
        f"/users/{seed.MIA}",
        f"/groups/{seed.SECURITY_REVIEWERS}/transitiveMembers",
    ]
    await harness.permissions.approvers.includes(stage, wish(entra_id=seed.ANN), seed.CY)
    assert harness.tenant.calls[-1].body == {"groupIds": [seed.SECURITY_REVIEWERS]}


OF_THEM = ("requestormanager", "targetmanager", "targetusersponsors")
SPONSORS = ("internalsponsors", "externalsponsors")


@pytest.mark.parametrize("which", [*OF_THEM, *SPONSORS])
async def test_about_somebody_unknown_nothing_is_asked(harness, which):
    """Without an Entra account there is neither a manager nor a sponsor; who is named beside them decides."""
    stage = Stage(approvers=({"kind": which}, {"kind": "singleuser", "user_id": seed.BO}))
    request = wish(entra_id=None)
    before = len(harness.line.sent)

    await harness.permissions.approvers.check_understood([stage], request)
    assert await harness.permissions.approvers.includes(stage, request, seed.BO) is True
    assert await harness.permissions.approvers.includes(stage, request, seed.MIA) is False
    assert len(harness.line.sent) == before
    found = await harness.permissions.approvers.find(stage, request, most=9)
    assert [each.id for each in found] == [seed.BO]
    assert len(harness.line.sent) == before + 1


@pytest.mark.parametrize("which", [*OF_THEM, "groupmembers"])
async def test_what_is_gone_hides_nobody_beside_it(harness, which):
    """Neither a deleted requester's manager and sponsors, nor a deleted group."""
    named = {"kind": which, "group_id": GONE}
    stage = Stage(approvers=(named, {"kind": "singleuser", "user_id": seed.BO}))
    request = wish(entra_id=GONE)

    found = await harness.permissions.approvers.find(stage, request, most=9)

    assert [each.id for each in found] == [seed.BO]
    assert await harness.permissions.approvers.includes(stage, request, seed.BO) is True
    assert await harness.permissions.approvers.includes(stage, request, seed.MIA) is False


@pytest.mark.parametrize("which", SPONSORS)
async def test_a_member_without_an_organization_has_none_of_its_sponsors(harness, which):
    """Which is no riddle, and costs no question about sponsors."""
    stage = Stage(approvers=({"kind": which},))
    before = len(harness.line.sent)

    found = await harness.permissions.approvers.find(stage, wish(entra_id=seed.ANN), most=9)

    assert found == []
    assert not any("ponsors" in each for each in harness.line.sent[before:])


async def test_beta_says_the_same(database):
    """Its fallback approvers stand among the others, marked; two kinds are v1.0's own."""
    async with by_hand(database, GRAPH_API_VERSION="beta") as harness:
        world = furnished(harness)
        for first, fallback in itertools.product(NAMED, FALLBACK):
            if first == "the target's manager":
                continue
            said = settings(first, fallback, ESCALATION[1])
            harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"] = approval(
                said
            )
            package = await harness.graph.packages.get(seed.FINANCE_REPORTS)
            (read,) = package.assignment_policies
            (stage,) = policy_terms.stages_for(read, extending=False, always=False)
            for requester in REQUESTERS.values():
                request = wish(entra_id=requester, escalated=True)
                found = await harness.permissions.approvers.find(stage, request, most=99)
                expected = theirs(world, said, requester, escalated=True)
                assert {each.id for each in found} == expected, (first, fallback, requester)


def test_the_two_know_the_same_kinds():
    """What the tenant takes for an approver is looked up, and nothing else is."""
    assert set(policy_terms.APPROVERS) == {each.lower() for each in APPROVER_KINDS}


NOT_UNDERSTOOD = {
    "everybody of an organization": kind(
        "connectedOrganizationMembers", connectedOrganizationId="x"
    ),
    "a rule": kind("attributeRuleMembers", membershipRule="user.department -eq 'x'"),
    "an application": kind("singleServicePrincipal", servicePrincipalId="x"),
    "no kind": {"userId": seed.BO},
    "a person without an id": kind("singleUser"),
    "a group without an id": kind("groupMembers"),
    "a manager at no level": kind("requestorManager", managerLevel=0),
    "a manager below": kind("requestorManager", managerLevel=-1),
    "a manager beyond all": kind("requestorManager", managerLevel=21),
}
PLACES = (
    "primaryApprovers",
    "fallbackPrimaryApprovers",
    "escalationApprovers",
    "fallbackEscalationApprovers",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("unclear", NOT_UNDERSTOOD)
async def test_who_is_not_understood_is_not_nobody(harness, unclear, place):
    """Neither the fallback nor an admin comes in their place: the request is refused, and the admins are told."""
    said = settings("Bo", "Bo", ("a guest", "Bo")) | {
        place: [NOT_UNDERSTOOD[unclear], user(seed.BO)]
    }
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"] = approval(said)

    request = await harness.ask("finance-reports because Q4")

    assert request.state is State.REFUSED
    assert request.tell_admins
    assert harness.posted("adminAdd") == 0
    stage = ours(said)
    asked = wish(entra_id=seed.ANN, escalated=True)
    for question in (
        harness.permissions.approvers.find(stage, asked, most=9),
        harness.permissions.approvers.has_any(stage, asked),
        harness.permissions.approvers.includes(stage, asked, seed.BO),
        harness.permissions.approvers.check_understood([stage], asked),
    ):
        with pytest.raises(UnresolvedApprovers):
            await question


async def test_a_stage_whose_approvers_an_extension_names_is_not_understood(harness):
    """It names them when it is asked, and only Entra asks it."""
    said = settings("Bo") | {"@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage"}
    harness.policy_of(seed.FINANCE_REPORTS).settings["requestApprovalSettings"] = approval(said)

    request = await harness.ask("finance-reports because Q4")

    assert (request.state, request.tell_admins) == (State.REFUSED, True)


def test_a_kind_of_next_year_is_not_understood():
    """Whatever else it carries."""
    next_year = kind("someApproverOfNextYear", userId=seed.BO, groupId=seed.SECURITY_REVIEWERS)

    assert not policy_terms.names_known_approvers(
        ours({"primaryApprovers": [user(seed.BO), next_year]})
    )


def test_an_escalation_that_is_off_changes_nothing_about_approvers():
    """Who is never asked need not be understood."""
    said = settings("Bo") | {
        "escalationApprovers": [kind("someApproverOfNextYear", userId=seed.BO)]
    }

    assert policy_terms.names_known_approvers(ours(said))


@pytest.mark.parametrize("place", ["approvers", "fallback", "escalation", "fallback_escalation"])
@pytest.mark.parametrize("which", ["internalsponsors", "externalsponsors"])
async def test_whose_sponsors_they_are_must_be_known_wherever_they_stand(harness, which, place):
    """Before anybody is asked, also for those who are asked only later."""
    harness.tenant.world.users[seed.GUS].organization_id = None
    first: dict[str, Any] = {"approvers": ({"kind": "singleuser", "user_id": seed.BO},)}
    stage = Stage(**{**first, place: ({"kind": which},)})

    with pytest.raises(UnresolvedApprovers):
        await harness.permissions.approvers.check_understood([stage], wish(entra_id=seed.GUS))
    plain = Stage(**first, fallback=({"kind": "requestormanager"},))
    await harness.permissions.approvers.check_understood([plain], wish(entra_id=seed.GUS))


@pytest.mark.parametrize("user_type", ["Guest", None])
@pytest.mark.parametrize("which", ["internalSponsors", "externalSponsors"])
async def test_a_guest_of_an_organization_not_known_yet_is_not_understood(
    harness, which, user_type
):
    """Entra would place them at their first request; whose sponsors to ask cannot be told before."""
    gus = harness.tenant.world.users[seed.GUS]
    gus.organization_id = None
    gus.user_type = user_type
    stage = Stage(approvers=({"kind": which.lower()},), fallback=({"kind": "requestormanager"},))

    with pytest.raises(UnresolvedApprovers):
        await harness.permissions.approvers.find(stage, wish(entra_id=seed.GUS), most=9)
    with pytest.raises(UnresolvedApprovers):
        await harness.permissions.approvers.check_understood([stage], wish(entra_id=seed.GUS))


async def test_nobody_unknown_has_a_manager(harness):
    """Without an Entra account there is nobody to ask for it."""
    stage = ours(settings("the manager"))

    assert await harness.permissions.approvers.find(stage, wish(entra_id=None), most=9) == []


@pytest.mark.parametrize(("is_enabled", "counts"), [(True, True), (None, True), (False, False)])
async def test_only_graphs_plain_no_disables(harness, is_enabled, counts):
    """An account of which nothing is said may decide."""
    harness.tenant.world.users[seed.BO].account_enabled = is_enabled

    found = await harness.permissions.approvers.find(
        ours(settings("Bo")), wish(entra_id=seed.ANN), most=9
    )

    assert [each.id for each in found] == [seed.BO] * counts


async def test_ids_are_the_same_in_capitals(harness):
    """Graph writes them as it likes."""
    stage = Stage(approvers=({"kind": "singleuser", "user_id": seed.BO.upper()},))
    is_named = harness.permissions.approvers.includes

    assert await is_named(stage, wish(entra_id=seed.ANN), seed.BO)
    assert not await is_named(stage, wish(entra_id=seed.BO.upper()), seed.BO)


async def test_membership_is_asked_and_no_group_is_listed(harness):
    """A group of ten thousand costs one call at each click."""
    stage = Stage(approvers=({"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS},))
    before = len(harness.line.sent)

    assert await harness.permissions.approvers.includes(stage, wish(entra_id=seed.ANN), seed.BO)
    assert not await harness.permissions.approvers.includes(
        stage, wish(entra_id=seed.ANN), seed.MIA
    )

    sent = harness.line.sent[before:]
    assert len(sent) == 2
    assert all("checkMemberGroups" in each for each in sent)


async def test_a_long_group_is_read_as_far_as_needed(harness):
    """Pages of 999, and only the first when a few people are wanted."""
    world = harness.tenant.world
    members = world.groups[seed.SECURITY_REVIEWERS].members
    for number in range(2_500):
        user_id = f"a1000000-0000-4000-8000-{number:012d}"
        world.users[user_id] = type(world.users[seed.BO])(
            user_id, f"Nr {number}", f"nr{number}@contoso.example", world.now()
        )
        members.append(user_id)
    stage = Stage(approvers=({"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS},))
    before = len(harness.line.sent)

    found = await harness.permissions.approvers.find(stage, wish(entra_id=seed.ANN), most=100)

    assert len(found) == 100
    assert len(harness.line.sent) == before + 1
    assert "$top=999" in harness.tenant.calls[-1].query


def test_a_policy_reads_its_stages_whole():
    """As Graph sends them, with capitals of its own."""
    body = {
        "id": "policy",
        "requestApprovalSettings": approval(
            {"primaryApprovers": [{"@odata.type": "#Microsoft.Graph.SINGLEUSER", "userId": "x"}]}
        ),
    }
    read = AssignmentPolicy.model_validate(body)

    (stage,) = policy_terms.stages_for(read, extending=False, always=False)

    assert stage.approvers == ({"kind": "singleuser", "user_id": "x"},)
    assert policy_terms.names_known_approvers(stage)
