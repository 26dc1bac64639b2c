"""The HTTP face of the stand-in: /api/<method>, response URLs and the Socket Mode endpoint."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from sandbox import chance
from sandbox.slack import answers
from sandbox.slack.arguments import Arguments, parse_json, read_arguments
from sandbox.slack.errors import SlackRefusal, missing_scope
from sandbox.slack.faults import Fault
from sandbox.slack.methods import METHODS, Method
from sandbox.slack.methods.files import take_upload
from sandbox.slack.model import Call, Json

if TYPE_CHECKING:
    from sandbox.slack.state import State


def routes(workspace: "State") -> list[BaseRoute]:
    """Return the routes of the Web API, of response URLs and of Socket Mode."""

    async def api(request: Request) -> Response:
        return await _call(workspace, request)

    async def respond(request: Request) -> Response:
        return await _respond(workspace, request)

    async def upload(request: Request) -> Response:
        return await _take_upload(workspace, request)

    return [
        Route("/upload/{ticket}", upload, methods=["POST"]),
        Route("/api/{method:path}", api, methods=["GET", "POST"]),
        Route("/respond/{opaque}", respond, methods=["POST"]),
        WebSocketRoute("/socket/{ticket}", workspace.sockets.serve),
    ]


async def _call(workspace: "State", request: Request) -> Response:
    name: str = request.path_params["method"]
    given: Json = {}
    faults = {fault.name: fault for fault in workspace.faults.strike(name)}
    if "slow" in faults:
        await asyncio.sleep(faults["slow"].pause.total_seconds())
    if "drop" in faults:
        _record(workspace, name, {}, ok=False, error=None, status=0, fault="drop")
        return _CutConnection()
    try:
        given = read_arguments(
            query=request.url.query,
            content_type=request.headers.get("content-type", ""),
            body=await request.body(),
        )
        token = _token(request, given)
        if "server_error" in faults:
            _record(workspace, name, given, ok=False, error=None, status=500, fault="server_error")
            return HTMLResponse("<html><body>Server Error</body></html>", status_code=500)
        if "ratelimited" in faults:
            raise SlackRefusal("ratelimited", status=429, retry_after=faults["ratelimited"].pause)
        method = METHODS.get(name)
        if method is None:
            raise SlackRefusal("unknown_method", extra={"req_method": name})
        workspace.tiers.check(name, place=_place(workspace, given))
        _authorize(workspace, method, token=token, is_revoked="revoked" in faults)
        body = method.run(workspace, Arguments(given))
        status, error, headers = 200, None, {}
    except SlackRefusal as refusal:
        body, status, error = refusal.body, refusal.status, refusal.error
        headers = _retry_after(refusal)
    struck = next(iter(faults), None)
    _record(workspace, name, given, ok=error is None, error=error, status=status, fault=struck)
    if error is None and "fatal_error" in faults:
        body = {"ok": False, "error": "fatal_error"}
    if "timeout_after" in faults:
        return _Silence(faults["timeout_after"])
    if "drop_after" in faults:
        return _CutConnection()
    return JSONResponse(
        {"ok": True, **body} if error is None else body,
        status_code=status,
        headers=headers | _headers(workspace, METHODS.get(name)),
    )


def _place(workspace: "State", given: Json) -> str:
    """The channel that a call is about; a person's id stands for the direct messages with them."""
    to = str(given.get("channel", ""))
    return workspace.dm(to).id if to in workspace.people else to


def _token(request: Request, given: Json) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    in_arguments = given.pop("token", None)
    return token.strip() if scheme.lower() == "bearer" and token else in_arguments


def _authorize(workspace: "State", method: Method, *, token: str | None, is_revoked: bool) -> None:
    if not token:
        raise SlackRefusal("not_authed")
    is_app_token = token == workspace.app_token
    if not is_app_token and token != workspace.bot_token:
        raise SlackRefusal("invalid_auth")
    if is_revoked or (workspace.is_token_revoked and not is_app_token):
        raise SlackRefusal("token_revoked")
    if is_app_token != method.for_app_token:
        raise SlackRefusal("not_allowed_token_type")
    if method.scopes and not set(method.scopes) & set(workspace.scopes):
        raise missing_scope(needed=method.scopes, provided=workspace.scopes)


