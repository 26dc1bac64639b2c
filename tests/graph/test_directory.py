"""People and groups, as asked of the directory."""

import json
from urllib.parse import unquote

import httpx
import pytest

from graph import Graph
from graph.errors import NotAllowed, NotFound
from sandbox.tenant import seed
from tests.graph.wire import ROOT, Wire, graph_on, refusal, target


async def test_people_are_found_by_mail_or_principal_name():
    """Both names are asked for, and the fields that only come when asked for."""
    ann = {"id": "u", "mail": "Ann@contoso.example", "accountEnabled": True, "userType": "Guest"}
    wire = Wire({"value": [ann]})

    (user,) = await graph_on(wire).directory.find_users(email="ann@contoso.example")

    assert wire.sent == [
        "GET /v1.0/users?$filter=mail eq 'ann@contoso.example' "
        "or userPrincipalName eq 'ann@contoso.example'"
        "&$select=id,displayName,mail,userPrincipalName,accountEnabled,userType"
    ]
    assert user.account_enabled
    assert user.is_guest


@pytest.mark.parametrize(
    ("email", "quoted"),
    [
        ("miles.o'brien@x.example", "mail eq 'miles.o''brien@x.example'"),
        ("a' or 'a' eq 'a", "mail eq 'a'' or ''a'' eq ''a'"),
        ("ann+x&y#z%41@x.example", "mail eq 'ann+x&y#z%41@x.example'"),
    ],
)
async def test_an_address_cannot_change_the_question(email, quoted):
    """Quotes are doubled and everything with a meaning in an address is escaped."""
    wire = Wire({"value": []})

    await graph_on(wire).directory.find_users(email=email)

    query = wire.requests[0].url.query.decode()
    assert quoted in target(wire.requests[0])
    assert "+" not in query
    assert query.count("&") == 1


async def test_nobody_by_that_address_is_an_empty_list():
    """Not in this tenant is an answer, not an error."""
    assert await graph_on(Wire({"value": []})).directory.find_users(email="x@y.example") == []


@pytest.mark.parametrize(
    ("user_id", "path"),
    [
        (
            "gus_fabrikam#EXT#@contoso.example",
            "/v1.0/users/gus_fabrikam%23EXT%23%40contoso.example?",
        ),
        ("$odd@contoso.example", "/v1.0/users('%24odd%40contoso.example')?"),
    ],
)
async def test_principal_names_with_signs_are_escaped(user_id, path):
    """A guest's name holds #, and one that begins with $ must be a quoted key."""
    wire = Wire({"id": "u"})

    await graph_on(wire).directory.user(user_id)

    assert wire.requests[0].url.raw_path.decode().startswith(path)


async def test_a_deleted_person_is_not_found():
    """Gone is told apart from every other failure."""
    with pytest.raises(NotFound):
        await graph_on(Wire(refusal(404, "Request_ResourceNotFound"))).directory.user("u")


async def test_a_person_without_a_manager_has_none():
    """Graph's 404 here is an answer."""
    assert (
        await graph_on(Wire(refusal(404, "Request_ResourceNotFound"))).directory.manager("u")
        is None
    )


async def test_a_forbidden_manager_is_an_error():
    """Not being allowed to look is not the same as nobody being there."""
    with pytest.raises(NotAllowed):
        await graph_on(Wire(refusal(403, "Authorization_RequestDenied"))).directory.manager("u")


async def test_memberships_are_checked_twenty_groups_a_call():
    """Graph takes no more at once."""
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["groupIds"]
        sizes.append(len(asked))
        return httpx.Response(200, json={"value": asked[:1]})

    groups = [f"g{number:02}" for number in range(45)]

    found = await graph_on(answer).directory.member_of("u", [*groups, "g00"])

    assert sizes == [20, 20, 5]
    assert found == {"g00", "g20", "g40"}


async def test_no_groups_cost_no_call():
    """An empty question has an empty answer."""
    wire = Wire({"value": []})

    assert await graph_on(wire).directory.member_of("u", []) == set()
    assert wire.requests == []


