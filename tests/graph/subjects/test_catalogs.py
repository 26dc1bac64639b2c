"""Catalogs, and the resources that go in and out."""

from datetime import timedelta

import httpx
import pytest

from graph.errors import Forbidden, GraphError, GraphUnavailable, Rejected
from graph.models import AccessPackageQuestion, ResourceAttribute
from tests.graph.wire import EM, ROOT, Pauses, Wire, graph_on, refusal

EMPTY: dict = {"value": []}
LISTED = {"value": [{"id": "r", "originId": "g", "originSystem": "AadGroup"}]}
ACCEPTED = httpx.Response(201, json={"id": "request", "state": "delivered"})
TOO_NEW = refusal(400, "ResourceNotFoundInOriginSystem")


@pytest.mark.parametrize(
    ("version", "sent"),
    [
        ("v1.0", f"GET /v1.0{EM}/catalogs?$filter=displayName eq 'General'"),
        ("beta", f"GET /beta{EM}/accessPackageCatalogs?$filter=displayName eq 'General'"),
    ],
)
async def test_a_catalog_is_found_by_its_name(version, sent):
    """Its name is all that is asked for, in both versions."""
    wire = Wire({"value": [{"id": "c", "displayName": "General", "catalogStatus": "Published"}]})

    catalog = await graph_on(wire, version=version).catalogs.find(display_name="General")

    assert wire.sent == [sent]
    assert catalog is not None
    assert catalog.is_published


async def test_no_catalog_of_that_name_is_none():
    """Graph answers with an empty list."""
    assert await graph_on(Wire(EMPTY)).catalogs.find(display_name="X") is None


async def test_two_catalogs_of_one_name_are_refused():
    """Names are not unique; guessing would put things into the wrong place."""
    with pytest.raises(GraphError, match="a, b"):
        await graph_on(Wire({"value": [{"id": "a"}, {"id": "b"}]})).catalogs.find(display_name="X")


@pytest.mark.parametrize(
    ("version", "word"),
    [("v1.0", {"state": "published"}), ("beta", {"catalogStatus": "Published"})],
)
async def test_a_catalog_is_made(version, word):
    """Published under either version's word."""
    wire = Wire(httpx.Response(201, json={"id": "c"}))

    await graph_on(wire, version=version).catalogs.create(display_name="C", description="d")

    assert wire.body() == {
        "displayName": "C",
        "description": "d",
        "isExternallyVisible": False,
        **word,
    }


@pytest.mark.parametrize(
    ("version", "query"),
    [
        ("v1.0", "originSystem eq 'AadGroup' and resource/id eq 'r'&$expand=resource"),
        (
            "beta",
            "originSystem eq 'AadGroup' and accessPackageResource/id eq 'r'"
            "&$expand=accessPackageResource",
        ),
    ],
)
async def test_roles_are_asked_for_as_graph_insists(version, query):
    """Origin system and resource are both needed; the placeholder id is understood."""
    placeholder = "00000000-0000-0000-0000-000000000000"
    wire = Wire({"value": [{"id": placeholder, "originId": "Member_g", "displayName": "Member"}]})

    (role,) = await graph_on(wire, version=version).catalogs.roles(
        "c", resource_id="r", origin_system="AadGroup"
    )

    assert query in wire.sent[0]
    assert role.origin_id == "Member_g"


@pytest.mark.parametrize(
    ("version", "name", "bind"),
    [
        ("v1.0", "resource", f"{ROOT}/v1.0{EM}/resourceEnvironments/e"),
        (
            "beta",
            "accessPackageResource",
            f"{ROOT}/beta{EM}/accessPackageResourceEnvironments/e",
        ),
    ],
)
async def test_a_site_names_its_geography_by_reference(version, name, bind):
    """Multi-geo SharePoint, by the environment's id."""
    wire = Wire(ACCEPTED)

    await graph_on(wire, version=version).resources.add(
        catalog_id="c",
        origin_id="https://contoso.sharepoint.com/sites/Sales",
        origin_system="SharePointOnline",
        environment_id="e",
    )

    key = "environment" if version == "v1.0" else "accessPackageResourceEnvironment"
    assert wire.body()[name][f"{key}@odata.bind"] == bind


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("v1.0", ("resource", "environment")),
        ("beta", ("accessPackageResource", "accessPackageResourceEnvironment")),
    ],
)
async def test_a_site_names_its_geography_by_origin(version, path):
    """Multi-geo SharePoint, by the environment's address."""
    wire = Wire(ACCEPTED)

    await graph_on(wire, version=version).resources.add(
        catalog_id="c",
        origin_id="https://contoso.sharepoint.com/sites/Sales",
        origin_system="SharePointOnline",
        environment_origin_id="https://contoso-admin.sharepoint.com/",
    )

    assert wire.body()[path[0]][path[1]] == {"originId": "https://contoso-admin.sharepoint.com/"}


async def test_two_geographies_for_one_site_are_refused():
    """One of the two would be ignored, silently."""
    with pytest.raises(ValueError, match="not by both"):
        await graph_on(Wire(ACCEPTED)).resources.add(
            catalog_id="c",
            origin_id="s",
            origin_system="SharePointOnline",
            environment_id="e",
            environment_origin_id="https://x/",
        )


