"""Users and groups, as Graph answers about them."""

import pytest

from sandbox.tenant import seed
from tests.tutorial import TUTORIAL


async def test_a_user_is_found_by_mail(graph):
    """The lookup that matches a Slack profile to the directory."""
    found = await graph.get(
        "/users", **{"$filter": "mail eq 'ANN@contoso.example'", "$select": "id,accountEnabled"}
    )
    assert [user["id"] for user in found["value"]] == [seed.ANN]


async def test_a_doubled_quote_is_one_quote(v1):
    """A name with a quote neither breaks nor widens the filter."""
    found = await v1.get("/users", **{"$filter": "mail eq 'o''neil@contoso.example'"})
    assert found["value"] == []


@pytest.mark.parametrize("text", ["mail eq 'x", "mail ~ 'x'", "mail eq", "mail eq 'x' or"])
async def test_a_broken_filter_is_refused(v1, text):
    """A filter that was put together wrongly is a 400, never an empty list."""
    assert await v1.error("GET", "/users", **{"$filter": text}) == (400, "BadRequest")


async def test_several_people_are_asked_for_by_their_addresses(graph):
    """`in` is as good as several `eq`, for fifteen values and no more."""
    some = ",".join(f"'{name}@contoso.example'" for name in ("ann", "bo", "nobody"))
    found = await graph.get(
        "/users", **{"$filter": f"mail in ({some}) or userPrincipalName in ({some})"}
    )
    assert {each["id"] for each in found["value"]} == {seed.ANN, seed.BO}
    many = ",".join(f"'{number}@contoso.example'" for number in range(16))
    status, code = await graph.error("GET", "/users", **{"$filter": f"mail in ({many})"})
    assert (status, code) == (400, "Request_UnsupportedQuery")


async def test_v1_leaves_out_account_enabled_unless_selected(v1):
    """A client that forgets $select cannot tell a disabled account."""
    assert "accountEnabled" not in await v1.get(f"/users/{seed.ANN}")
    selected = await v1.get(f"/users/{seed.ANN}", **{"$select": "id,accountEnabled"})
    assert selected["accountEnabled"] is True


async def test_a_manager_is_named_and_a_missing_one_is_404(graph):
    """Ann reports to Mia; Mia to nobody."""
    manager = await graph.get(f"/users/{seed.ANN}/manager")
    assert manager["id"] == seed.MIA
    status, code = await graph.error("GET", f"/users/{seed.MIA}/manager")
    assert (status, code) == (404, "Request_ResourceNotFound")


async def test_check_member_groups_sees_nested_groups(graph):
    """Membership through another group counts."""
    graph.tenant.world.groups[seed.FINANCE_READERS].members.append(seed.MARKETING)
    asked = {"groupIds": [seed.FINANCE_READERS, seed.SECURITY_REVIEWERS]}
    found = await graph.post(f"/users/{seed.ANN}/checkMemberGroups", asked)
    assert found["value"] == [seed.FINANCE_READERS]


async def test_more_than_twenty_groups_are_too_many(v1):
    """The documented limit of checkMemberGroups."""
    asked = {"groupIds": [seed.MARKETING] * 21}
    status, _ = await v1.error("POST", f"/users/{seed.ANN}/checkMemberGroups", asked)
    assert status == 400


async def test_transitive_members_mix_types(graph):
    """Users and groups come together, told apart by @odata.type."""
    graph.tenant.world.groups[seed.FINANCE_READERS].members.append(seed.MARKETING)
    found = await graph.get(f"/groups/{seed.FINANCE_READERS}/transitiveMembers")
    kinds = {member["@odata.type"] for member in found["value"]}
    assert kinds == {"#microsoft.graph.user", "#microsoft.graph.group"}


async def test_a_member_is_added_and_removed(graph):
    """Both directions of members/$ref."""
    path = f"/groups/{seed.MARKETING}/members"
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{seed.BO}"}
    await graph.post(f"{path}/$ref", reference)
    assert seed.BO in graph.tenant.world.groups[seed.MARKETING].members
    await graph.call("DELETE", f"{path}/{seed.BO}/$ref")
    assert seed.BO not in graph.tenant.world.groups[seed.MARKETING].members


async def test_a_created_user_can_be_read_and_deleted(graph):
    """The person whom the tutorial makes; capitals in an address make no difference."""
    made = await graph.post("/users", TUTORIAL[0].body)
    assert (await graph.get("/users/requestor1@contoso.example"))["id"] == made["id"]
    assert (await graph.call("DELETE", f"/users/{made['id']}")).status_code == 204
    assert (await graph.error("GET", f"/users/{made['id']}"))[0] == 404


async def test_an_advanced_query_wants_its_header(v1):
    """$count without ConsistencyLevel: eventual is unsupported."""
    status, code = await v1.error("GET", "/users", **{"$count": "true"})
    assert (status, code) == (400, "Request_UnsupportedQuery")
    counted = await v1.call(
        "GET", "/users", headers={"ConsistencyLevel": "eventual"}, **{"$count": "true"}
    )
    assert counted.json()["@odata.count"] == 6


async def test_a_guest_is_addressed_by_an_encoded_principal_name(v1):
    """The # of #EXT# travels as %23."""
    found = await v1.get("/users/gus_fabrikam.example%23EXT%23@contoso.example")
    assert found["mail"] == "gus@fabrikam.example"


async def test_a_permission_that_was_not_granted_is_403(v1):
    """The directory's own code for a missing permission."""
    v1.tenant.permissions.discard("User.ReadWrite.All")
    assert await v1.error("GET", "/users") == (403, "Authorization_RequestDenied")


async def test_a_group_is_renamed(graph):
    """Update group: its members stay."""
    group = graph.tenant.world.groups[seed.MARKETING]
    members = list(group.members)
    response = await graph.call("PATCH", f"/groups/{group.id}", {"displayName": "Sales"})
    assert response.status_code == 204
    assert (group.display_name, group.members) == ("Sales", members)


async def test_a_group_with_a_team_has_its_address(graph):
    """By the group's id, whole and with $select; the address leads into Teams and names group and tenant."""
    whole = await graph.get(f"/teams/{seed.MARKETING_RESOURCES}")
    assert whole["id"] == seed.MARKETING_RESOURCES
    assert whole["webUrl"].startswith("https://teams.microsoft.com/l/team/")
    assert f"groupId={seed.MARKETING_RESOURCES}" in whole["webUrl"]
    assert f"tenantId={graph.tenant.tenant_id}" in whole["webUrl"]
    some = await graph.get(f"/teams/{seed.MARKETING_RESOURCES}", **{"$select": "id,webUrl"})
    assert {name for name in some if "@" not in name} == {"id", "webUrl"}


@pytest.mark.parametrize("group", [seed.MARKETING, "00000000-0000-4000-8000-000000000000"])
async def test_a_group_without_a_team_has_none(graph, group):
    """Whether or not there is such a group."""
    assert await graph.error("GET", f"/teams/{group}") == (404, "NotFound")


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ("Team.ReadBasic.All", 200),
        ("TeamSettings.Read.All", 200),
        ("Group.Read.All", 200),
        ("GroupMember.Read.All", 403),
        ("User.Read.All", 403),
        ("Application.Read.All", 403),
    ],
)
async def test_a_team_takes_a_permission_of_its_own(graph, granted, status):
    """Who may read members may not read teams."""
    poor = graph.tenant.delegated_token(seed.DANA, grants={granted})
    answer = await graph.call("GET", f"/teams/{seed.MARKETING_RESOURCES}", token=poor)
    assert answer.status_code == status
