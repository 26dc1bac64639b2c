"""Approvals: what a signed-in approver reads and decides; an application may neither."""

from sandbox.tenant import lifecycle
from sandbox.tenant.approvers import approvers
from sandbox.tenant.assignments import find_request, is_waiting_for
from sandbox.tenant.call import EM, NO_CONTENT, Answer, Ask
from sandbox.tenant.entity import Entity
from sandbox.tenant.errors import bad_request, forbidden, not_found
from sandbox.tenant.model import Request
from sandbox.tenant.routes import Route

CONTEXT = f"{EM}/accessPackageAssignmentApprovals"
_VERDICTS = {"approve": True, "deny": False}


def _request(ask: Ask) -> Request:
    """The request behind an approval: both have the same id."""
    request = find_request(ask, ask.ids["approval"])
    if not request.stages:
        raise not_found("The approval was not found.")
    if not _may_read(ask, request):
        raise forbidden()
    return request


def _may_read(ask: Ask, request: Request) -> bool:
    """
    Tell whether the signed-in user may see how an approval stands: an approver of a stage that has begun, or an administrator.

    Source: Graph reference, "Get approval": "This API request is made by an approver"; others need a role.
    """
    user = ask.user
    if user is None or user.is_administrator:
        return user is not None
    begun = [each for each in request.stages if each.started_at is not None]
    now = ask.world.now()
    return any(
        user.id == each.reviewed_by or user.id in approvers(ask.world, request, each, now)
        for each in begun
    )


def _stages(ask: Ask, request: Request) -> list[Entity]:
    mine = is_waiting_for(ask, request)
    return [
        ask.shapes.stage(stage, assigned_to_me=mine and stage is request.current_stage)
        for stage in request.stages
    ]


def get_approval(ask: Ask) -> Answer:
    request = _request(ask)
    return ask.one(ask.shapes.approval(request, _stages(ask, request)), CONTEXT)


def list_stages(ask: Ask) -> Answer:
    request = _request(ask)
    segment = "steps" if ask.is_beta else "stages"
    context = f"{CONTEXT}('{request.id}')/{segment}"
    return ask.many(_stages(ask, request), context, shape=lambda stage: stage)


def get_stage(ask: Ask) -> Answer:
    request = _request(ask)
    for stage in _stages(ask, request):
        if stage.fields["id"] == ask.ids["stage"]:
            segment = "steps" if ask.is_beta else "stages"
            return ask.one(stage, f"{CONTEXT}('{request.id}')/{segment}")
    raise not_found("The approval stage was not found.")


def decide_stage(ask: Ask) -> Answer:
    request = _request(ask)
    verdict = _VERDICTS.get((ask.text("reviewResult") or "").lower())
    if verdict is None or ask.user is None:
        raise bad_request("The property 'reviewResult' must be Approve or Deny.")
    lifecycle.decide(
        ask.world,
        request,
        ask.ids["stage"],
        user_id=ask.user.id,
        approve=verdict,
        justification=ask.text("justification") or "",
    )
    return NO_CONTENT


def my_approvals(ask: Ask) -> Answer:
    if ask.ids.get("on") != "approver":
        raise bad_request(f"The value '{ask.ids.get('on')}' is not valid for the parameter 'on'.")
    waiting = [each for each in ask.world.requests.values() if is_waiting_for(ask, each)]
    return ask.many(
        waiting,
        "Collection(approval)",
        shape=lambda each: ask.shapes.approval(each, _stages(ask, each)),
    )


def routes() -> list[Route]:
    """The paths of approvals: stages in v1.0 are steps in beta."""
    approval = f"{CONTEXT}/{{approval}}"
    v1, beta = f"{approval}/stages", f"{approval}/steps"
    mine = f"{CONTEXT}/filterByCurrentUser()"
    return [
        Route("GET", mine, mine, my_approvals, "decide"),
        Route("GET", approval, approval, get_approval, "approval"),
        Route("GET", v1, beta, list_stages, "approval"),
        Route("GET", f"{v1}/{{stage}}", f"{beta}/{{stage}}", get_stage, "approval"),
        Route("PATCH", f"{v1}/{{stage}}", f"{beta}/{{stage}}", decide_stage, "decide"),
    ]
