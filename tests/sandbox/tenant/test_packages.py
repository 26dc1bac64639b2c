"""Access packages and their policies."""

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import EM

PACKAGES = f"{EM}/accessPackages"


def _policies(graph):
    return EM + graph.name("/assignmentPolicies", "/accessPackageAssignmentPolicies")


def _package_body(graph, name):
    where = {"catalogId": seed.GENERAL} if graph.is_beta else {"catalog": {"id": seed.GENERAL}}
    return {"displayName": name, "description": "d"} | where


async def test_a_package_shows_all_that_hangs_on_it(graph):
    """One call brings catalog, policies, roles and resources."""
    expand = graph.name(
        "catalog,assignmentPolicies,resourceRoleScopes($expand=role($expand=resource),scope)",
        "accessPackageCatalog,accessPackageAssignmentPolicies,accessPackageResourceRoleScopes"
        "($expand=accessPackageResourceRole($expand=accessPackageResource),"
        "accessPackageResourceScope)",
    )
    shown = await graph.get(f"{PACKAGES}/{seed.FINANCE_REPORTS}", **{"$expand": expand})
    scopes = shown[graph.name("resourceRoleScopes", "accessPackageResourceRoleScopes")]
    role, resource = (
        graph.name("role", "accessPackageResourceRole"),
        graph.name("resource", "accessPackageResource"),
    )
    assert [scope[role][resource]["displayName"] for scope in scopes] == [
        "Finance readers",
        "Contoso Ledger",
        "Finance",
    ]


@pytest.mark.parametrize("expand", ["policies", "displayName", "catalog(", "catalog($top=1)"])
async def test_a_wrong_expand_is_refused(v1, expand):
    """A misspelled navigation is a 400, not an absent property."""
    assert (await v1.error("GET", PACKAGES, **{"$expand": expand}))[0] == 400


async def test_two_packages_of_one_name_are_refused(graph):
    """A display name is unique in its catalog."""
    body = _package_body(graph, "marketing CAMPAIGN")
    assert await graph.error("POST", PACKAGES, body) == (400, "DuplicateAccessPackage")


