"""Ways in which Graph, Microsoft's login, Slack or what people see may be otherwise than Latchkey takes them: one for each experiment."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.run import StandIns
from sandbox.slack import capabilities
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.methods import METHODS, Method
from sandbox.tenant import requests as tenant_requests
from sandbox.tenant.call import Answer
from sandbox.tenant.errors import Refusal
from sandbox.tenant.exchange import Asked, error_answer
from tests.bot.cli.rehearsal.hands import Hands

Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Lie:
    """
    What is otherwise, as long as an experiment lasts.

    Attributes:
        tell: Has the stand-ins tell it, by a monkeypatch.
        hands: How the tester is otherwise.
    """

    tell: Callable[[StandIns, Any], None] = lambda outside, patch: None
    hands: Mapping[str, Any] | None = None


def graph(
    pattern: str,
    change: Change | None = None,
    *,
    status: int = 400,
    code: str = "BadRequest",
    body: str = "",
) -> Lie:
    """
    Answers of Graph's whose method, path and query match: changed, or refused where there is no change.

    Args:
        body: A part of what is sent, as JSON.
    """

    def tell(outside: StandIns, patch: Any) -> None:
        service = outside.tenant._service
        honest = service.perform

        def lying(asked: Asked) -> Answer:
            name = f"{asked.name}?{asked.query}"
            if not re.search(pattern, name) or body not in json.dumps(asked.body):
                return honest(asked)
            if change is None:
                return error_answer(asked, Refusal(status, code, "Otherwise."))
            answer = honest(asked)
            if answer.body is not None:
                # What is changed must not reach the world.
                answer.body = json.loads(json.dumps(answer.body))
                change(answer.body)
            return answer

        patch.setattr(service, "perform", lying)

    return Lie(tell=tell)


def batch() -> Lie:
    def tell(outside: StandIns, patch: Any) -> None:
        def refused(asked: Asked) -> Answer:
            return error_answer(asked, Refusal(400, "BadRequest", "Otherwise."))

        patch.setattr(outside.tenant._service, "_batch", refused)

    return Lie(tell=tell)


def each(change: Change) -> Change:
    """The same of every item of a list."""

    def do(body: dict[str, Any]) -> None:
        for one in body.get("value", []):
            change(one)

    return do


def put(**values: Any) -> Change:
    return lambda body: body.update(values)


def drop(*names: str) -> Change:
    def do(body: dict[str, Any]) -> None:
        for name in names:
            body.pop(name, None)

    return do


def ends(**expiration: Any) -> Change:
    def do(body: dict[str, Any]) -> None:
        body["schedule"]["expiration"].update(expiration)

    return each(do)


def slack(name: str, change: Change | None = None, *, error: str = "otherwise") -> Lie:
    """A method of Slack's that answers otherwise, or refuses."""

    def tell(outside: StandIns, patch: Any) -> None:
        honest = METHODS[name]

        def run(workspace: Any, args: Any) -> dict[str, Any]:
            if change is None:
                raise SlackRefusal(error)
            answer: dict[str, Any] = json.loads(json.dumps(honest.run(workspace, args)))
            change(answer)
            return answer

        patch.setitem(METHODS, name, Method(run, honest.scopes, honest.for_app_token))

    return Lie(tell=tell)


def heard(change: Change) -> Lie:
    """What Slack sends over the socket."""

    def tell(outside: StandIns, patch: Any) -> None:
        sockets = outside.workspace.sockets
        honest = sockets.ask

        async def lying(envelope: dict[str, Any]) -> Any:
            changed = json.loads(json.dumps(envelope))
            change(changed["payload"])
            return await honest(changed)

        patch.setattr(sockets, "ask", lying)

    return Lie(tell=tell)


def function(module: Any, name: str, value: Any) -> Lie:
    return Lie(tell=lambda outside, patch: patch.setattr(module, name, value))


def sign_ins(name: str, value: Callable[[Any], Any]) -> Lie:
    """A function of Microsoft's login; *value* makes it of the honest one."""

    def tell(outside: StandIns, patch: Any) -> None:
        login = outside.tenant.login.sign_ins
        patch.setattr(login, name, value(getattr(login, name)))

    return Lie(tell=tell)


def without_auth_time(outside: StandIns, patch: Any) -> None:
    patch.setattr(outside.tenant.login.app, "optional_claims", set())


def duplicates(outside: StandIns, patch: Any) -> None:
    patch.setattr(outside.tenant.world, "lenient", True)


