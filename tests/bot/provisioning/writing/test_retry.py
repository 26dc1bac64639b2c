"""Apply and destroy wait for a tenant that is slow, strange or busy, and write nothing twice meanwhile."""

from datetime import timedelta

import pytest

from bot.provisioning.changes.apply import ApplyError
from bot.provisioning.writing.retry import is_early, is_there_already
from graph.errors import Conflict as Conflicts
from graph.errors import Forbidden, GraphError, Rejected
from sandbox.tenant import Tenant
from sandbox.tenant.seed import ANN
from tests.bot.provisioning.conftest import FaultyAnswer, Provisioner, picture
from tests.bot.provisioning.files import SMALL, with_policy

ROLES = r"POST .*[rR]esourceRoleScopes$"
POLICIES = r"POST .*[pP]olicies$"
RESOURCES = r"POST .*[rR]esourceRequests$"


async def made(provisioner: Provisioner) -> dict[str, object]:
    """Apply, and return what the tenant has when no answer is faulty."""
    await provisioner.apply(SMALL)
    assert await provisioner.changes(SMALL) == []
    return picture(provisioner.tenant)


def resources_without_roles(provisioner: Provisioner) -> FaultyAnswer:
    """A catalog lists a resource that is new before it knows its roles."""
    roles = "accessPackageResourceRoles" if provisioner.version == "beta" else "roles"
    on = r"GET .*atalogs/[^/]+/.*[rR]esources$"
    return FaultyAnswer(on=on, empties=roles, times=10_000)


@pytest.mark.cases(11)
@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize(
    ("on", "status", "code", "message"),
    [
        (ROLES, 404, "ResourceNotFound", "The resource was not found."),
        (ROLES, 404, "RoleNotFound", "The specified role could not be found."),
        (ROLES, 400, "RoleNotFound", "The specified role could not be found."),
        (POLICIES, 400, "InvalidModel", "The given model is invalid. Subject not found."),
        (POLICIES, 400, "SubjectNotFound", "Made up."),
        (POLICIES, 404, "UnknownError", ""),
        (RESOURCES, 400, "ResourceNotFoundInOriginSystem", "The resource was not found."),
        (r"POST .*/members/\$ref$", 404, "Request_ResourceNotFound", "Resource does not exist."),
        (r"GET .*[pP]olicies/[^/]+$", 404, "PolicyNotFound", "The policy was not found."),
        (r"GET .*/accessPackages/[^/]+$", 404, "AccessPackageNotFound", "Made up."),
        (r"GET .*[rR]esourceRoles$", 404, "ResourceNotFound", "Made up."),
    ],
)
async def test_what_is_too_early_is_waited_out(
    provisioner: Provisioner, on: str, status: int, code: str, message: str, times: int
) -> None:
    """Graph does not see yet what it took a moment ago; nothing is missing or doubled in the end."""
    faulty = FaultyAnswer(on=on, status=status, code=code, message=message, times=times)
    provisioner.transport.faulty = [faulty, resources_without_roles(provisioner)]
    await provisioner.apply(SMALL)
    assert faulty.times == 0
    assert await provisioner.changes(SMALL) == []
    assert provisioner.waited < 60


async def test_an_empty_list_of_roles_is_asked_for_again(provisioner: Provisioner) -> None:
    """A resource that is new has no roles for a moment, which is not the same as having none."""
    empty = FaultyAnswer(
        on=r"GET .*[rR]esourceRoles$", status=200, code="", body={"value": []}, times=2
    )
    provisioner.transport.faulty = [empty, resources_without_roles(provisioner)]
    await provisioner.apply(SMALL)
    assert empty.times == 0
    assert await provisioner.changes(SMALL) == []


async def test_patience_ends_after_five_minutes(provisioner: Provisioner, tenant: Tenant) -> None:
    """A role that never shows up is said, with Graph's words, and that apply goes on from there."""
    provisioner.transport.faulty = [
        FaultyAnswer(on=ROLES, status=404, code="RoleNotFound", times=10_000)
    ]
    with pytest.raises(ApplyError, match=r"Cannot create Member of .*RoleNotFound.*apply again"):
        await provisioner.apply(SMALL)
    assert 240 <= provisioner.waited <= 360
    provisioner.transport.faulty = []
    await provisioner.apply(SMALL)
    assert await provisioner.changes(SMALL) == []


