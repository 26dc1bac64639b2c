"""Policies: one meaning in both versions, and nothing lost when one is replaced."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph.errors import NotFound
from graph.models import (
    AssignmentPolicy,
    Expiration,
    Reference,
)
from tests.graph.samples import BETA, V1
from tests.graph.wire import EM, Wire, graph_on


async def read(body: object, version: str) -> AssignmentPolicy:
    return await graph_on(Wire(body), version=version).policies.get("p")


async def written(policy: AssignmentPolicy, version: str) -> Any:
    wire = Wire(httpx.Response(200, json={}))
    await graph_on(wire, version=version).policies.replace(policy)
    assert wire.requests[0].method == "PUT"
    return wire.body()


@pytest.mark.made_up("settings that Graph does not have yet")
async def test_a_v1_policy_is_put_back_with_all_it_had():
    """What a PUT leaves out is dropped, so known and unknown fields all go back."""
    kept = {
        name: value
        for name, value in V1.items()
        if name not in ("@odata.context", "id", "catalog", "createdDateTime", "modifiedDateTime")
    }

    sent = await written(await read(V1, "v1.0"), "v1.0")

    assert sent == {**kept, "accessPackage": {"id": "q"}}


@pytest.mark.made_up("settings that Graph does not have yet")
async def test_a_beta_policy_is_put_back_with_all_it_had():
    """There and back through v1.0's words, nothing is lost or changed."""
    kept = {
        name: value
        for name, value in BETA.items()
        if name not in ("id", "createdBy", "createdDateTime", "modifiedBy", "modifiedDateTime")
    }

    sent = await written(await read(BETA, "beta"), "beta")

    assert {**sent, "requestorSettings": None} == {**kept, "requestorSettings": None}
    assert sent["requestorSettings"] == BETA["requestorSettings"]


@pytest.mark.made_up("settings that Graph does not have yet")
@pytest.mark.parametrize(("version", "body"), [("v1.0", V1), ("beta", BETA)])
async def test_one_change_is_the_only_change(version, body):
    """A copy with one thing altered sends that and all the rest."""
    policy = await read(body, version)
    before = await written(policy, version)

    after = await written(policy.model_copy(update={"display_name": "New"}), version)

    assert after == {**before, "displayName": "New"}


async def test_v1_says_all_of_it():
    """The same policy that beta refuses goes out in v1.0 as it is."""
    policy = AssignmentPolicy(
        display_name="P",
        allowed_target_scope="allDirectoryServicePrincipals",
        expiration=Expiration.after(timedelta(hours=36)),
        access_package=Reference(id="q"),
    )
    wire = Wire(httpx.Response(201, json={"id": "p"}))

    await graph_on(wire).policies.create(policy)

    assert wire.body() == {
        "displayName": "P",
        "allowedTargetScope": "allDirectoryServicePrincipals",
        "expiration": {"type": "afterDuration", "duration": "P1DT12H"},
        "accessPackage": {"id": "q"},
    }


async def test_policies_are_listed_by_package():
    """Graph documents no filter for it, so we look at each."""
    wire = Wire(
        {
            "value": [
                {"id": "a", "accessPackage": {"id": "q"}},
                {"id": "b", "accessPackage": {"id": "other"}},
                {"id": "c", "accessPackage": None},
            ]
        }
    )

    found = await graph_on(wire).policies.list(package_id="q")

    assert [policy.id for policy in found] == ["a"]


async def test_a_policy_is_read_with_what_a_replacement_needs():
    """Questions and extensions are only sent when asked for."""
    wire = Wire({"id": "p"})

    await graph_on(wire).policies.get("p")

    assert wire.sent == [
        f"GET /v1.0{EM}/assignmentPolicies/p"
        "?$expand=accessPackage,questions,customExtensionStageSettings($expand=customExtension)"
    ]


async def test_beta_is_asked_for_its_older_extensions_too():
    """They have a say in a request like the newer ones; its questions come by themselves."""
    wire = Wire({"id": "p"})

    await graph_on(wire, version="beta").policies.get("p")

    assert wire.sent == [
        f"GET /beta{EM}/accessPackageAssignmentPolicies/p"
        "?$expand=accessPackage,customExtensionHandlers,"
        "customExtensionStageSettings($expand=customExtension)"
    ]


async def test_several_policies_are_read_whole_in_one_call():
    """An error stands for one that is gone."""
    gone = {"error": {"code": "PolicyNotFound", "message": "x"}}
    wire = Wire(
        {
            "responses": [
                {"id": "1", "status": 404, "body": gone},
                {"id": "0", "status": 200, "body": {"id": "a", "questions": []}},
            ]
        }
    )

    first, second = await graph_on(wire).policies.each(["a", "b"])

    assert isinstance(first, AssignmentPolicy)
    assert (first.questions, first.custom_extension_stage_settings) == ([], None)
    assert isinstance(second, NotFound)
    assert all("$expand" in each["url"] for each in wire.body(0)["requests"])


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_older_extensions_are_not_sent_back_where_there_are_none(version):
    """v1.0 has no word for them."""
    policy = AssignmentPolicy.model_validate({"id": "p", "customExtensionHandlers": []})
    wire = Wire(httpx.Response(200, json={}))

    await graph_on(wire, version=version).policies.replace(policy)

    assert wire.body() == {}