async def test_a_package_with_assignments_stays(graph):
    """Assignments go first."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    path = f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}"
    assert (await graph.error("DELETE", path))[0] == 400


async def test_a_package_is_made_changed_and_deleted(graph):
    """The life of a package."""
    made = await graph.post(PACKAGES, _package_body(graph, "Sales"))
    path = f"{PACKAGES}/{made['id']}"
    await graph.call("PATCH", path, {"displayName": "Selling", "isHidden": True})
    shown = await graph.get(path)
    assert (shown["displayName"], shown["isHidden"]) == ("Selling", True)
    assert (await graph.call("DELETE", path)).status_code == 204
    assert await graph.error("GET", path) == (404, "AccessPackageNotFound")


async def test_a_role_that_the_resource_lacks_is_refused(v1):
    """RoleNotFound, as observed."""
    resource = next(iter(v1.tenant.world.resources.values()))
    body = {"role": {"originId": "Admin_x", "resource": {"id": resource.id}}, "scope": {}}
    path = f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}/resourceRoleScopes"
    assert await v1.error("POST", path, body) == (404, "RoleNotFound")


async def test_a_policy_that_beta_wrote_reads_well_in_v1(v1, beta):
    """One policy, two languages."""
    made = await beta.post(
        _policies(beta),
        {
            "accessPackageId": seed.BOARD_PAPERS,
            "displayName": "Marketing",
            "durationInDays": 14,
            "canExtend": True,
            "requestorSettings": {
                "scopeType": "SpecificDirectorySubjects",
                "acceptRequests": True,
                "allowedRequestors": [
                    {"@odata.type": "#microsoft.graph.groupMembers", "id": seed.MARKETING}
                ],
            },
            "requestApprovalSettings": {
                "isApprovalRequired": True,
                "approvalMode": "SingleStage",
                "approvalStages": [
                    {
                        "approvalStageTimeOutInDays": 3,
                        "primaryApprovers": [
                            {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
                            {
                                "@odata.type": "#microsoft.graph.singleUser",
                                "isBackup": True,
                                "id": seed.BO,
                            },
                        ],
                    }
                ],
            },
        },
    )
    shown = await v1.get(f"{_policies(v1)}/{made['id']}")
    stage = shown["requestApprovalSettings"]["stages"][0]
    assert shown["allowedTargetScope"] == "specificDirectoryUsers"
    assert shown["specificAllowedTargets"][0]["groupId"] == seed.MARKETING
    assert shown["expiration"]["duration"] == "P14D"
    assert shown["requestorSettings"]["enableTargetsToSelfUpdateAccess"] is True
    assert stage["durationBeforeAutomaticDenial"] == "P3D"
    assert stage["fallbackPrimaryApprovers"][0]["userId"] == seed.BO


async def test_a_put_drops_what_it_omits(graph):
    """The trap of replacing a policy."""
    path = f"{_policies(graph)}/9b000000-0000-4000-8000-000000000002"
    old = await graph.get(path)
    assert old["requestApprovalSettings"][graph.name("stages", "approvalStages")]
    package = seed.FINANCE_REPORTS
    owner = {"accessPackageId": package} if graph.is_beta else {"accessPackage": {"id": package}}
    kept = {"displayName": "Bare", **owner}
    assert (await graph.call("PUT", path, kept)).status_code == 200
    new = await graph.get(path)
    assert new["requestApprovalSettings"][graph.name("stages", "approvalStages")] == []


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_a_policy_survives_its_round_trip(version, v1, beta):
    """What is read and PUT back unchanged stays unchanged."""
    graph = v1 if version == "v1.0" else beta
    path = f"{_policies(graph)}/9b000000-0000-4000-8000-000000000003"
    expand = {} if graph.is_beta else {"$expand": "accessPackage"}
    before = await graph.get(path, **expand)
    assert (await graph.call("PUT", path, before)).status_code == 200
    after = await graph.get(path, **expand)
    before.pop("modifiedDateTime")
    after.pop("modifiedDateTime")
    assert after == before


async def test_a_policy_with_assignments_stays(graph):
    """Assignments go first."""
    assignment = await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    assert (await graph.error("DELETE", f"{_policies(graph)}/{assignment.policy_id}"))[0] == 400


@pytest.mark.parametrize(
    "change",
    [
        {"allowedTargetScope": "everybody"},
        {"expiration": {"type": "afterDuration", "duration": "30 days"}},
        {"expiration": {"type": "afterDateTime"}},
        {"requestApprovalSettings": {"isApprovalRequiredForAdd": True, "stages": []}},
    ],
)
async def test_a_contradictory_policy_is_refused(v1, change):
    """Wrong words and missing parts are 400."""
    body = {"displayName": "x", "accessPackage": {"id": seed.BOARD_PAPERS}} | change
    assert (await v1.error("POST", _policies(v1), body))[0] == 400


async def test_a_policy_in_beta_s_words_is_refused_by_v1(v1):
    """durationInDays is not a v1.0 property; silence would make a policy without end."""
    body = {
        "displayName": "x",
        "accessPackage": {"id": seed.BOARD_PAPERS},
        "durationInDays": 30,
    }
    assert (await v1.error("POST", _policies(v1), body))[0] == 400


async def test_additional_access_names_who_has_both(graph):
    """The check before two packages are declared incompatible."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    await graph.grant(seed.CY, seed.MARKETING_CAMPAIGN)
    path = (
        f"{graph.assignments}/additionalAccess(accessPackageId='{seed.MARKETING_CAMPAIGN}',"
        f"incompatibleAccessPackageId='{seed.FINANCE_REPORTS}')"
    )
    token = graph.tenant.delegated_token(seed.DANA)
    found = (await graph.call("GET", f"{path}?$expand=target", token=token)).json()["value"]
    assert [each["target"]["objectId"] for each in found] == [seed.ANN]


async def test_incompatible_groups_come_and_go(graph):
    """Both $ref directions of separation of duties."""
    path = f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}/incompatibleGroups"
    await graph.post(f"{path}/$ref", {"@odata.id": f"/groups/{seed.FINANCE_READERS}"})
    assert [g["id"] for g in (await graph.get(path))["value"]] == [seed.FINANCE_READERS]
    await graph.call("DELETE", f"{path}/{seed.FINANCE_READERS}/$ref")
    assert (await graph.get(path))["value"] == []


def member_of(graph, resource):
    """The body that lets a package give a group's Member, in one version's words."""
    group = {"originId": resource.origin_id, "originSystem": resource.origin_system}
    return {
        graph.name("role", "accessPackageResourceRole"): {
            "originId": f"Member_{resource.origin_id}",
            "originSystem": "AadGroup",
            graph.name("resource", "accessPackageResource"): {"id": resource.id, **group},
        },
        graph.name("scope", "accessPackageResourceScope"): group,
    }


