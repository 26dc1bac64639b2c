"""Microsoft's tutorial from the first to the last call, held against Microsoft's metadata."""

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.conftest import DELIVERY, EM

CHECKER = Path(__file__).parents[4] / "shared" / "conformance" / "graphcheck.py"


@pytest.fixture(scope="module")
def graphcheck():
    """The metadata checker, where it is at hand."""
    if not CHECKER.exists():
        pytest.skip("the metadata checker is not here")
    spec = importlib.util.spec_from_file_location("graphcheck", CHECKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["graphcheck"] = module
    spec.loader.exec_module(module)
    return module


async def tutorial(graph):
    """Create, offer, grant, extend, remove, tear down; then the reads around it."""
    user = await graph.post(
        "/users",
        {
            "accountEnabled": True,
            "displayName": "Requestor1",
            "mailNickname": "Requestor1",
            "userPrincipalName": "Requestor1@contoso.example",
            "passwordProfile": {"forceChangePasswordNextSignIn": True, "password": "Contoso1234"},
        },
    )
    group = await graph.post(
        "/groups",
        {
            "description": "Marketing group",
            "displayName": "Marketing resources 2",
            "mailEnabled": False,
            "mailNickname": "markres",
            "securityEnabled": True,
        },
    )
    graph.clock.shift(timedelta(minutes=1))
    resource = await _onboard(graph, group["id"])
    package = await _package(graph, group["id"], resource)
    policy = await _policy(graph, user["id"], package)
    details = {
        "targetId": user["id"],
        "assignmentPolicyId": policy["id"],
        "accessPackageId": package["id"],
    }
    request = await graph.post(graph.requests, graph.body("adminAdd", **details))
    graph.clock.shift(DELIVERY)
    expand = graph.name(
        "accessPackage,requestor,assignment($expand=target)",
        "accessPackage,requestor,accessPackageAssignment($expand=target)",
    )
    await graph.get(f"{graph.requests}/{request['id']}", **{"$expand": expand})
    by_policy = graph.name("assignmentPolicy", "accessPackageAssignmentPolicy")
    found = await graph.get(
        graph.assignments,
        **{
            "$filter": f"{by_policy}/id eq '{policy['id']}'",
            "$expand": graph.name(
                f"target,accessPackage,{by_policy}",
                f"target,accessPackage,{by_policy},accessPackageAssignmentResourceRoles",
            ),
        },
    )
    [assignment] = found["value"]
    members = await graph.get(f"/groups/{group['id']}/members")
    assert [each["id"] for each in members["value"]] == [user["id"]]
    await graph.post(graph.requests, graph.body("adminRemove", id=assignment["id"]))
    graph.clock.shift(DELIVERY)
    for path in (
        f"{EM}{graph.name('/assignmentPolicies', '/accessPackageAssignmentPolicies')}/{policy['id']}",
        f"{EM}/accessPackages/{package['id']}",
    ):
        assert (await graph.call("DELETE", path)).status_code == 204
    await graph.post(*_resource_request(graph, "adminRemove", id=resource))
    for path in (f"/users/{user['id']}", f"/groups/{group['id']}"):
        assert (await graph.call("DELETE", path)).status_code == 204


def _resource_request(graph, kind, **resource):
    path = EM + graph.name("/resourceRequests", "/accessPackageResourceRequests")
    if graph.is_beta:
        return path, {
            "catalogId": seed.GENERAL,
            "requestType": kind[0].upper() + kind[1:],
            "justification": "",
            "accessPackageResource": resource,
        }
    return path, {"requestType": kind, "resource": resource, "catalog": {"id": seed.GENERAL}}


async def _onboard(graph, group_id):
    catalogs = EM + graph.name("/catalogs", "/accessPackageCatalogs")
    await graph.get(catalogs, **{"$filter": "displayName eq 'General'"})
    await graph.post(
        *_resource_request(graph, "adminAdd", originId=group_id, originSystem="AadGroup")
    )
    resources = f"{catalogs}/{seed.GENERAL}" + graph.name("/resources", "/accessPackageResources")
    found = await graph.get(resources, **{"$filter": f"originId eq '{group_id}'"})
    [resource] = found["value"]
    nav = graph.name("resource", "accessPackageResource")
    roles = f"{catalogs}/{seed.GENERAL}" + graph.name(
        "/resourceRoles", "/accessPackageResourceRoles"
    )
    condition = f"(originSystem eq 'AadGroup' and displayName eq 'Member' and {nav}/id eq '{resource['id']}')"
    found = await graph.get(roles, **{"$filter": condition, "$expand": nav})
    assert [role["originId"] for role in found["value"]] == [f"Member_{group_id}"]
    return resource["id"]


async def _package(graph, group_id, resource_id):
    where = {"catalogId": seed.GENERAL} if graph.is_beta else {"catalog": {"id": seed.GENERAL}}
    body = {"displayName": "Campaign 2", "description": "Access to resources"} | where
    package = await graph.post(f"{EM}/accessPackages", body)
    resource = {"id": resource_id, "originId": group_id, "originSystem": "AadGroup"}
    role = {"originId": f"Member_{group_id}", "displayName": "Member", "originSystem": "AadGroup"}
    scope = {"originId": group_id, "originSystem": "AadGroup"}
    role_scope = {
        graph.name("role", "accessPackageResourceRole"): role
        | {graph.name("resource", "accessPackageResource"): resource},
        graph.name("scope", "accessPackageResourceScope"): scope,
    }
    segment = graph.name("/resourceRoleScopes", "/accessPackageResourceRoleScopes")
    await graph.post(f"{EM}/accessPackages/{package['id']}{segment}", role_scope)
    return package


async def _policy(graph, user_id, package):
    if graph.is_beta:
        body = {
            "accessPackageId": package["id"],
            "displayName": "Specific users",
            "description": "Specific users can request assignment",
            "accessReviewSettings": None,
            "durationInDays": 30,
            "requestorSettings": {
                "scopeType": "SpecificDirectorySubjects",
                "acceptRequests": True,
                "allowedRequestors": [
                    {
                        "@odata.type": "#microsoft.graph.singleUser",
                        "isBackup": False,
                        "id": user_id,
                        "description": "Requestor1",
                    }
                ],
            },
            "requestApprovalSettings": {
                "isApprovalRequired": False,
                "isApprovalRequiredForExtension": False,
                "isRequestorJustificationRequired": False,
                "approvalMode": "NoApproval",
                "approvalStages": [],
            },
        }
        return await graph.post(f"{EM}/accessPackageAssignmentPolicies", body)
    body = {
        "displayName": "Specific users",
        "description": "Specific users can request assignment",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [
            {
                "@odata.type": "#microsoft.graph.singleUser",
                "userId": user_id,
                "description": "Requestor1",
            }
        ],
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": True},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": False,
            "isApprovalRequiredForUpdate": False,
            "stages": [],
        },
        "accessPackage": {"id": package["id"]},
    }
    return await graph.post(f"{EM}/assignmentPolicies", body)


