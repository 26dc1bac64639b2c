"""Enterprise applications, as asked of the directory."""

from graph.errors import BadAnswer, Forbidden, NotFound
from graph.models import Application
from sandbox.tenant import seed
from tests.graph.wire import Wire, graph_on

NONE = "00000000-0000-4000-8000-000000000000"


async def test_applications_come_with_their_roles():
    """A package names an application's role by the id found here."""
    roles = [{"id": "role", "displayName": "Reader", "value": "read", "isEnabled": True}]
    wire = Wire({"value": [{"id": "sp", "appId": "app", "appRoles": roles}]})

    (application,) = await graph_on(wire).applications.find(display_name="Ledger")

    assert application.app_roles[0].display_name == "Reader"


async def test_applications_by_id_have_the_id_that_sign_ins_name(graph):
    """An error stands for each that is not there, and hides no other."""
    found = await graph.applications.each([seed.LEDGER, NONE, seed.LEDGER])

    assert set(found) == {seed.LEDGER, NONE}
    assert isinstance(found[NONE], NotFound)
    assert found[seed.LEDGER].app_id not in {None, seed.LEDGER}


async def test_the_team_of_a_group_has_its_address(graph):
    """A group without one is as good as not there."""
    found = await graph.teams.each([seed.MARKETING_RESOURCES, seed.MARKETING, NONE])

    assert found[seed.MARKETING_RESOURCES].web_url.startswith("https://teams.microsoft.com/l/team/")
    assert isinstance(found[seed.MARKETING], NotFound)
    assert isinstance(found[NONE], NotFound)


async def test_nothing_is_asked_of_nobody(graph, tenant):
    """An empty list costs no call."""
    before = len(tenant.calls)

    assert await graph.teams.each([]) == await graph.applications.each([]) == {}
    assert len(tenant.calls) == before


async def test_what_cannot_be_read_is_an_error_of_its_own():
    """Beside what can."""
    answers = [
        {"id": "0", "status": 200, "body": {"id": "one", "appId": "app"}},
        {"id": "1", "status": 200, "body": {"id": "two", "appId": 7}},
        {"id": "2", "status": 403, "body": {"error": {"code": "Denied", "message": "No."}}},
    ]
    wire = Wire({"responses": answers})

    found = await graph_on(wire).applications.each(["one", "two", "three"])

    assert found["one"] == Application(id="one", app_id="app")
    assert isinstance(found["two"], BadAnswer)
    assert isinstance(found["three"], Forbidden)