def _headers(workspace: "State", method: Method | None) -> dict[str, str]:
    headers = {"x-slack-req-id": chance.uuid4().hex, "cache-control": "private, no-cache, no-store"}
    if method is not None and not method.for_app_token:
        headers["x-oauth-scopes"] = ",".join(workspace.scopes)
        headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
    return headers


def _retry_after(refusal: SlackRefusal) -> dict[str, str]:
    if refusal.retry_after is None:
        return {}
    return {"retry-after": str(max(1, round(refusal.retry_after.total_seconds())))}


def _record(
    workspace: "State",
    method: str,
    args: Json,
    *,
    ok: bool,
    error: str | None,
    status: int,
    fault: str | None,
) -> None:
    workspace.record_call(
        Call(
            at=workspace.now(),
            method=method,
            args=args,
            ok=ok,
            error=error,
            status=status,
            fault=fault,
        )
    )


async def _respond(workspace: "State", request: Request) -> Response:
    """Take an answer at a response URL; errors are plain text, as at hooks.slack.com."""
    faults = {fault.name: fault for fault in workspace.faults.strike("response_url")}
    if "slow" in faults:
        await asyncio.sleep(faults["slow"].pause.total_seconds())
    if "drop" in faults:
        return _CutConnection()
    if "server_error" in faults:
        return PlainTextResponse("server_error", status_code=500)
    if "ratelimited" in faults:
        wait = str(max(1, round(faults["ratelimited"].pause.total_seconds())))
        return PlainTextResponse("ratelimited", status_code=429, headers={"retry-after": wait})
    body = _hook_body(await request.body())
    args = body if body is not None else {}
    error, status = None, 200
    try:
        url = workspace.response_urls.use(request.path_params["opaque"])
        if body is None:
            raise SlackRefusal("invalid_payload", status=400)
        answers.use_response_url(workspace, url, body)
    except SlackRefusal as refusal:
        error, status = refusal.error, 400 if refusal.status == 200 else refusal.status
    _record(
        workspace,
        "response_url",
        args,
        ok=error is None,
        error=error,
        status=status,
        fault=next(iter(faults), None),
    )
    if "timeout_after" in faults:
        return _Silence(faults["timeout_after"])
    if "drop_after" in faults:
        return _CutConnection()
    return PlainTextResponse(error or "ok", status_code=status)


async def _take_upload(workspace: "State", request: Request) -> Response:
    """Take a file's bytes, raw or as the one file of a form; Slack answers 200 in plain text."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1) as form:
            parts = [each for each in form.values() if not isinstance(each, str)]
            content = await parts[0].read() if parts else b""
    else:
        content = await request.body()
    try:
        take_upload(workspace, request.path_params["ticket"], content)
    except SlackRefusal as refusal:
        return PlainTextResponse(refusal.error, status_code=refusal.status)
    return PlainTextResponse(f"OK - {len(content)}")


def _hook_body(raw: bytes) -> Json | None:
    """Read JSON, or JSON in the form field `payload`; None when it is neither."""
    try:
        text = raw.decode()
        if text.startswith("payload="):
            text = dict(parse_qsl(text))["payload"]
        body = parse_json(text)
    except (ValueError, KeyError):
        return None
    return body if isinstance(body, dict) else None


class _CutConnection(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has no word for this; uvicorn's `receive` belongs to an object that has the transport.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
            await asyncio.sleep(0)
            return
        # Elsewhere: promise a byte and never send it, which the client sees as a cut as well.
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"1")],
            }
        )


class _Silence(Response):
    """Answers nothing until the client gives up, or cuts the connection in the end."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._pause = fault.pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._pause.total_seconds()):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            await _CutConnection()(scope, receive, send)