async def test_a_membership_check_is_tried_again():
    """It is a POST that changes nothing."""
    wire = Wire(refusal(503, "Busy"), {"value": ["g"]})

    assert await graph_on(wire).directory.member_of("u", ["g"]) == {"g"}


@pytest.mark.parametrize(
    ("transitive", "segment"), [(True, "transitiveMembers"), (False, "members")]
)
async def test_only_people_are_members(transitive, segment):
    """Groups, devices and applications in a group are left out, on every page."""
    wire = Wire(
        {
            "value": [
                {"@odata.type": "#microsoft.graph.user", "id": "ann"},
                {"@odata.type": "#microsoft.graph.group", "id": "nested"},
            ],
            "@odata.nextLink": f"{ROOT}/v1.0/groups/g/{segment}?$skiptoken=x",
        },
        {"value": [{"@odata.type": "#microsoft.graph.device", "id": "d"}, {"id": "cy"}]},
    )

    members = await graph_on(wire).directory.members("g", transitive=transitive)

    assert [user.id for user in members] == ["ann", "cy"]
    assert f"/groups/g/{segment}?" in wire.sent[0]


async def test_a_group_is_created_with_its_owners():
    """Owners are the addresses of people in our own version of Graph."""
    wire = Wire(httpx.Response(201, json={"id": "g"}))

    await graph_on(wire, version="beta").directory.create_group(
        display_name="Marketing resources", mail_nickname="marketing", owner_ids=["u"]
    )

    assert wire.body()["owners@odata.bind"] == [f"{ROOT}/beta/users/u"]
    assert wire.body()["securityEnabled"] is True


async def test_a_member_is_added_by_reference_and_removed():
    """What a stand-in for delivery, or an administrator, does to a group."""
    wire = Wire(httpx.Response(204))
    directory = graph_on(wire).directory

    await directory.add_member(group_id="g", user_id="u")
    await directory.remove_member(group_id="g", user_id="u")

    assert wire.sent == [
        "POST /v1.0/groups/g/members/$ref",
        "DELETE /v1.0/groups/g/members/u/$ref",
    ]
    assert wire.body(0) == {"@odata.id": f"{ROOT}/v1.0/directoryObjects/u"}


async def test_applications_come_with_their_roles():
    """A package names an application's role by the id found here."""
    roles = [{"id": "role", "displayName": "Reader", "value": "read", "isEnabled": True}]
    wire = Wire({"value": [{"id": "sp", "appId": "app", "appRoles": roles}]})

    (application,) = await graph_on(wire).directory.find_applications(display_name="Ledger")

    assert application.app_roles[0].display_name == "Reader"


@pytest.mark.parametrize(
    "other",
    [
        {"mail": "bo@contoso.example"},
        {"mail": None, "userPrincipalName": "ann@contoso.example.evil.example"},
        # What a directory may call equal: an accent, a long s, a Kelvin sign, a wide letter.
        {"mail": "änn@contoso.example"},
        {"mail": "ann@conto\u017fo.example"},
        {"mail": "\uff41nn@contoso.example"},
        {},
    ],
)
async def test_who_has_another_address_is_not_found(other):
    """Whatever Graph's own comparison takes for the same."""
    wire = Wire({"value": [{"id": "u", "accountEnabled": True, **other}]})

    assert await graph_on(wire).directory.find_users(email="ann@contoso.example") == []


@pytest.mark.parametrize(
    ("proxies", "found"),
    [
        (["SMTP:annie@contoso.example", "smtp:Ann@old.example"], True),
        (["smtp:ann@old.example"], True),
        (["SIP:ann@old.example", "x500:ann@old.example", "ann@old.example"], False),
        (["smtp:ann@old.example.evil.example"], False),
        (None, False),
    ],
)
async def test_a_proxy_address_counts_if_it_is_one_for_mail(proxies, found):
    """And only where it was asked for."""
    ann = {"id": "u", "mail": "annie@contoso.example", "proxyAddresses": proxies}
    directory = graph_on(Wire({"value": [ann]})).directory

    users = await directory.find_users(email="ann@old.example", with_proxies=True)

    assert [user.id for user in users] == (["u"] if found else [])


