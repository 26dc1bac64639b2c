"""Test whom entitlement management lets ask, and what nobody may be given: as Microsoft documents it."""

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import Policy
from tests.bot.samples import question
from tests.sandbox.tenant.conftest import EM

CAMPAIGN, FINANCE = seed.MARKETING_CAMPAIGN, seed.FINANCE_REPORTS
ANSWER = {
    "@odata.type": "#microsoft.graph.accessPackageAnswerString",
    "value": "4711",
    "answeredQuestion": {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "id": "a",
    },
}


def policy_of(graph, package=CAMPAIGN):
    return graph.tenant.world.policies_of(package)[0]


def another(graph, policy_id, **changes):
    """One more policy of the campaign."""
    made = Policy(**{**vars(policy_of(graph)), "id": policy_id, **changes})
    graph.tenant.world.policies[policy_id] = made
    return made


async def refused(graph, request_type, *, package=CAMPAIGN, policy=None, **rest):
    """The status of Ann's request, which is refused."""
    token = graph.tenant.delegated_token(seed.ANN) if request_type == "userAdd" else None
    named = {"assignmentPolicyId": policy} if policy else {}
    body = graph.body(request_type, targetId=seed.ANN, accessPackageId=package, **named, **rest)
    status, _ = await graph.error("POST", graph.requests, body, token=token)
    return status


def switch_off(graph):
    world = graph.tenant.world
    world.catalogs[world.packages[CAMPAIGN].catalog_id].state = "unpublished"


def make_automatic(graph):
    policy_of(graph).settings["automaticRequestSettings"] = {"requestAccessForAllowedTargets": True}


def want_a_credential(graph):
    policy_of(graph).settings["verifiableCredentialSettings"] = {
        "credentialTypes": [{"credentialType": "Employee"}]
    }


def ask_for_an_attribute(graph):
    world = graph.tenant.world
    resource = world.resources[world.packages[CAMPAIGN].role_scopes[0].resource_id]
    resource.attributes = [{"name": "costCenter", "source": {"question": question(id="a")}}]


@pytest.mark.parametrize(
    "change",
    [switch_off, make_automatic, want_a_credential, ask_for_an_attribute],
    ids=lambda each: each.__name__,
)
async def test_nobody_asks_past_a_condition(graph, change):
    """Catalog, kind of policy, credential, attributes."""
    change(graph)
    assert await refused(graph, "userAdd", policy=policy_of(graph).id) == 400


@pytest.mark.parametrize(("value", "is_taken"), [("4711", True), (" ", False)])
async def test_every_attribute_wants_an_answer(graph, value, is_taken):
    """A blank is none."""
    ask_for_an_attribute(graph)
    body = graph.body(
        "userAdd",
        targetId=seed.ANN,
        accessPackageId=CAMPAIGN,
        answers=[ANSWER | {"value": value}],
    )
    token = graph.tenant.delegated_token(seed.ANN)
    response = await graph.call("POST", graph.requests, body, token=token)
    assert response.is_success is is_taken


async def test_a_hidden_package_can_be_asked_for(graph):
    """Whoever has the link may."""
    graph.tenant.world.packages[CAMPAIGN].is_hidden = True
    await graph.ask(seed.ANN, CAMPAIGN, "userAdd", token=graph.tenant.delegated_token(seed.ANN))


async def test_the_more_specific_policy_puts_the_others_aside(graph):
    """They are ignored, even if one is named."""
    general = another(graph, "general", allowed_target_scope="allMemberUsers")
    assert await refused(graph, "userAdd", policy=general.id) == 400
    await graph.ask(seed.ANN, CAMPAIGN, "userAdd", token=graph.tenant.delegated_token(seed.ANN))


async def test_of_equal_policies_one_must_be_named(graph):
    """Entra does not choose for the person."""
    another(graph, "second")
    assert await refused(graph, "userAdd") == 400
    await graph.ask(seed.ANN, CAMPAIGN, "userAdd", token=graph.tenant.delegated_token(seed.ANN))


async def test_the_requirements_are_those_of_the_policies_to_choose_among(graph):
    """What is put aside is not shown."""
    another(graph, "general", allowed_target_scope="allMemberUsers")
    second = another(graph, "second")
    path = f"{EM}/accessPackages/{CAMPAIGN}/getApplicablePolicyRequirements"
    token = graph.tenant.delegated_token(seed.ANN)
    shown = (await graph.post(path, None, token=token))["value"]
    assert {each["policyId"] for each in shown} == {policy_of(graph).id, second.id}


@pytest.mark.parametrize("request_type", ["userAdd", "adminAdd"])
async def test_incompatible_access_is_given_by_nobody(graph, request_type):
    """ "Nor can an administrator make a new assignment"; packages and groups alike."""
    world = graph.tenant.world
    world.packages[FINANCE].incompatible_packages.append(CAMPAIGN)
    rest = {"package": FINANCE, "policy": policy_of(graph, FINANCE).id, "justification": "Q4"}
    await graph.grant(seed.ANN, CAMPAIGN)
    assert await refused(graph, request_type, **rest) == 400

    world.packages[FINANCE].incompatible_packages.clear()
    world.packages[FINANCE].incompatible_groups.append(seed.MARKETING_RESOURCES)
    assert await refused(graph, request_type, **rest) == 400


async def test_the_other_order_is_no_obstacle(graph):
    """Incompatible is a word about one of the two."""
    graph.tenant.world.packages[FINANCE].incompatible_packages.append(CAMPAIGN)
    await graph.grant(seed.ANN, FINANCE)
    await graph.grant(seed.ANN, CAMPAIGN)


@pytest.mark.parametrize(
    "stage", ["assignmentRequestCreated", "assignmentRequestDeterminingApprovalRequirements"]
)
async def test_an_extension_with_a_say_is_waited_for(v1, stage):
    """The request stays where it is until somebody resumes it."""
    policy_of(v1).settings["customExtensionStageSettings"] = [{"stage": stage}]
    request = await v1.ask(seed.ANN, CAMPAIGN, "userAdd", token=v1.tenant.delegated_token(seed.ANN))
    v1.clock.shift(v1.tenant.world.delivery)
    assert v1.tenant.world.requests[request["id"]].status == "WaitingForCallback"