async def test_a_refusal_that_time_does_not_mend_is_said_at_once(provisioner: Provisioner) -> None:
    """No five minutes for a 400 of another kind."""
    provisioner.transport.faulty = [
        FaultyAnswer(
            on=POLICIES, status=400, code="InvalidModel", message="Too many stages.", times=99
        )
    ]
    with pytest.raises(ApplyError, match="Too many stages"):
        await provisioner.apply(SMALL)
    assert provisioner.transport.faulty[0].times == 98


@pytest.mark.parametrize(
    ("on", "status", "code", "message"),
    [
        (RESOURCES, 400, "ResourceAlreadyOnboarded", "Already onboarded to ELM."),
        (ROLES, 409, "DuplicateKey", "There is already a duplicated entity."),
        (POLICIES, 409, "DuplicateKey", "There is already a duplicated entity."),
        (r"POST .*ncompatibleGroups/\$ref$", 409, "DuplicateKey", "Made up."),
        (
            r"POST .*/members/\$ref$",
            400,
            "Request_BadRequest",
            "One or more added object references already exist.",
        ),
    ],
)
async def test_graph_says_that_there_is_one_where_nothing_is(
    provisioner: Provisioner, on: str, status: int, code: str, message: str
) -> None:
    """It was busy with another one: apply looks, finds nothing, and writes again."""
    provisioner.transport.faulty = [FaultyAnswer(on=on, status=status, code=code, message=message)]
    await provisioner.apply(SMALL)
    assert provisioner.transport.faulty[0].times == 0
    assert await provisioner.changes(SMALL) == []


