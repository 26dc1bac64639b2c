"""People, as asked of the directory; and what the lists and objects of the directory share."""

import json
from urllib.parse import unquote

import httpx
import pytest

from graph import Graph
from graph.errors import Forbidden, NotFound
from sandbox.tenant import seed
from tests.graph.wire import Wire, graph_on, refusal, target


async def test_people_are_found_by_mail_or_principal_name():
    """Both names are asked for, and the fields that only come when asked for."""
    ann = {"id": "u", "mail": "Ann@contoso.example", "accountEnabled": True, "userType": "Guest"}
    wire = Wire({"value": [ann]})

    (user,) = await graph_on(wire).users.find(email="ann@contoso.example")

    assert wire.sent == [
        "GET /v1.0/users?$filter=mail eq 'ann@contoso.example' "
        "or userPrincipalName eq 'ann@contoso.example'"
        "&$select=id,displayName,mail,userPrincipalName,accountEnabled,userType,jobTitle,department"
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

    await graph_on(wire).users.find(email=email)

    query = wire.requests[0].url.query.decode()
    assert quoted in target(wire.requests[0])
    assert "+" not in query
    assert query.count("&") == 1


async def test_nobody_by_that_address_is_an_empty_list():
    """Not in this tenant is an answer, not an error."""
    assert await graph_on(Wire({"value": []})).users.find(email="x@y.example") == []


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

    await graph_on(wire).users.get(user_id)

    assert wire.requests[0].url.raw_path.decode().startswith(path)


async def test_a_deleted_person_is_not_found():
    """Gone is told apart from every other failure."""
    with pytest.raises(NotFound):
        await graph_on(Wire(refusal(404, "Request_ResourceNotFound"))).users.get("u")


async def test_a_person_without_a_manager_has_none():
    """Graph's 404 here is an answer."""
    assert await graph_on(Wire(refusal(404, "Request_ResourceNotFound"))).users.manager("u") is None


@pytest.mark.parametrize("kind", ["#microsoft.graph.orgContact", "#microsoft.graph.user"])
async def test_a_contact_is_nobodys_manager(kind):
    """Of the two kinds of manager that Graph has, one can decide nothing: then the fallback is asked, as where there is none."""
    wire = Wire({"@odata.type": kind, "id": "m"})

    found = await graph_on(wire).users.manager("u")

    assert (found.id if found else None) == ("m" if kind.endswith(".user") else None)


async def test_a_forbidden_manager_is_an_error():
    """Not being allowed to look is not the same as nobody being there."""
    with pytest.raises(Forbidden):
        await graph_on(Wire(refusal(403, "Authorization_RequestDenied"))).users.manager("u")


async def test_memberships_are_checked_twenty_groups_a_call():
    """Graph takes no more at once."""
    sizes = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$batch"):
            # Whether those groups hide their members that were not among the answers.
            calls = json.loads(request.content)["requests"]
            said = [{"id": each["id"], "status": 200, "body": {"id": "g"}} for each in calls]
            return httpx.Response(200, json={"responses": said})
        asked = json.loads(request.content)["groupIds"]
        sizes.append(len(asked))
        return httpx.Response(200, json={"value": asked[:1]})

    groups = [f"g{number:02}" for number in range(45)]

    found = await graph_on(answer).users.member_of("u", [*groups, "g00"])

    assert sizes == [20, 20, 5]
    assert found == {"g00", "g20", "g40"}


async def test_no_groups_cost_no_call():
    """An empty question has an empty answer."""
    wire = Wire({"value": []})

    assert await graph_on(wire).users.member_of("u", []) == set()
    assert wire.requests == []


async def test_a_membership_check_is_tried_again():
    """It is a POST that changes nothing."""
    wire = Wire(refusal(503, "Busy"), {"value": ["g"]})

    assert await graph_on(wire).users.member_of("u", ["g"]) == {"g"}


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

    assert await graph_on(wire).users.find(email="ann@contoso.example") == []


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
    graph = graph_on(Wire({"value": [ann]}))

    users = await graph.users.find(email="ann@old.example", with_proxies=True)

    assert [user.id for user in users] == (["u"] if found else [])


async def test_who_is_found_in_two_ways_is_one_person():
    """By their mail and by their proxy address."""
    ann = {"id": "u", "mail": "ann@old.example", "proxyAddresses": ["SMTP:ann@old.example"]}
    graph = graph_on(Wire({"value": [ann]}))

    assert len(await graph.users.find(email="ann@old.example", with_proxies=True)) == 1


async def test_people_are_found_by_their_whole_name():
    """In any capitals, and nobody who only looks like it."""
    wire = Wire({"value": [{"id": "u", "displayName": "MIA MOREAU"}, {"id": "v"}]})

    found = await graph_on(wire).users.find_called("Mia Moreau")

    assert [user.id for user in found] == ["u"]


async def test_many_names_are_looked_up_in_one_call(graph: Graph) -> None:
    """Groups, people and applications, each name with all that have it, through pages of two."""
    groups = await graph.groups.find_each(["Marketing", "None of these"])
    assert [each.id for each in groups["Marketing"]] == [seed.MARKETING]
    assert groups["None of these"] == []
    people = await graph.users.find_each(["ann@contoso.example"])
    assert [each.id for each in people["ann@contoso.example"]] == [seed.ANN]
    applications = await graph.applications.find_each(["Contoso Ledger"])
    assert [each.display_name for each in applications["Contoso Ledger"]] == ["Contoso Ledger"]


async def test_many_objects_are_read_in_one_call(graph: Graph) -> None:
    """None stands for what is not there."""
    people = await graph.users.get_many([seed.ANN, "a0000000-0000-4000-8000-00000000dead"])
    assert [each and each.display_name for each in people.values()] == ["Ann Abara", None]
    groups = await graph.groups.get_many([seed.MARKETING, seed.ANN])
    assert [each and each.display_name for each in groups.values()] == ["Marketing", None]


async def test_names_that_begin_alike_are_found(graph: Graph) -> None:
    """Enough of them to name the nearest."""
    groups = await graph.groups.starting_with("Mar")
    assert "Marketing" in [each.display_name for each in groups]
    assert seed.ANN in [each.id for each in await graph.users.starting_with("ann")]
    applications = await graph.applications.starting_with("Con")
    assert "Contoso Ledger" in [each.display_name for each in applications]


async def test_many_addresses_are_one_question(graph: Graph) -> None:
    """Addresses of different people are told apart, and nobody's are nobody's."""
    asked = ["ANN@contoso.example", "bo@contoso.example", "nobody@contoso.example"]

    found = await graph.users.find_any(asked)

    ids = {email: [each.id for each in users] for email, users in found.items()}
    assert ids == {asked[0]: [seed.ANN], asked[1]: [seed.BO], asked[2]: []}


async def test_seven_addresses_fit_into_a_question():
    """Fifteen values are the most that Graph takes in a filter on people; each address is compared twice."""
    lists = [{"id": str(number), "status": 200, "body": {"value": []}} for number in range(2)]
    wire = Wire({"responses": lists})

    await graph_on(wire).users.find_any([f"o'{n}@x.example" for n in range(8)])

    first, second = (unquote(each["url"]) for each in wire.body()["requests"])
    seven = ",".join(f"'o''{n}@x.example'" for n in range(7))
    assert f"$filter=mail in ({seven}) or userPrincipalName in ({seven})&$select=" in first
    assert "mail eq 'o''7@x.example' or userPrincipalName eq 'o''7@x.example'" in second