async def everything_else(graph):
    """The reads and the delegated calls that the tutorial does not make."""
    await graph.grant(seed.ANN, seed.FINANCE_REPORTS)
    token = graph.tenant.delegated_token
    await graph.ask(
        seed.CY, seed.FINANCE_REPORTS, "userAdd", token=token(seed.CY), justification="x"
    )
    graph.clock.shift(DELIVERY)
    approvals = f"{EM}/accessPackageAssignmentApprovals"
    request = list(graph.tenant.world.requests)[-1]
    stages = f"{approvals}/{request}/{graph.name('stages', 'steps')}"
    policies = EM + graph.name("/assignmentPolicies", "/accessPackageAssignmentPolicies")
    catalogs = EM + graph.name("/catalogs", "/accessPackageCatalogs")
    places = EM + graph.name("/resourceEnvironments", "/accessPackageResourceEnvironments")
    resources = graph.name(
        "/resources?$expand=roles,scopes,environment",
        "/accessPackageResources?$expand=accessPackageResourceRoles,accessPackageResourceScopes",
    )
    packages = f"{EM}/accessPackages"
    one = f"{packages}/{seed.FINANCE_REPORTS}"
    for path, as_user in (
        ("/users", None),
        (f"/users/{seed.ANN}?$select=id,accountEnabled,userType", None),
        (f"/users/{seed.ANN}/manager", None),
        (f"/users/{seed.ANN}/memberOf", None),
        ("/groups", None),
        (f"/groups/{seed.MARKETING}/transitiveMembers", None),
        (f"/groups/{seed.MARKETING}/members/microsoft.graph.user", None),
        ("/servicePrincipals", None),
        (packages, None),
        (f"{one}?$expand=*", None),
        (f"{one}/incompatibleAccessPackages", None),
        (f"{one}/accessPackagesIncompatibleWith", None),
        (f"{one}/incompatibleGroups", None),
        (policies, None),
        (f"{policies}?$expand=accessPackage", None),
        (catalogs, None),
        (f"{catalogs}/{seed.GENERAL}{resources}", None),
        (f"{places}?$filter=originSystem eq 'SharePointOnline'", None),
        (EM + graph.name("/resourceRequests", "/accessPackageResourceRequests"), None),
        (graph.requests, None),
        (graph.assignments, None),
        (f"{graph.requests}/filterByCurrentUser(on='target')", seed.CY),
        (f"{graph.assignments}/filterByCurrentUser(on='target')", seed.ANN),
        (f"{approvals}/filterByCurrentUser(on='approver')", seed.BO),
        (f"{approvals}/{request}?$expand={graph.name('stages', 'steps')}", seed.DANA),
        (stages, seed.BO),
        ("/me", seed.ANN),
    ):
        response = await graph.call("GET", path, token=token(as_user) if as_user else None)
        assert response.status_code == 200, (path, response.text)
    await graph.post(f"/users/{seed.ANN}/checkMemberGroups", {"groupIds": [seed.MARKETING]})
    path = f"{one}/getApplicablePolicyRequirements"
    await graph.post(path, None, token=token(seed.CY))
    step = {"id": "1", "method": "GET", "url": "/users"}
    await graph.post("/$batch", {"requests": [step]})


async def test_the_tutorial_runs(graph):
    """Every step of the tutorial works, and the tenant is as it was before."""
    before = len(graph.tenant.world.packages), len(graph.tenant.world.users)
    await tutorial(graph)
    assert (len(graph.tenant.world.packages), len(graph.tenant.world.users)) == before


async def test_every_call_and_answer_agrees_with_the_metadata(graph, graphcheck):
    """No path, verb, property, word or type that Microsoft's metadata does not know."""
    await tutorial(graph)
    await everything_else(graph)
    problems = []
    for call in graph.tenant.calls:
        path = call.path.removeprefix(f"/{call.version}")
        query = call.query or None
        problems += [
            (call.name, problem)
            for problem in (
                *graphcheck.check_request(
                    graph.version, call.method, path, query, call.body, documented=True
                ),
                *graphcheck.check_response(
                    graph.version,
                    path,
                    call.answer,
                    method=call.method,
                    status=call.status,
                    query=query,
                ),
            )
        ]
    assert problems == []
    assert len(graph.tenant.calls) > 40