def odd_ids(outside: StandIns, patch: Any) -> None:
    service = outside.tenant._service
    honest = service._respond

    async def lying(*args: Any) -> Any:
        answer = await honest(*args)
        answer.headers["request-id"] = "none"
        return answer

    patch.setattr(service, "_respond", lying)


def cell_without_block(payload: dict[str, Any]) -> None:
    for action in payload.get("actions", ()):
        action["block_id"] = "another"


def no_view(payload: dict[str, Any]) -> None:
    payload.get("event", {}).pop("view", None)


def swallow(payload: dict[str, Any]) -> None:
    payload["text"] = str(payload.get("text")).replace("&", "").replace("<", "")


def always_same(honest: Any) -> Any:
    def refresh(user_id: str, scope: str, *, is_web: bool) -> str:
        known = {each.user_id: token for token, each in honest.__self__._refresh.items()}
        return str(known.get(user_id) or honest(user_id, scope, is_web=is_web))

    return refresh


def without_acrs(honest: Any) -> Any:
    def identity(*args: Any, **more: Any) -> Any:
        claims = honest(*args, **more)
        claims.pop("acrs", None)
        return claims

    return identity


def entra_role(body: dict[str, Any]) -> None:
    for one in body.get("value", []):
        one["originSystem"] = "DirectoryRole"


def silent_attribute(body: dict[str, Any]) -> None:
    source = {"@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion"}
    for one in body.get("value", []):
        one["attributes"] = [{"name": "a", "source": source}]


def both(*lies: Lie) -> Lie:
    def tell(outside: StandIns, patch: Any) -> None:
        for one in lies:
            one.tell(outside, patch)

    return Lie(tell=tell)


