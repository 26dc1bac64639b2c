"""Assignment policies: who may have a package, who decides, until when."""

from sandbox.tenant.applicable import applicable
from sandbox.tenant.call import EM, NO_CONTENT, Answer, Ask
from sandbox.tenant.errors import bad_request, not_found
from sandbox.tenant.model import Policy
from sandbox.tenant.packages import find_package
from sandbox.tenant.policy_beta import body_from_beta, question_to_beta
from sandbox.tenant.policy_body import check_policy_body
from sandbox.tenant.policy_settings import TARGET_SCOPES, one_of, read_expiration, read_settings
from sandbox.tenant.routes import Route

_FILTERABLE = ("id", "displayName", "accessPackage/id", "accessPackageId")


def _context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageAssignmentPolicies' if ask.is_beta else 'assignmentPolicies'}"


def _policy(ask: Ask) -> Policy:
    found = ask.world.policies.get(ask.ids["policy"])
    if found is None:
        raise not_found("The assignment policy was not found.", code="PolicyNotFound")
    return found


def read_policy(ask: Ask, *, policy_id: str) -> Policy:
    """The policy that the body describes. Raises Refusal."""
    check_policy_body(ask.body, is_beta=ask.is_beta)
    body = body_from_beta(ask.body) if ask.is_beta else ask.body
    if not body.get("displayName"):
        raise bad_request("A value must be provided for the property 'displayName'.")
    package = find_package(ask, str((body.get("accessPackage") or {}).get("id")))
    scope = one_of(
        TARGET_SCOPES,
        body.get("allowedTargetScope") or "notSpecified",
        what="microsoft.graph.allowedTargetScope",
    )
    policy = Policy(
        id=policy_id,
        package_id=package.id,
        display_name=str(body["displayName"]),
        created_at=ask.world.now(),
        description=body.get("description"),
        allowed_target_scope=scope,
        specific_allowed_targets=list(body.get("specificAllowedTargets") or []),
        expiration=read_expiration(body.get("expiration")),
        settings=read_settings(body),
    )
    ask.refuse_unknown(ask.shapes.policy(policy), also=("verifiableCredentialSettings",))
    return policy


def list_policies(ask: Ask) -> Answer:
    policies = ask.world.policies.values()
    return ask.many(policies, _context(ask), shape=ask.shapes.policy, filterable=_FILTERABLE)


def get_policy(ask: Ask) -> Answer:
    return ask.one(ask.shapes.policy(_policy(ask)), _context(ask))


def create_policy(ask: Ask) -> Answer:
    policy = read_policy(ask, policy_id=ask.world.new_id())
    ask.world.policies[policy.id] = policy
    ask.world.touch()
    return ask.one(ask.shapes.policy(policy), _context(ask), status=201)


def replace_policy(ask: Ask) -> Answer:
    """A PUT replaces everything: what the body leaves out is gone."""
    old = _policy(ask)
    new = read_policy(ask, policy_id=old.id)
    if new.package_id != old.package_id:
        raise bad_request("A policy cannot be moved to another access package.")
    new.created_at, new.modified_at = old.created_at, ask.world.now()
    ask.world.policies[old.id] = new
    ask.world.touch()
    return ask.one(ask.shapes.policy(new), _context(ask))


def delete_policy(ask: Ask) -> Answer:
    policy = _policy(ask)
    if any(
        each.is_live and each.policy_id == policy.id
        for each in ask.world.assignments_of(policy.package_id)
    ):
        raise bad_request("The policy cannot be deleted while it has assignments.")
    del ask.world.policies[policy.id]
    ask.world.touch()
    return NO_CONTENT


def get_requirements(ask: Ask) -> Answer:
    """getApplicablePolicyRequirements: what the signed-in user would have to give."""

    package = find_package(ask, ask.ids["package"])
    found = []
    policies = ask.world.policies_of(package.id)
    for policy in applicable(ask.world, policies, ask.user) if ask.user else ():
        approval, questions = policy.approval, policy.settings["questions"]
        requirements = {
            "policyId": policy.id,
            "policyDisplayName": policy.display_name,
            "policyDescription": policy.description,
            "isRequestorJustificationRequired": approval["isRequestorJustificationRequired"],
            "schedule": None,
        }
        custom = policy.settings["requestorSettings"]["allowCustomAssignmentSchedule"]
        if ask.is_beta:
            requirements |= {
                "isApprovalRequired": approval["isApprovalRequiredForAdd"],
                "isApprovalRequiredForExtension": approval["isApprovalRequiredForUpdate"],
                "isCustomAssignmentScheduleAllowed": custom,
                "existingAnswers": [],
                "questions": [question_to_beta(each) for each in questions],
            }
        else:
            requirements |= {
                "isApprovalRequiredForAdd": approval["isApprovalRequiredForAdd"],
                "isApprovalRequiredForUpdate": approval["isApprovalRequiredForUpdate"],
                "allowCustomAssignmentSchedule": custom,
                "questions": questions,
            }
        found.append(requirements)
    context = "Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)"
    return Answer(200, {"@odata.context": f"{ask.metadata}{context}", "value": found})


def routes() -> list[Route]:
    """The paths of policies."""
    v1, beta = f"{EM}/assignmentPolicies", f"{EM}/accessPackageAssignmentPolicies"
    requirements = f"{EM}/accessPackages/{{package}}/getApplicablePolicyRequirements"
    return [
        Route("GET", v1, beta, list_policies, "read"),
        Route("POST", v1, beta, create_policy, "write"),
        Route("GET", f"{v1}/{{policy}}", f"{beta}/{{policy}}", get_policy, "read"),
        Route("PUT", f"{v1}/{{policy}}", f"{beta}/{{policy}}", replace_policy, "write"),
        Route("DELETE", f"{v1}/{{policy}}", f"{beta}/{{policy}}", delete_policy, "write"),
        Route("POST", requirements, requirements, get_requirements, "own"),
    ]