async def test_a_role_counts_in_a_place_of_its_resource(graph):
    """A scope is the group itself: without one, or with another's, nothing is given."""
    resource = next(
        each for each in graph.tenant.world.resources.values() if each.origin_system == "AadGroup"
    )
    package = graph.tenant.world.packages[seed.BOARD_PAPERS]
    package.role_scopes.clear()
    package.catalog_id = resource.catalog_id
    path = f"{PACKAGES}/{package.id}" + graph.name(
        "/resourceRoleScopes", "/accessPackageResourceRoleScopes"
    )
    scope = graph.name("scope", "accessPackageResourceScope")
    body = member_of(graph, resource)
    for wrong in (
        {},
        {**body[scope], "originId": seed.MARKETING},
        {"originId": resource.origin_id},
    ):
        status, _ = await graph.error("POST", path, {**body, scope: wrong})
        assert status == 400
    assert package.role_scopes == []
    await graph.post(path, body)
    assert len(package.role_scopes) == 1


async def test_the_words_of_v1_mean_nothing_in_beta(v1, beta):
    """Of roles that packages give, and of what goes into a catalog; v1.0 takes beta's, as the tutorial has them there."""
    resource = next(
        each for each in beta.tenant.world.resources.values() if each.origin_system == "AadGroup"
    )
    roles = f"{PACKAGES}/{seed.BOARD_PAPERS}/accessPackageResourceRoleScopes"
    assert (await beta.error("POST", roles, member_of(v1, resource)))[0] == 400
    requests = f"{EM}/accessPackageResourceRequests"
    for words in (
        {"catalog": {"id": resource.catalog_id}, "accessPackageResource": {"id": resource.id}},
        {"catalogId": resource.catalog_id, "resource": {"id": resource.id}},
        {"catalogId": resource.catalog_id, "accessPackageResource": {}, "colour": "blue"},
        {
            "catalogId": resource.catalog_id,
            "accessPackageResource": {"id": resource.id, "environment": {}},
        },
    ):
        assert (await beta.error("POST", requests, {"requestType": "AdminRemove", **words}))[
            0
        ] == 400
    assert (await v1.error("POST", f"{EM}/resourceRequests", {"colour": "blue"}))[0] == 400


async def test_who_has_a_package_loses_the_role_that_it_gives_no_more(graph):
    """As "Change resource roles for an access package" says; and gets what it gives anew."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    world = graph.tenant.world
    (scope,) = world.packages[seed.MARKETING_CAMPAIGN].role_scopes
    resource = world.resources[scope.resource_id]
    group = world.groups[resource.origin_id]
    path = f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}" + graph.name(
        "/resourceRoleScopes", "/accessPackageResourceRoleScopes"
    )
    assert seed.ANN in group.members
    await graph.call("DELETE", f"{path}/{scope.id}")
    assert seed.ANN not in group.members
    await graph.post(path, member_of(graph, resource))
    assert seed.ANN in group.members


async def test_a_role_that_another_package_gives_too_stays(graph):
    """Only the last package that gives a role takes it along."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    world = graph.tenant.world
    (scope,) = world.packages[seed.MARKETING_CAMPAIGN].role_scopes
    resource = world.resources[scope.resource_id]
    group = world.groups[resource.origin_id]
    both = graph.name("/resourceRoleScopes", "/accessPackageResourceRoleScopes")
    body = member_of(graph, resource)
    await graph.post(f"{PACKAGES}/{seed.FINANCE_REPORTS}{both}", body)
    await graph.call("DELETE", f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}{both}/{scope.id}")
    assert seed.ANN in group.members


async def test_who_had_a_package_stays_in_a_group_for_another_reason(graph):
    """The access is over, and a role that the package gives no more is none of theirs."""
    await graph.grant(seed.ANN, seed.MARKETING_CAMPAIGN)
    world = graph.tenant.world
    (scope,) = world.packages[seed.MARKETING_CAMPAIGN].role_scopes
    group = world.groups[world.resources[scope.resource_id].origin_id]
    for assignment in world.assignments_of(seed.MARKETING_CAMPAIGN, user_id=seed.ANN):
        graph.tenant.remove_assignment(assignment.id)
    graph.tenant.add_member(group.id, seed.ANN)
    both = graph.name("/resourceRoleScopes", "/accessPackageResourceRoleScopes")
    await graph.call("DELETE", f"{PACKAGES}/{seed.MARKETING_CAMPAIGN}{both}/{scope.id}")
    assert seed.ANN in group.members
