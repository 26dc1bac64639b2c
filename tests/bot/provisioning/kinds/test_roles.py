"""Test what packages give beside members of groups: Entra roles, roles to activate, and kinds without a word."""

import httpx
import pytest

from bot.packages.policy_terms import contents
from bot.source import FileError
from graph.models import AccessPackage, ResourceRoleScope
from sandbox.tenant import Tenant
from sandbox.tenant.model import Resource
from sandbox.tenant.model import ResourceRoleScope as Given
from sandbox.tenant.seed import BOARD_PAPERS, BOARD_READERS, GENERAL
from tests.bot.provisioning.conftest import Provisioner

HELPDESK = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
FILE = """\
catalogs:
  - name: General
    packages:
      - name: Board Papers
        gives: [Member of group Board readers, {role}]
"""


def onboard(
    tenant: Tenant,
    name: str = "Helpdesk Administrator",
    *,
    system: str = "DirectoryRole",
    origin_id: str = HELPDESK,
) -> Resource:
    """An administrator puts something into the catalog in the portal."""
    world = tenant.world
    resource = Resource(
        id=world.new_id(),
        catalog_id=GENERAL,
        display_name=name,
        origin_id=origin_id,
        origin_system=system,
        created_at=world.now(),
        scope_id=world.new_id(),
    )
    world.resources[resource.id] = resource
    return resource


def give(tenant: Tenant, resource: Resource, role: str) -> None:
    """The portal adds a role to Board Papers."""
    world = tenant.world
    role_id = resource.role_ids.setdefault(role, world.new_id())
    world.packages[BOARD_PAPERS].role_scopes.append(
        Given(
            id=f"{role_id}_{resource.scope_id}",
            resource_id=resource.id,
            role_origin_id=role,
            created_at=world.now(),
        )
    )


@pytest.mark.parametrize("role", ["Active Member", "Eligible Member"])
async def test_an_entra_role_is_imported_and_planned_by_name(
    provisioner: Provisioner, tenant: Tenant, role: str
) -> None:
    """The import says what it is, and its plan changes nothing."""
    give(tenant, onboard(tenant), role.partition(" ")[0])
    text = (await provisioner.import_()).text
    assert f"- {role} of Entra role Helpdesk Administrator" in text
    assert "- Entra role Helpdesk Administrator" in text
    assert await provisioner.changes(text) == []


async def test_an_entra_role_is_given_from_a_catalog_that_holds_it(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """By its name or by its id."""
    onboard(tenant)
    text = FILE.format(role="Eligible Member of Entra role Helpdesk Administrator")
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []
    assert await provisioner.changes(text.replace("Helpdesk Administrator", HELPDESK)) == []
    given = tenant.world.packages[BOARD_PAPERS].role_scopes[-1]
    assert given.role_origin_id == "Eligible"


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("Eligible Member of Entra role Helpdesk", "No catalog holds an Entra role “Helpdesk”"),
        (f"Eligible Member of Entra role {HELPDESK}", "Latchkey puts no Entra role into a catalog"),
    ],
)
async def test_an_entra_role_that_no_catalog_holds_is_refused_by_the_plan(
    provisioner: Provisioner, role: str, sentence: str
) -> None:
    """It takes a Privileged Role Administrator to put one into a catalog."""
    with pytest.raises(FileError, match=sentence):
        await provisioner.plan(FILE.format(role=role))


async def test_an_eligible_membership_is_given_and_imported(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Of a group under Privileged Identity Management; nobody becomes a member by it."""
    tenant.world.groups[BOARD_READERS].is_privileged = True
    text = FILE.format(role="Eligible Member of group Board readers")
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []
    assert "- Eligible Member of group Board readers" in (await provisioner.import_()).text


async def test_a_group_without_roles_to_activate_is_said(provisioner: Provisioner) -> None:
    """The catalog holds it, and tells."""
    with pytest.raises(FileError, match="group Board readers has no role “Eligible Member”"):
        await provisioner.plan(FILE.format(role="Eligible Member of group Board readers"))


async def test_two_sites_of_one_name_are_not_guessed(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Another site is called Finance, too: its name means neither."""
    onboard(
        tenant,
        "Finance",
        system="SharePointOnline",
        origin_id="https://contoso.sharepoint.com/sites/Finance-2",
    )
    with pytest.raises(FileError, match="There are 2 of the name site “Finance”"):
        await provisioner.plan(FILE.format(role="Finance Visitors of site Finance"))


@pytest.mark.made_up("an origin system of next year")
async def test_a_list_with_something_unsayable_is_left_out_whole(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A list without it would read as an order to take it away; the file says what is missing."""
    give(tenant, onboard(tenant, "Data lake"), "Active")
    known = provisioner.transport.handle_async_request

    async def renamed(request: httpx.Request) -> httpx.Response:
        response = await known(request)
        content = response.content.replace(b'"DirectoryRole"', b'"DataLake"')
        return httpx.Response(response.status_code, content=content, request=request)

    provisioner.transport.handle_async_request = renamed  # type: ignore[method-assign]
    imported = await provisioner.import_()
    assert any("Data lake in catalog General" in each for each in imported.left_out)
    assert any("what package Board Papers gives" in each for each in imported.left_out)
    assert await provisioner.changes(imported.text) == []


@pytest.mark.parametrize(
    ("role", "system", "name", "line"),
    [
        ("Member", "AadGroup", "Prod admins", "Member of the group Prod admins"),
        (
            "Eligible Member",
            "AadGroup",
            "Prod admins",
            "May activate Member of the group Prod admins",
        ),
        (
            "Eligible Member",
            "DirectoryRole",
            "Helpdesk Administrator",
            "May activate the Entra role Helpdesk Administrator",
        ),
        (
            "Active Member",
            "DirectoryRole",
            "Helpdesk Administrator",
            "the Entra role Helpdesk Administrator",
        ),
    ],
)
def test_the_card_says_what_is_only_eligible(role: str, system: str, name: str, line: str) -> None:
    """Approvers read that the holder still has to activate it."""
    given = ResourceRoleScope.model_validate(
        {
            "id": "x",
            "role": {
                "displayName": role,
                "originSystem": system,
                "resource": {"displayName": name, "originSystem": system},
            },
            "scope": {"originId": "o", "originSystem": system, "isRootScope": True},
        }
    )
    package = AccessPackage(id="p", display_name="P", resource_role_scopes=[given])
    assert contents(package) == (line,)