async def test_who_is_found_in_two_ways_is_one_person():
    """By their mail and by their proxy address."""
    ann = {"id": "u", "mail": "ann@old.example", "proxyAddresses": ["SMTP:ann@old.example"]}
    directory = graph_on(Wire({"value": [ann]})).directory

    assert len(await directory.find_users(email="ann@old.example", with_proxies=True)) == 1


async def test_people_are_found_by_their_whole_name():
    """In any capitals, and nobody who only looks like it."""
    wire = Wire({"value": [{"id": "u", "displayName": "MIA MOREAU"}, {"id": "v"}]})

    found = await graph_on(wire).directory.find_users_called("Mia Moreau")

    assert [user.id for user in found] == ["u"]


async def test_many_names_are_looked_up_in_one_call(graph: Graph) -> None:
    """Groups, people and applications, each name with all that have it, through pages of two."""
    groups = await graph.directory.find_groups_each(["Marketing", "None of these"])
    assert [each.id for each in groups["Marketing"]] == [seed.MARKETING]
    assert groups["None of these"] == []
    people = await graph.directory.find_users_each(["ann@contoso.example"])
    assert [each.id for each in people["ann@contoso.example"]] == [seed.ANN]
    applications = await graph.directory.find_applications_each(["Contoso Ledger"])
    assert [each.display_name for each in applications["Contoso Ledger"]] == ["Contoso Ledger"]


async def test_many_objects_are_read_in_one_call(graph: Graph) -> None:
    """None stands for what is not there."""
    people = await graph.directory.users_each([seed.ANN, "a0000000-0000-4000-8000-00000000dead"])
    assert [each and each.display_name for each in people.values()] == ["Ann Abara", None]
    groups = await graph.directory.groups_each([seed.MARKETING, seed.ANN])
    assert [each and each.display_name for each in groups.values()] == ["Marketing", None]


async def test_names_that_begin_alike_are_found(graph: Graph) -> None:
    """Enough of them to name the nearest."""
    groups = await graph.directory.groups_like("Mar")
    assert "Marketing" in [each.display_name for each in groups]
    assert seed.ANN in [each.id for each in await graph.directory.users_like("ann")]
    applications = await graph.directory.applications_like("Con")
    assert "Contoso Ledger" in [each.display_name for each in applications]


async def test_a_group_gets_another_name(graph: Graph) -> None:
    """And nothing else of it changes."""
    await graph.directory.rename_group(seed.MARKETING, display_name="Sales")
    assert (await graph.directory.group(seed.MARKETING)).display_name == "Sales"


async def test_many_addresses_are_one_question(graph: Graph) -> None:
    """Whose addresses they are is told apart, and nobody's are nobody's."""
    asked = ["ANN@contoso.example", "bo@contoso.example", "nobody@contoso.example"]

    found = await graph.directory.find_users_any(asked)

    ids = {email: [each.id for each in users] for email, users in found.items()}
    assert ids == {asked[0]: [seed.ANN], asked[1]: [seed.BO], asked[2]: []}


async def test_seven_addresses_fit_into_a_question():
    """Fifteen values are the most that Graph takes in a filter on people; each address is compared twice."""
    lists = [{"id": str(number), "status": 200, "body": {"value": []}} for number in range(2)]
    wire = Wire({"responses": lists})

    await graph_on(wire).directory.find_users_any([f"o'{n}@x.example" for n in range(8)])

    first, second = (unquote(each["url"]) for each in wire.body()["requests"])
    seven = ",".join(f"'o''{n}@x.example'" for n in range(7))
    assert f"$filter=mail in ({seven}) or userPrincipalName in ({seven})&$select=" in first
    assert "mail eq 'o''7@x.example' or userPrincipalName eq 'o''7@x.example'" in second