async def test_an_unknown_kind_of_resource_is_refused():
    """A slip such as the group's id in the wrong place is caught before it is sent."""
    with pytest.raises(ValueError, match="AadGroup"):
        await graph_on(Wire(ACCEPTED)).resources.add(
            catalog_id="c", origin_id="g", origin_system="Group"
        )


@pytest.mark.parametrize(
    ("version", "names", "text"),
    [
        ("v1.0", ("resource", "name", "source", "destination"), "Which team?"),
        (
            "beta",
            (
                "accessPackageResource",
                "attributeName",
                "attributeSource",
                "attributeDestination",
            ),
            {"defaultText": "Which team?", "localizedTexts": []},
        ),
    ],
)
async def test_an_applications_attributes_are_asked_of_the_requestor(version, names, text):
    """The question and where its answer goes, in either version's names."""
    wire = Wire(ACCEPTED)
    question = AccessPackageQuestion(
        odata_type="#microsoft.graph.accessPackageTextInputQuestion", text="Which team?"
    )

    await graph_on(wire, version=version).resources.update(
        catalog_id="c",
        origin_id="sp",
        origin_system="AadApplication",
        attributes=[ResourceAttribute.asked("extension_team", question)],
    )

    resource, name, source, destination = names
    (attribute,) = wire.body()[resource]["attributes"]
    assert attribute[name] == "extension_team"
    assert attribute[source]["question"]["text"] == text
    assert attribute[destination]["@odata.type"].endswith("UserDirectoryAttributeStore")


async def test_a_resource_that_is_there_is_not_asked_for():
    """Ensuring twice sends nothing the second time."""
    wire = Wire(LISTED)

    found = await graph_on(wire).resources.ensure(
        catalog_id="c", origin_id="g", origin_system="AadGroup"
    )

    assert found.id == "r"
    assert [request.method for request in wire.requests] == ["GET"]


async def test_a_group_not_visible_yet_is_waited_for():
    """Entra's entitlement side sees a new group seconds to minutes later."""
    pauses = Pauses()
    wire = Wire(EMPTY, TOO_NEW, TOO_NEW, ACCEPTED, EMPTY, LISTED)

    found = await graph_on(wire, sleep=pauses).resources.ensure(
        catalog_id="c", origin_id="g", origin_system="AadGroup"
    )

    assert found.id == "r"
    assert pauses.seconds == [5, 5, 5]


async def test_a_group_that_stays_invisible_is_refused_in_the_end():
    """Patience is bounded, and Graph's own words are handed on."""
    wire = Wire(EMPTY, TOO_NEW)

    with pytest.raises(Rejected) as caught:
        await graph_on(wire).resources.ensure(
            catalog_id="c",
            origin_id="g",
            origin_system="AadGroup",
            patience=timedelta(seconds=12),
        )

    assert caught.value.has_code("ResourceNotFoundInOriginSystem")
    assert len(wire.requests) == 4


async def test_a_resource_already_onboarded_is_a_success():
    """Somebody else was first; what counts is that it is there."""
    wire = Wire(EMPTY, refusal(400, "ResourceAlreadyOnboarded"), LISTED)

    found = await graph_on(wire).resources.ensure(
        catalog_id="c", origin_id="g", origin_system="AadGroup"
    )

    assert found.id == "r"


async def test_an_unclear_answer_is_looked_after_and_not_repeated():
    """It may have happened: then the catalog lists it."""
    wire = Wire(EMPTY, httpx.ReadTimeout("late"), LISTED)

    await graph_on(wire).resources.ensure(catalog_id="c", origin_id="g", origin_system="AadGroup")

    assert [request.method for request in wire.requests] == ["GET", "POST", "GET"]


async def test_what_an_unclear_answer_did_not_bring_is_asked_for_again():
    """Asking twice harms nothing: Graph says that the resource is onboarded already."""
    wire = Wire(EMPTY, httpx.ReadTimeout("late"), EMPTY, ACCEPTED, LISTED)

    await graph_on(wire).resources.ensure(catalog_id="c", origin_id="g", origin_system="AadGroup")

    assert [request.method for request in wire.requests] == ["GET", "POST", "GET", "POST", "GET"]


async def test_a_missing_permission_is_not_waited_out():
    """Only what time heals is waited for."""
    with pytest.raises(Forbidden):
        await graph_on(Wire(EMPTY, refusal(403, "UnAuthorized"))).resources.ensure(
            catalog_id="c", origin_id="g", origin_system="AadGroup"
        )


async def test_a_resource_never_listed_may_still_be_there():
    """After all patience the caller learns that it was asked for."""
    wire = Wire(EMPTY, ACCEPTED, EMPTY)

    with pytest.raises(GraphUnavailable) as caught:
        await graph_on(wire).resources.ensure(
            catalog_id="c",
            origin_id="g",
            origin_system="AadGroup",
            patience=timedelta(seconds=5),
        )

    assert caught.value.may_have_happened


@pytest.mark.parametrize(
    ("version", "segment"),
    [("v1.0", "resourceEnvironments"), ("beta", "accessPackageResourceEnvironments")],
)
async def test_environments_are_listed_with_the_filter_graph_insists_on(version, segment):
    """Without it Graph refuses the list."""
    wire = Wire({"value": [{"id": "e", "originId": "https://x/", "isDefaultEnvironment": True}]})

    (found,) = await graph_on(wire, version=version).resources.environments()

    assert wire.sent == [f"GET /{version}{EM}/{segment}?$filter=originSystem eq 'SharePointOnline'"]
    assert found.is_default_environment
