"""The page of the stand-in for My Access, as HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse, Response

from sandbox.tenant.answers import CHOICE
from sandbox.tenant.end_user_settings import shows_approvers
from sandbox.tenant.model import Assignment, Json, Package, Policy, Request, Stage, User
from sandbox.tenant.world import World

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1.5rem 1rem 4rem;color:#1b1b1b;background:#faf9f8}"
    "header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;border-bottom:1px solid #ddd;padding-bottom:.8rem}"
    "h1{font-size:1.35rem;margin:0;flex:1}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}form{margin:0}"
    "article{background:#fff;border:1px solid #e1dfdd;border-radius:6px;padding:.7rem .9rem;margin:.5rem 0}article p{margin:.1rem 0}"
    "button{font:inherit;padding:.25rem .8rem;cursor:pointer;background:#fff;border:1px solid #8a8a8a;border-radius:4px}"
    "button.first{background:#0b5cad;border-color:#0b5cad;color:#fff}a{color:#0b5cad}"
    "input,select,textarea{font:inherit;padding:.25rem .4rem;width:100%;box-sizing:border-box;border:1px solid #8a8a8a;border-radius:4px}"
    "label{display:block;margin:.4rem 0}.row{display:flex;gap:.5rem;margin-top:.5rem}.quiet{color:#605e5c}"
    "summary{cursor:pointer}.done{background:#dff6dd;padding:.5rem .8rem;border-radius:4px}"
    ".wrong{background:#fde7e9;color:#8a1c21;padding:.5rem .8rem;border-radius:4px}"
)
_HEADERS = {
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_ACTIONS = {
    "userUpdate": "to keep",
    "adminUpdate": "to keep",
    "userRemove": "to give back",
    "adminRemove": "the removal of",
    "systemRemove": "the end of",
}


@dataclass(frozen=True)
class Shown:
    """Everything that the page draws for somebody."""

    user: User
    world: World
    path: str
    back_url: str
    waiting: list[Request]
    own: list[Request]
    assignments: list[Assignment]
    offered: list[tuple[Package, Policy, list[Json]]]
    done: str
    wrong: str

    def package(self, package_id: str) -> str:
        found = self.world.packages.get(package_id)
        return escape(found.display_name if found else "a package that is gone")

    def person(self, user_id: str | None) -> str:
        found = self.world.person(user_id) if user_id else None
        return escape(found.display_name if found else "somebody")

    def by(self, stage: Stage) -> str:
        """Say who has decided a stage, where whoever asked may see that."""
        is_shown = shows_approvers(self.world, stage, self.user)
        return f" by {self.person(stage.reviewed_by)}" if is_shown else ""


def page(shown: Shown) -> Response:
    """Draw what waits for somebody, what they have asked for, what they have, and what they may ask for."""
    back = f'<a href="{escape(shown.back_url)}">Back to the sandbox</a>' if shown.back_url else ""
    said = "".join(
        f'<p class="{kind}" role="{role}">{escape(text)}</p>'
        for kind, role, text in (("done", "status", shown.done), ("wrong", "alert", shown.wrong))
        if text
    )
    body = "".join(
        (
            f"<header><h1>My Access</h1>{back}<span>{escape(shown.user.display_name)}</span>"
            f"{_form(shown, 'sign-out', '<button>Sign out</button>')}</header>{said}",
            _section("Approvals", (_waiting(shown, each) for each in shown.waiting), "approvals"),
            _section("Your requests", (_own(shown, each) for each in shown.own), "requests"),
            _section(
                "Your access", (_assignment(shown, each) for each in shown.assignments), "access"
            ),
            _section(
                "Access packages", (_offered(shown, *each) for each in shown.offered), "packages"
            ),
        )
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>My Access</title>'
        f"<style>{_STYLE}</style>{body}"
        '<p class="quiet">This is the sandbox’s stand-in for Microsoft’s My Access.</p>',
        headers=_HEADERS,
    )


def _section(title: str, parts: Iterable[str], name: str) -> str:
    drawn = "".join(parts) or '<p class="quiet">Nothing.</p>'
    return f'<section data-testid="{name}"><h2>{title}</h2>{drawn}</section>'


def _form(shown: Shown, action: str, inner: str, **fields: str) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {"action": action, **fields}.items()
    )
    return f'<form method="post" action="{escape(shown.path)}">{hidden}{inner}</form>'


def _waiting(shown: Shown, request: Request) -> str:
    stage = request.current_stage
    number = request.stages.index(stage) + 1 if stage else 1
    count = len(request.stages)
    of = f", step {number} of {count}" if count > 1 else ""
    verb = "asks to keep" if request.request_type.endswith("Update") else "asks for"
    buttons = (
        '<label>Reason <input name="reason" maxlength="500"></label><div class="row">'
        '<button class="first" name="answer" value="approve">Approve</button>'
        '<button name="answer" value="deny">Deny</button></div>'
    )
    return (
        f"<article><p><b>{shown.person(request.requestor_id)}</b> {verb} "
        f"<b>{shown.package(request.package_id)}</b>{of}</p>"
        f'<p class="quiet">{escape(request.justification or "No reason given.")}</p>'
        f"{_form(shown, 'decide', buttons, request=request.id)}</article>"
    )


def _own(shown: Shown, request: Request) -> str:
    state = "".join(f" {c.lower()}" if c.isupper() else c for c in request.state)
    may_cancel = request.requestor_id == shown.user.id and request.state in (
        "submitted",
        "pendingApproval",
        "scheduled",
    )
    button = '<div class="row"><button>Cancel request</button></div>'
    cancel = _form(shown, "cancel", button, request=request.id) if may_cancel else ""
    action = _ACTIONS.get(request.request_type, "")
    decided = "".join(
        f'<p class="quiet">{stage.review_result}{shown.by(stage)}'
        f"{': ' + escape(stage.justification) if stage.justification else ''}</p>"
        for stage in request.stages
        if stage.reviewed_by
    )
    return (
        f"<article><p>{action} <b>{shown.package(request.package_id)}</b>: {escape(state)}</p>"
        f"{decided}{cancel}</article>"
    )


def _assignment(shown: Shown, assignment: Assignment) -> str:
    until = f", until {assignment.end:%Y-%m-%d %H:%M} UTC" if assignment.end else ""
    policy = shown.world.policies.get(assignment.policy_id)
    button = '<div class="row"><button>Remove access</button></div>'
    may_remove = policy is not None and policy.may_self("Remove")
    remove = _form(shown, "remove", button, assignment=assignment.id) if may_remove else ""
    return f"<article><p><b>{shown.package(assignment.package_id)}</b>{until}</p>{remove}</article>"


def _offered(shown: Shown, package: Package, policy: Policy, questions: list[Json]) -> str:
    asked = "".join(_question(each) for each in questions)
    fields = (
        '<label>Business justification <input name="reason" maxlength="500"></label>'
        f'{asked}<div class="row"><button class="first">Request access</button></div>'
    )
    return (
        f"<article><details><summary><b>{escape(package.display_name)}</b> "
        f'<span class="quiet">{escape(policy.display_name)}</span></summary>'
        f"<p>{escape(package.description or '')}</p>"
        f"{_form(shown, 'ask', fields, policy=policy.id)}</details></article>"
    )


def _question(question: Json) -> str:
    name, text = escape(str(question.get("id"))), escape(str(question.get("text")))
    if not str(question.get("@odata.type", "")).endswith(CHOICE):
        return f'<label>{text} <input name="{name}"></label>'
    several = " multiple" if question.get("isMultipleSelectionAllowed") else ""
    options = "".join(
        f'<option value="{escape(str(each.get("actualValue")))}">{escape(str(each.get("text")))}</option>'
        for each in question.get("choices") or []
    )
    return f'<label>{text} <select name="{name}"{several}>{options}</select></label>'
