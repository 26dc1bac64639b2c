"""Microsoft's tutorial over raw HTTP, and all other reads: the run holds them against Microsoft's metadata."""

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import DELIVERY, EM
from tests.tutorial import TUTORIAL, Telling, told_of

AT = {step.name: place for place, step in enumerate(TUTORIAL)}


async def follow(graph, steps=TUTORIAL):
    """Make each step's call, and look that it answers what the table tells."""
    telling = Telling(graph.version)
    for step in steps:
        token = graph.tenant.delegated_token(telling.found[step.by]) if step.by else None
        path, body, told = map(telling.words, (step.path, step.body, step.answer))
        response = await graph.call(step.method, path, body, token=token)
        answer = response.json() if response.content else None
        assert (step.name, response.status_code) == (step.name, step.status), response.text
        assert (step.name, told_of(answer, told)) == (step.name, told)
        telling.learn(step, answer)
        graph.clock.shift(DELIVERY)
    return telling


async def test_every_step_of_the_tutorial_answers_as_told(graph):
    """The calls that the table has, in both versions, and what must come back."""
    await follow(graph)


async def test_the_tutorial_leaves_nothing_behind(graph):
    """Its clean-up takes back all that the steps before it made."""
    world = graph.tenant.world
    kinds = (world.users, world.groups, world.resources, world.packages, world.policies)
    before = [set(kind) for kind in kinds]
    await follow(graph)
    assert [set(kind) for kind in kinds] == before
    assert not any(assignment.is_live for assignment in world.assignments.values())


async def test_a_package_is_deleted_with_what_it_gives(graph):
    """Microsoft takes no role out of it first."""
    await follow(graph, [step for step in TUTORIAL if "<role>" not in str(step.path)])


async def test_a_role_gets_its_id_when_it_is_first_used(graph):
    """Until then it has the placeholder that the table shows, and only its originId tells it."""
    asked = TUTORIAL[AT["Get resources roles"]]
    telling = await follow(graph, TUTORIAL[: AT["Create an access package policy"]])
    found = await graph.get(telling.words(asked.path))
    assert found["value"][0]["id"] != telling.words(asked.answer)["id"]


async def test_a_policy_may_say_what_goes_without_saying(beta):
    """Microsoft prints more of beta's words in it than the table has."""
    step = TUTORIAL[AT["Create an access package policy"]]
    telling = await follow(beta, TUTORIAL[: AT[step.name]])
    body = telling.words(step.body) | {"accessReviewSettings": None}
    body["requestorSettings"]["allowedRequestors"][0]["isBackup"] = False
    body["requestApprovalSettings"]["isRequestorJustificationRequired"] = False
    made = await beta.post(telling.words(step.path), body)
    assert told_of(made, body) == body


async def test_everything_else_can_be_read_too(graph):
    """The reads and the delegated calls that the tutorial does not make."""
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    token = graph.tenant.delegated_token
    await graph.ask(
        seed.CY, seed.FINANCE_REPORTS, "userAdd", token=token(seed.CY), justification="x"
    )
    graph.clock.shift(DELIVERY)
    approvals = f"{EM}/accessPackageAssignmentApprovals"
    request = list(graph.tenant.world.requests)[-1]
    stages = graph.name("stages", "steps")
    policies = EM + graph.name("/assignmentPolicies", "/accessPackageAssignmentPolicies")
    catalogs = EM + graph.name("/catalogs", "/accessPackageCatalogs")
    places = EM + graph.name("/resourceEnvironments", "/accessPackageResourceEnvironments")
    resources = graph.name(
        "/resources?$expand=roles,scopes,environment",
        "/accessPackageResources?$expand=accessPackageResourceRoles,accessPackageResourceScopes",
    )
    packages = f"{EM}/accessPackages"
    one = f"{packages}/{seed.FINANCE_REPORTS}"
    for path in (
        "/users",
        f"/users/{seed.ANN}?$select=id,accountEnabled,userType",
        f"/users/{seed.ANN}/manager",
        f"/users/{seed.ANN}/memberOf",
        "/groups",
        f"/groups/{seed.MARKETING}/transitiveMembers",
        f"/groups/{seed.MARKETING}/members/microsoft.graph.user",
        "/servicePrincipals",
        packages,
        f"{one}?$expand=*",
        f"{one}/incompatibleAccessPackages",
        f"{one}/accessPackagesIncompatibleWith",
        f"{one}/incompatibleGroups",
        policies,
        f"{policies}?$expand=accessPackage",
        catalogs,
        f"{catalogs}/{seed.GENERAL}{resources}",
        f"{places}?$filter=originSystem eq 'SharePointOnline'",
        EM + graph.name("/resourceRequests", "/accessPackageResourceRequests"),
        graph.requests,
        graph.assignments,
    ):
        await graph.get(path)
    for path, person in (
        (f"{graph.requests}/filterByCurrentUser(on='target')", seed.CY),
        (f"{graph.assignments}/filterByCurrentUser(on='target')", seed.ANN),
        (f"{approvals}/filterByCurrentUser(on='approver')", seed.BO),
        (f"{approvals}/{request}?$expand={stages}", seed.DANA),
        (f"{approvals}/{request}/{stages}", seed.BO),
        ("/me", seed.ANN),
    ):
        response = await graph.call("GET", path, token=token(person))
        assert response.status_code == 200, (path, response.text)
    await graph.post(f"/users/{seed.ANN}/checkMemberGroups", {"groupIds": [seed.MARKETING]})
    path = f"{one}/getApplicablePolicyRequirements"
    await graph.post(path, None, token=token(seed.CY))
    step = {"id": "1", "method": "GET", "url": "/users"}
    await graph.post("/$batch", {"requests": [step]})
