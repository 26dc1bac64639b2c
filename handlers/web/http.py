"""
Serve the HTTP endpoint: check every request before Bolt reads it, and reject other workspaces.

Source: docs.slack.dev, "Verifying requests from Slack"; each check says what Bolt leaves out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from slack_bolt.async_app import AsyncBoltContext
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import Request
from starlette.responses import Response

from bot.words import _
from handlers.dispatch.app import Body, SlackApp
from handlers.dispatch.signature import SignatureProblem, Signatures
from handlers.web import payloads
from handlers.web.rejections import Rejections

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 1024 * 1024


class SlackRequest(AsyncBoltRequest):
    """
    Present a request as Bolt reads it, with one bug of Bolt's worked around.

    Bolt takes every form body that contains the letters "payload" for an interaction, so that
    ``/request-access payload-reports`` would be empty.
    """

    def __init__(self, *, body: str, headers: dict[str, str | Sequence[str]]) -> None:
        super().__init__(body=body, headers=headers)
        if not self.body and body and self.content_type == payloads.FORM:
            self.body = dict(parse_qsl(body, keep_blank_values=True))
            self.context = build_async_context(AsyncBoltContext({}), self.body)


def endpoint(
    app: SlackApp, *, signatures: Signatures, rejections: Rejections
) -> Callable[[Request], Awaitable[Response]]:
    """
    Return the handler for ``POST /slack/events``; signatures are verified here and nowhere else.

    Args:
        rejections: Told of every request that is not signed as it should be, and of those that are.
    """

    async def receive(http: Request) -> Response:
        body = await read_body(http, largest=LARGEST_BODY)
        if body is None:
            return Response(status_code=413)
        problem = _signature_problem(http, body, signatures)
        if problem is not None:
            rejections.rejected(problem, body)
            return Response(status_code=401)
        rejections.accepted(body)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return Response(status_code=400)
        # Bolt answers 500 to what it cannot parse.
        payload = payloads.read(text, http.headers.get("content-type", ""))
        if payload is None:
            return Response(status_code=400)
        answer = await app.answer(payload) or await _answer_of_bolt(app, http, text)
        if answer is None:
            return Response(status_code=400)
        return Response(
            answer.body,
            status_code=answer.status,
            headers={name: values[0] for name, values in answer.headers.items()},
        )

    return receive


async def _answer_of_bolt(app: SlackApp, http: Request, text: str) -> BoltResponse | None:
    """Let Bolt answer a payload without a named listener; None if Bolt cannot read it."""
    # Headers are not signed: Bolt's own, which switch modes, are not accepted from outside.
    headers: dict[str, str | Sequence[str]] = {
        name: value for name, value in http.headers.items() if not name.startswith("x-slack-bolt-")
    }
    try:
        request = SlackRequest(body=text, headers=headers)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Bolt looks for teams and users in every place where Slack has ever put them.
        log.info("unreadable", error=type(error).__name__)
        return None
    return await app.async_dispatch(request)


async def read_body(http: Request, *, largest: int) -> bytes | None:
    """Read the body; None if it is too large.  Bolt and Starlette have no limit."""
    read = bytearray()
    async for chunk in http.stream():
        read += chunk
        if len(read) > largest:
            return None
    return bytes(read)


def _signature_problem(
    http: Request, body: bytes, signatures: Signatures
) -> SignatureProblem | None:
    timestamps = http.headers.getlist("x-slack-request-timestamp")
    given = http.headers.getlist("x-slack-signature")
    # If a header comes twice, nobody can tell which one counts.
    if not len(timestamps) == len(given) == 1:
        return SignatureProblem.UNSIGNED
    return signatures.find_problem(body, timestamp=timestamps[0], signature=given[0])


def accept_only_own_workspace(
    app: SlackApp,
    *,
    app_id: str,
    team_id: str,
    enterprise_id: str | None = None,
    is_for_organization: bool = False,
) -> None:
    """
    Accept only payloads for our app from our workspace.

    Bolt runs its listeners for payloads of any team and any app.  People of another company who press a button in
    a shared channel pass this check, because ``team.id`` is ours for them: they are refused, with an answer, where
    permissions are checked.

    Args:
        enterprise_id: The organization of the workspace, on Enterprise Grid: Slack may name it instead of the
            workspace.  People of its other workspaces are then refused where permissions are checked.
        is_for_organization: The app is installed for the whole organization.
    """

    def is_ours(body: Mapping[str, Any]) -> bool:
        # True in interactions, the string "true" in commands.
        to_organization = str(body.get("is_enterprise_install")).lower() == "true"
        if to_organization and not is_for_organization:
            return False
        team = _id_of(body, "team")
        if team == team_id:
            return True
        if enterprise_id is None or _id_of(body, "enterprise") not in {None, enterprise_id}:
            return False
        # An app installed for an organization gets interactions without a team.
        unnamed = team is None and to_organization and _id_of(body, "enterprise") is not None
        return team == enterprise_id or unnamed

    async def refuse_foreign(body: Body, ack: AsyncAck) -> BoltResponse | None:
        if body.get("api_app_id") != app_id:
            log.warning("foreign-app")
            refusal = _(
                "Latchkey is set up with the secrets of two different Slack apps. Please tell your identity team."
            )
        elif not is_ours(body):
            log.warning("foreign-workspace")
            refusal = _("Only members of the workspace that Latchkey is installed in can use it.")
        else:
            return None
        return await (ack(refusal) if "command" in body else ack())

    app.check_first(refuse_foreign)


def _id_of(body: Mapping[str, Any], what: str) -> str | None:
    """Return the team or enterprise id of a payload: commands and events have a field, interactions an object."""
    thing = body.get(what)
    named = body.get(f"{what}_id") or (thing.get("id") if isinstance(thing, Mapping) else None)
    return str(named) if named else None
