"""Enterprise applications, as asked of the directory."""

from tests.graph.wire import Wire, graph_on


async def test_applications_come_with_their_roles():
    """A package names an application's role by the id found here."""
    roles = [{"id": "role", "displayName": "Reader", "value": "read", "isEnabled": True}]
    wire = Wire({"value": [{"id": "sp", "appId": "app", "appRoles": roles}]})

    (application,) = await graph_on(wire).applications.find(display_name="Ledger")

    assert application.app_roles[0].display_name == "Reader"