async def test_a_resource_that_is_there_and_listed_late_is_gone_on_with(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Somebody else put the group into the catalog, and the list does not show it yet: no second one, and not ours."""
    await provisioner.apply(SMALL)
    provisioner.state.path.unlink()
    hidden = FaultyAnswer(
        on=r"GET .*atalogs/[^/]+/.*[rR]esources$", status=200, code="", body={"value": []}, times=4
    )
    provisioner.transport.faulty = [hidden]
    await provisioner.apply(SMALL)
    assert hidden.times == 0
    provisioner.transport.faulty = []
    assert await provisioner.changes(SMALL) == []
    assert provisioner.state.entries("resource") == []


@pytest.mark.parametrize("seconds", ["60", "61.5"])
async def test_a_long_wait_that_graph_asks_for_is_kept_and_said(
    provisioner: Provisioner, seconds: str
) -> None:
    """Retry-After of a minute, for reads and writes."""
    headers = {"Retry-After": seconds}
    provisioner.transport.faulty = [
        FaultyAnswer(on=on, status=429, code="TooManyRequests", headers=headers, times=2)
        for on in (r"GET .*/accessPackages$", POLICIES)
    ]
    await provisioner.apply(SMALL)
    assert await provisioner.changes(SMALL) == []
    assert provisioner.waited >= 4 * float(seconds)
    assert any(
        each.startswith(f"Graph asks to wait {float(seconds):.0f} s")
        for each in provisioner.waited_for
    )


async def test_an_app_of_one_catalog_may_not_see_what_it_deleted(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """403 in place of 404 after our own deletion counts as gone; destroy goes to its end."""
    before = picture(tenant)
    await provisioner.apply(SMALL)
    provisioner.transport.faulty = [
        FaultyAnswer(on=on, status=403, code="UnAuthorized", times=1)
        for on in (
            r"GET .*atalogs/[0-9a-f-]{36}$",
            r"GET .*/accessPackages/[0-9a-f-]{36}$",
            r"GET .*[pP]olicies/[0-9a-f-]{36}$",
        )
    ]
    await provisioner.destroy(SMALL)
    assert [each.times for each in provisioner.transport.faulty] == [0, 0, 0]
    assert picture(tenant) == before
    assert not provisioner.state.path.exists()


async def test_a_deletion_whose_answer_was_lost_may_be_answered_with_403(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The catalog went, the answer did not come; the second try and the look hear 403."""
    before = picture(tenant)
    await provisioner.apply(SMALL)
    provisioner.transport.faulty = [
        FaultyAnswer(on=r"DELETE .*atalogs/", status=504, code="GatewayTimeout", effective=True),
        FaultyAnswer(on=r"DELETE .*atalogs/", status=403, code="UnAuthorized", times=9),
        FaultyAnswer(on=r"GET .*atalogs/[0-9a-f-]{36}$", status=403, code="UnAuthorized", times=9),
    ]
    await provisioner.destroy(SMALL)
    assert picture(tenant) == before


async def test_a_missing_permission_to_delete_is_no_deletion(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A 403 to the first try is a refusal, however often destroy is started; the state keeps the catalog."""
    await provisioner.apply(SMALL)
    for _ in range(2):
        provisioner.transport.faulty = [
            FaultyAnswer(on=r"DELETE .*atalogs/", status=403, code="UnAuthorized", times=9)
        ]
        with pytest.raises(Forbidden):
            await provisioner.destroy(SMALL)
    provisioner.transport.faulty = []
    assert [each.is_deleting for each in provisioner.state.entries("catalog")] == [False]
    await provisioner.destroy(SMALL)
    assert not provisioner.state.path.exists()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (["reviews: {every: week, start: 2027-01-01, lasts: 3 days, by: themselves}"], [], "keep"),
        (
            ["reviews: {every: week, start: 2027-01-01, lasts: 3 days, by: themselves}"],
            ["reviews: {every: week, start: 2027-02-01, lasts: 3 days, by: themselves}"],
            "not to move",
        ),
    ],
)
async def test_reviews_that_entra_keeps_are_said(
    provisioner: Provisioner, tenant: Tenant, before: list[str], after: list[str], says: str
) -> None:
    """Graph answers 200 and changes nothing: the plan warns, apply does the rest, says so, and does not wait for ever."""
    base = ["may ask: all members", "durations: 30 days"]
    first, second = with_policy(*base, *before), with_policy(*base, *after)
    await provisioner.apply(first)
    policy = next(each for each in tenant.world.policies.values() if each.display_name == "Policy")
    reviews = policy.settings["reviewSettings"]

    def keep(after: bool) -> None:
        if after and provisioner.transport.calls[-1].startswith("PUT"):
            for each in tenant.world.policies.values():
                if each.display_name == "Policy":
                    each.settings["reviewSettings"] = reviews

    provisioner.transport.moment = keep
    (change,) = (await provisioner.plan(second)).plan.changes
    assert says in change.notes[0]
    started = provisioner.waited
    await provisioner.apply(second)
    assert "keeps its reviews as they were" in provisioner.remarks[0]
    assert provisioner.waited - started <= 40


@pytest.mark.parametrize(
    ("error", "early", "there"),
    [
        (GraphError("No."), False, False),
        (Rejected("Bad.", status=400, code="BadRequest"), False, False),
        (Rejected("The group was not found.", status=400, code="BadRequest"), True, False),
        (Rejected("x", status=400, code="NoGovernanceSku"), False, False),
        (Rejected("not found", status=400, code="NoGovernanceSku"), False, False),
        (Rejected("x", status=400, code="DuplicateAccessPackage"), False, True),
        (Rejected("It already exists.", status=400, code="BadRequest"), False, True),
        (Conflicts("x", status=409), False, True),
        (Forbidden("not found", status=403), False, False),
    ],
)
def test_the_kinds_of_answer(error: GraphError, early: bool, there: bool) -> None:
    """One place decides what an answer means for the next try."""
    assert (is_early(error), is_there_already(error)) == (early, there)


async def test_access_that_ended_since_the_look_is_no_trouble(provisioner: Provisioner) -> None:
    """Graph refuses to end what has just ended, through a request from before: it is gone, as it should be."""
    before = picture(provisioner.tenant)
    await provisioner.apply(SMALL)
    world = provisioner.tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )
    async with provisioner.graph() as graph:
        await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=ANN,
            package_id=package.id,
            policy_id=world.policies_of(package.id)[0].id,
        )
    await provisioner.sleep(10)
    world.delivery = timedelta(0)
    ended = FaultyAnswer(
        on=r"POST .*[aA]ssignmentRequests$",
        status=400,
        code="BadRequest",
        message="The assignment has already ended.",
        effective=True,
    )
    provisioner.transport.faulty = [ended]

    await provisioner.destroy(SMALL)

    assert ended.times == 0
    assert picture(provisioner.tenant) == before
