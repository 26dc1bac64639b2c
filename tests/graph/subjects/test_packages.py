"""Access packages, and what they give, on the wire of both versions."""

import httpx
import pytest

from graph.errors import NotFound, Rejected
from tests.graph.wire import EM, Wire, graph_on, refusal

PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
V1 = {
    "id": "q",
    "displayName": "Marketing Campaign",
    "isHidden": False,
    "catalog": {"id": "c", "displayName": "General", "state": "published"},
    "assignmentPolicies": [{"id": "p", "allowedTargetScope": "allMemberUsers"}],
    "resourceRoleScopes": [
        {
            "id": "role_scope",
            "role": {
                "id": PLACEHOLDER,
                "displayName": "Member",
                "originId": "Member_g",
                "originSystem": "AadGroup",
            },
            "scope": {
                "id": "s",
                "displayName": "Root",
                "originId": "g",
                "originSystem": "AadGroup",
                "isRootScope": True,
            },
        }
    ],
}
BETA = {
    "id": "q",
    "catalogId": "c",
    "displayName": "Marketing Campaign",
    "isHidden": False,
    "isRoleScopesVisible": False,
    "accessPackageCatalog": {"id": "c", "displayName": "General", "catalogStatus": "Published"},
    "accessPackageAssignmentPolicies": [
        {"id": "p", "requestorSettings": {"scopeType": "AllExistingDirectoryMemberUsers"}}
    ],
    "accessPackageResourceRoleScopes": [
        {
            "id": "role_scope",
            "accessPackageResourceRole": V1["resourceRoleScopes"][0]["role"],  # type: ignore[index]
            "accessPackageResourceScope": V1["resourceRoleScopes"][0]["scope"],  # type: ignore[index]
        }
    ],
}
RESOURCES = {
    "value": [
        {"id": "r", "displayName": "Marketing resources", "originId": "g"},
        {"id": "x", "displayName": "Not onboarded", "originId": None},
    ]
}


@pytest.mark.parametrize(("version", "body"), [("v1.0", V1), ("beta", BETA)])
async def test_a_package_says_what_it_gives_and_under_which_policies(version, body):
    """The same package, whichever version described it; the group's name is the catalog's."""
    wire = Wire(body, RESOURCES)

    package = await graph_on(wire, version=version).packages.get("q")

    assert package.catalog is not None
    assert package.catalog.is_published
    assert package.assignment_policies[0].has_scope("allMemberUsers")
    (given,) = package.resource_role_scopes
    assert given.role is not None
    assert (given.role.display_name, given.role.origin_id) == ("Member", "Member_g")
    assert given.role.resource is not None
    assert given.role.resource.display_name == "Marketing resources"
    assert given.scope is not None
    assert given.scope.is_root_scope


@pytest.mark.parametrize(
    ("version", "query"),
    [
        ("v1.0", "catalog,assignmentPolicies,resourceRoleScopes($expand=role,scope)"),
        (
            "beta",
            "accessPackageCatalog,accessPackageAssignmentPolicies,accessPackageResourceRoleScopes"
            "($expand=accessPackageResourceRole,accessPackageResourceScope)",
        ),
    ],
)
async def test_packages_are_read_in_one_go(version, query):
    """Policies and roles come with the list, not one call each."""
    wire = Wire({"value": []})

    await graph_on(wire, version=version).packages.list()

    assert wire.sent == [f"GET /{version}{EM}/accessPackages?$expand={query}"]


async def test_the_catalogs_resources_are_read_once_for_all_its_packages():
    """Ten packages of one catalog cost one more call, not ten."""
    wire = Wire({"value": [{**V1, "id": "a"}, {**V1, "id": "b"}]}, RESOURCES)

    packages = await graph_on(wire).packages.list()

    assert len(wire.requests) == 2
    assert all(package.resource_role_scopes[0].role.resource for package in packages)  # type: ignore[union-attr]


async def test_a_role_whose_resource_is_gone_stays_without_one():
    """Something the catalog no longer knows is shown by what is left."""
    wire = Wire(V1, {"value": []})

    package = await graph_on(wire).packages.get("q")

    assert package.resource_role_scopes[0].role is not None
    assert package.resource_role_scopes[0].role.resource is None


async def test_a_package_that_is_gone_is_not_found():
    """A catalog entry may disappear between two looks."""
    with pytest.raises(NotFound):
        await graph_on(Wire(refusal(404, "AccessPackageNotFound"))).packages.get("q")


async def test_a_duplicate_package_is_told_by_its_code():
    """Names are unique within a catalog."""
    with pytest.raises(Rejected) as caught:
        await graph_on(Wire(refusal(400, "DuplicateAccessPackage"))).packages.create(
            catalog_id="c", display_name="P", description="d"
        )

    assert caught.value.has_code("DuplicateAccessPackage")


async def test_packages_of_one_name_are_told_apart_by_catalog():
    """A name is unique within a catalog only."""
    other = {**V1, "id": "other", "catalog": {"id": "elsewhere"}, "resourceRoleScopes": []}
    wire = Wire({"value": [V1, other]}, RESOURCES)

    found = await graph_on(wire).packages.find(display_name="Marketing Campaign", catalog_id="c")

    assert [package.id for package in found] == ["q"]


async def test_an_update_sends_only_what_changes():
    """PATCH leaves the rest alone."""
    wire = Wire(httpx.Response(204))

    await graph_on(wire).packages.update("q", is_hidden=True)

    assert (wire.requests[0].method, wire.body()) == ("PATCH", {"isHidden": True})


@pytest.mark.made_up("an id that tries to be a path")
async def test_an_id_cannot_leave_its_place_in_the_path():
    """An id from elsewhere is one segment, whatever characters are in it."""
    wire = Wire(httpx.Response(204))

    await graph_on(wire).packages.delete("../users/x?y#z")

    assert wire.requests[0].url.raw_path.decode().endswith("/accessPackages/..%2Fusers%2Fx%3Fy%23z")


@pytest.mark.parametrize(
    ("version", "policies", "reference"),
    [
        ("v1.0", "assignmentPolicies", {"accessPackage": {"id": "q"}}),
        ("beta", "accessPackageAssignmentPolicies", {"accessPackageId": "q"}),
    ],
)
async def test_policies_that_graph_forgot_to_expand_are_found(version, policies, reference):
    """Graph has been seen to answer $expand=assignmentPolicies with nothing although there are some."""
    bare = {"id": "q", "displayName": "Campaign"}
    listed = {"value": [{"id": "p", **reference}, {"id": "other", "accessPackage": {"id": "z"}}]}
    wire = Wire(bare, listed)

    package = await graph_on(wire, version=version).packages.get("q")

    assert [each.id for each in package.assignment_policies] == ["p"]
    assert len(wire.sent) == 2
    assert wire.sent[1].startswith(f"GET /{version}{EM}/{policies}?")


async def test_an_app_that_may_not_list_policies_reads_packages_all_the_same():
    """With a role in one catalog only; a package without policies lets nobody ask."""
    wire = Wire({"id": "q"}, refusal(403, "UnAuthorized"))

    assert (await graph_on(wire).packages.get("q")).assignment_policies == []