EM = "/identityGovernance/entitlementManagement"
NO = Lie(hands={"answers": {"": "n"}})
LIES: Mapping[str, Lie] = {
    "several-states": graph("GET .*/assignmentRequests\\?.*or"),
    "partial-states": graph("GET .*/assignments\\?"),
    "approver-visibility": graph("GET .*/endUserSettings"),
    "expanded-packages": graph("GET .*/accessPackages\\?"),
    "batched-reads": batch(),
    "batched-lists": batch(),
    "department": graph("GET .*/users\\?.*department"),
    "addresses": graph("GET .*/users\\?.*mail(%20|\\+)in", put(value=[])),
    "proxy-addresses": graph("GET .*/users\\?.*proxyAddresses"),
    "member-groups": graph("POST .*checkMemberGroups"),
    "nested-members": graph("GET .*transitiveMembers"),
    "roles-expanded": graph("GET .*/resources\\?.*expand=roles"),
    "entra-roles": both(
        graph("GET .*/resources\\?", entra_role),
        graph("GET .*/resourceRoles", each(put(displayName="Owner"))),
    ),
    "attribute-questions": graph("GET .*/resources\\?", silent_attribute),
    "subjects": both(
        graph(
            "GET .*/users\\?.*Guest", put(value=[{"id": "a0000000-0000-4000-8000-0000000000ff"}])
        ),
        graph("GET .*/subjects", status=403),
    ),
    "identity": slack("bots.info", lambda body: body["bot"].pop("app_id", None)),
    "profiles": slack("users.info", lambda body: body["user"].update(tz="Elsewhere/Nowhere")),
    "user-groups": slack("usergroups.users.list", error="paid_only"),
    "scheduling": slack("chat.deleteScheduledMessage"),
    "history": slack("conversations.history", lambda body: body.update(messages=[])),
    "replies": slack("conversations.replies", lambda body: body.update(messages=[])),
    "orphan": Lie(tell=lambda outside, patch: _refuse_replies(patch)),
    "long-blocks": slack("chat.postMessage", error="msg_blocks_too_long"),
    "table-limits": slack("chat.postMessage", error="invalid_blocks"),
    "metadata-size": slack("chat.postMessage", error="metadata_too_large"),
    "uploads": slack("files.completeUploadExternal", error="missing_scope"),
    "not-in-channel": slack("chat.postMessage", error="restricted_action"),
    "escaped-names": NO,
    "ago": NO,
    "cards": NO,
    "data-blocks": NO,
    "clicks": heard(drop("team")),
    "used-up-url": function(capabilities, "RESPONSE_URL_USES", 100),
    "ephemeral": NO,
    "escapes": heard(swallow),
    "menus": heard(lambda payload: payload.update(value="x") if "value" in payload else None),
    "home": heard(no_view),
    "table-buttons": heard(cell_without_block),
    "posted-answer": Lie(hands={"keeps_cookies": False}),
    "renewal": sign_ins("_refresh_token", always_same),
    "fresh-sign-in": Lie(tell=without_auth_time),
    "auth-context": sign_ins("_identity", without_acrs),
    "approval": graph("GET .*/assignmentRequests/", put(state="pendingApproval")),
    "emergency": graph("GET .*/assignmentRequests/", put(state="pendingApproval")),
    "scope": function(tenant_requests, "in_scope", lambda *given: True),
    "twice": Lie(tell=duplicates),
    "justification": graph("GET .*/assignmentRequests/", put(justification="cut")),
    "read-lag": graph("GET .*/assignmentRequests\\?", put(value=[])),
    "end": graph("GET .*/assignments\\?", ends(type="noExpiration")),
    "expanded-request": graph(
        "GET .*/assignmentRequests/",
        lambda body: (body.get("assignment") or {}).pop("schedule", None),
    ),
    "early-end": graph("GET .*/assignments\\?", ends(endDateTime="2040-01-01T00:00:00Z")),
    "incompatible": function(tenant_requests, "_refuse_incompatible", lambda *given: None),
    "gone": graph(r"GET .*/assignments/[^?]*\?$", put(state="delivered")),
    "own-requests": graph("POST .*/assignmentRequests\\?", body='"userAdd"'),
    "finished-request": graph("GET .*/assignmentRequests/.*requestor", drop("assignment")),
    "waiting-request": graph("GET .*/assignmentRequests/.*requestor", drop("requestor")),
    "cancel": graph("POST .*/cancel", status=403),
    "return": graph("POST .*/assignmentRequests\\?", body='"userRemove"'),
    "removal-meanwhile": graph(
        "POST .*/assignmentRequests\\?", code="Whatever", body='"adminRemove"'
    ),
    "own-lists": graph("GET .*filterByCurrentUser", status=403),
    "own-answers": graph("POST .*/assignmentRequests\\?", body='"userAdd"'),
    "questions-again": graph("POST .*/assignmentRequests\\?", body='"userUpdate"'),
    "closed-catalog": function(tenant_requests, "_check_catalog", lambda *given: None),
    "for-somebody-else": graph("POST .*/assignmentRequests\\?", body='"userAdd"'),
    "hours": graph("GET /beta/.*AssignmentPolicies/", put(durationInDays=1)),
    "reviews": graph("GET .*/assignmentPolicies/", put(reviewSettings={"isEnabled": True})),
    "portal-choices": Lie(hands={"chooses": ("A",)}),
    "decide": graph("PATCH .*Approvals", status=403),
    "fallback": graph("PATCH .*Approvals", status=403),
    "denial": graph("PATCH .*Approvals", status=403),
    "revoked": sign_ins("_revoked_at", lambda honest: _Nothing()),
    "headers": Lie(tell=odd_ids),
}
# Those of which neither answer contradicts Latchkey, or whose answer the stand-ins cannot be made to lie about.
NEITHER: Mapping[str, str] = {
    "dates": "what serves the stand-ins writes the header, and not they",
    "policies": "the stand-in of v1.0 says nothing that its metadata has not",
    "newer-blocks": "plain blocks are sent where tables are refused",
    "forwarded": "the right to decide is checked at each click",
    "kept-fields": "nothing is kept in a field",
    "codes": "a code that is given says nothing of conditional access",
    "federated": "whoever has no federated tenant sees nothing",
    "late-end": "the end that Graph shows is believed",
    "questions": "Latchkey asks the questions itself",
    "two-stages": "Latchkey lets nobody decide twice",
    "late-cancel": "the state that is read afterwards is believed",
}


def _refuse_replies(patch: Any) -> None:
    honest = METHODS["chat.postMessage"]

    def run(workspace: Any, args: Any) -> Any:
        if args.optional("thread_ts"):
            raise SlackRefusal("no_such_thing")
        return honest.run(workspace, args)

    patch.setitem(METHODS, "chat.postMessage", Method(run, honest.scopes))


class _Nothing(dict[str, float]):
    """Forgets what is noted: nothing is revoked."""

    def __setitem__(self, key: str, value: float) -> None:
        return


__all__ = ["LIES", "NEITHER", "Hands", "Lie"]
