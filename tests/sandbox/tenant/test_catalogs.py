"""Catalogs, resources and roles."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import EM


def _catalogs(graph):
    return EM + graph.name("/catalogs", "/accessPackageCatalogs")


def _requests(graph):
    return EM + graph.name("/resourceRequests", "/accessPackageResourceRequests")


def _body(graph, kind, **resource):
    if graph.is_beta:
        return {"catalogId": seed.GENERAL, "requestType": kind, "accessPackageResource": resource}
    return {"requestType": kind, "resource": resource, "catalog": {"id": seed.GENERAL}}


async def _group(graph):
    made = await graph.post(
        "/groups",
        {
            "displayName": "Fresh",
            "mailEnabled": False,
            "mailNickname": "fresh",
            "securityEnabled": True,
        },
    )
    return made["id"]


async def test_a_fresh_group_is_unknown_for_a_while(graph):
    """Entitlement management sees the directory with a delay; trying again helps."""
    body = _body(graph, "adminAdd", originId=await _group(graph), originSystem="AadGroup")
    code = "ResourceNotFoundInOriginSystem"
    assert await graph.error("POST", _requests(graph), body) == (400, code)
    graph.clock.shift(timedelta(seconds=5))
    made = await graph.post(_requests(graph), body)
    assert graph.state_of(made) == "delivered"


async def test_a_resource_is_onboarded_once(graph):
    """The second adminAdd says that it is there already."""
    body = _body(graph, "adminAdd", originId=seed.FINANCE_READERS, originSystem="AadGroup")
    assert await graph.error("POST", _requests(graph), body) == (400, "ResourceAlreadyOnboarded")


async def test_a_used_resource_cannot_be_removed(graph):
    """Role scopes go first."""
    body = _body(graph, "adminRemove", originId=seed.FINANCE_READERS, originSystem="AadGroup")
    code = "InvalidDeleteResourceHasEntitlements"
    assert await graph.error("POST", _requests(graph), body) == (400, code)


async def test_without_rights_on_the_group_it_is_refused(graph):
    """The application must be allowed to write the resource itself."""
    graph.tenant.permissions.discard("Group.ReadWrite.All")
    body = _body(graph, "adminAdd", originId=seed.MARKETING, originSystem="AadGroup")
    assert await graph.error("POST", _requests(graph), body) == (400, "CallerNotResourceOwner")


async def test_roles_need_a_resource_in_the_filter(graph):
    """All roles of a catalog at once are not to be had."""
    segment = graph.name("/resourceRoles", "/accessPackageResourceRoles")
    status, _ = await graph.error("GET", f"{_catalogs(graph)}/{seed.GENERAL}{segment}")
    assert status == 400


async def test_environments_need_their_filter(graph):
    """The filter on originSystem is mandatory."""
    path = EM + graph.name("/resourceEnvironments", "/accessPackageResourceEnvironments")
    assert (await graph.error("GET", path))[0] == 400
    found = await graph.get(path, **{"$filter": "originSystem eq 'SharePointOnline'"})
    assert len(found["value"]) == 2


@pytest.mark.parametrize("way", ["bind", "originId"])
async def test_a_site_is_put_in_its_geography(graph, way):
    """Both ways of naming a multi-geo environment work."""
    world = graph.tenant.world
    url = "https://contosoeur.sharepoint.com/sites/Sales"
    world.sites[url] = type(world.sites[seed.FINANCE_SITE])(url, "Sales", {"4": "Visitors"})
    place = list(world.environments.values())[1]
    name = graph.name("environment", "accessPackageResourceEnvironment")
    collection = graph.name("resourceEnvironments", "accessPackageResourceEnvironments")
    named = (
        {f"{name}@odata.bind": f"{collection}/{place.id}"}
        if way == "bind"
        else {name: {"originId": place.origin_id}}
    )
    body = _body(graph, "adminAdd", originId=url, originSystem="SharePointOnline", **named)
    await graph.post(_requests(graph), body)
    assert list(world.resources.values())[-1].environment_id == place.id


async def test_both_versions_read_the_body_that_the_tutorial_prints(graph):
    """Microsoft's v1.0 tutorial prints beta's body, and it works."""
    body = {
        "catalogId": seed.GENERAL,
        "requestType": "AdminAdd",
        "justification": "",
        "accessPackageResource": {"originId": seed.MARKETING, "originSystem": "AadGroup"},
    }
    assert graph.state_of(await graph.post(_requests(graph), body)) == "delivered"


async def test_a_catalog_with_packages_stays(graph):
    """Packages go first."""
    assert (await graph.error("DELETE", f"{_catalogs(graph)}/{seed.GENERAL}"))[0] == 400


async def test_a_catalog_is_made_and_deleted(graph):
    """An empty catalog goes without ado."""
    made = await graph.post(_catalogs(graph), {"displayName": "Sales"})
    path = f"{_catalogs(graph)}/{made['id']}"
    assert (await graph.call("DELETE", path)).status_code == 204
    assert await graph.error("GET", path) == (404, "CatalogNotFound")


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"security_enabled": False, "mail_enabled": True}, 400),
        ({"group_types": ["DynamicMembership"]}, 400),
        ({"group_types": ["Unified", "DynamicMembership"]}, 400),
        ({"security_enabled": False, "group_types": ["Unified"]}, 201),
    ],
    ids=["a distribution list", "a rule", "a rule of a Microsoft 365 group", "Microsoft 365"],
)
async def test_only_groups_whose_members_can_be_changed_are_resources(graph, facts, status):
    """A distribution list, and what a rule fills, is none."""
    for name, value in facts.items():
        setattr(graph.tenant.world.groups[seed.MARKETING], name, value)
    body = _body(graph, "adminAdd", originId=seed.MARKETING, originSystem="AadGroup")

    assert (await graph.call("POST", _requests(graph), body)).status_code == status
