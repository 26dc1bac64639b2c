"""Serves Graph: reads a call, lets the faults have their way, answers it, and keeps a record."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import chance
from sandbox.tenant.batch import perform_batch
from sandbox.tenant.call import Answer, Ask
from sandbox.tenant.errors import Refusal, bad_request
from sandbox.tenant.exchange import MALFORMED, Asked, Call, error_answer
from sandbox.tenant.faults import Faults
from sandbox.tenant.query import Query
from sandbox.tenant.routes import Router, check_permission
from sandbox.tenant.shapes_beta import ShapesBeta
from sandbox.tenant.shapes_v1 import ShapesV1
from sandbox.tenant.tokens import Tokens
from sandbox.tenant.world import World

# How many calls are remembered.
MAX_CALLS = 5000
_ERROR_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"


@dataclass
class Service:
    """Graph itself, over a world."""

    world: World
    router: Router
    tokens: Tokens
    faults: Faults
    page_size: int
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        """Answer one HTTP request."""
        asked = await self._read(request)
        answer = await self._before(asked)
        if answer is None:
            try:
                answer = (
                    self._batch(asked) if unquote(asked.path) == "$batch" else self.perform(asked)
                )
            except Refusal as refusal:
                answer = error_answer(asked, refusal)
        return await self._respond(request, asked, answer)

    async def _read(self, request: Request) -> Asked:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = MALFORMED
        path = request.scope.get("raw_path") or request.url.path.encode()
        version, _, rest = path.decode("ascii").lstrip("/").partition("/")
        return Asked(
            version=version,
            method=request.method,
            path=rest.rstrip("/"),
            query=request.url.query,
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body,
            root=f"{request.url.scheme}://{request.url.netloc}",
        )

    # -- faults ----------------------------------------------------------------------------

    async def _before(self, asked: Asked) -> Answer | None:
        """Return what goes wrong before anything happened; None when nothing does."""
        # Read first: the strike that is the last takes its length with it.
        seconds = self.faults.seconds("slow")
        if self._strikes("slow", asked):
            await asyncio.sleep(seconds)
        throttled = self._throttled(asked)
        if throttled:
            return throttled
        unavailable = self._unavailable(asked)
        if unavailable:
            return unavailable
        if self._strikes("unauthorized", asked):
            message = "Lifetime validation failed, the token is expired."
            return error_answer(asked, Refusal(401, "InvalidAuthenticationToken", message))
        forbidden = self._forbidden(asked)
        if forbidden:
            return forbidden
        if self._strikes("html", asked):
            return Answer(502, None)
        return None

    def _unavailable(self, asked: Asked) -> Answer | None:
        headers = self.faults.retry_after("unavailable")
        if not self._strikes("unavailable", asked):
            return None
        message = "The service is temporarily unavailable."
        return error_answer(asked, Refusal(503, "ServiceUnavailable", message, headers=headers))

    def _forbidden(self, asked: Asked) -> Answer | None:
        if not self._strikes("forbidden", asked):
            return None
        message = "The caller is not authorized to read this object."
        return error_answer(asked, Refusal(403, "UnAuthorized", message))

    def _lost(self, asked: Asked, answer: Answer) -> Answer | None:
        """Return the error in place of the answer to a call that took effect; None when the answer arrives."""
        if answer.status >= 400 or not self._strikes("error_after", asked):
            return None
        return error_answer(asked, Refusal(504, "GatewayTimeout", "The request timed out."))

    def _throttled(self, asked: Asked) -> Answer | None:
        headers = self.faults.retry_after("throttle")
        if not self._strikes("throttle", asked):
            return None
        refusal = Refusal(
            429,
            "TooManyRequests",
            "Please retry again later.",
            headers=headers,
        )
        return error_answer(asked, refusal)

    def _strikes(self, name: str, asked: Asked) -> bool:
        if self.faults.strikes(name, asked.name):
            asked.fault = name
            return True
        return False

    async def _respond(self, request: Request, asked: Asked, answer: Answer) -> Response:
        headers = answer.headers | {
            "request-id": str(chance.uuid4()),
            "client-request-id": asked.headers.get("client-request-id") or str(chance.uuid4()),
            "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Sandbox"}}',
        }
        if asked.fault == "html":
            self._record(asked, answer)
            return Response(_ERROR_PAGE, 502, headers, media_type="text/html")
        took_effect = answer.status < 400
        answer = self._lost(asked, answer) or answer
        length = self.faults.seconds("timeout_after")
        if took_effect and self._strikes("timeout_after", asked):
            self._record(asked, answer)
            await _until_gone(request, length)
            return Response(status_code=504, headers=headers)
        if took_effect and "@odata.nextLink" in (answer.body or {}):
            self._misdirect(asked, answer)
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        if took_effect and self._strikes("cut_after", asked):
            self._record(asked, answer)
            return _Cut(content, answer.status, headers, media_type="application/json")
        if took_effect and content and self._strikes("truncated", asked):
            content = content[: len(content) // 2]
        self._record(asked, answer)
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        media_type = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8"
        return Response(content, answer.status, headers, media_type=media_type)

    def _misdirect(self, asked: Asked, answer: Answer) -> None:
        if self._strikes("foreign_next_link", asked) and answer.body:
            link = answer.body["@odata.nextLink"]
            answer.body["@odata.nextLink"] = link.replace(
                asked.root, "https://graph.elsewhere.example"
            )

    def _record(self, asked: Asked, answer: Answer) -> None:
        self.calls.append(
            Call(
                at=self.world.now(),
                method=asked.method,
                path=f"/{asked.version}/{asked.path}",
                query=asked.query,
                body=asked.body if isinstance(asked.body, dict) else None,
                status=answer.status,
                client_request_id=asked.headers.get("client-request-id"),
                answer=answer.body,
                fault=asked.fault,
            )
        )
        if len(self.calls) > MAX_CALLS:
            del self.calls[: -MAX_CALLS // 2]

    # -- answers ---------------------------------------------------------------------------

    def perform(self, asked: Asked) -> Answer:
        """Do one call; a refusal is an answer too."""
        self.world.advance()
        try:
            return self._perform(asked)
        except Refusal as refusal:
            return error_answer(asked, refusal)
        finally:
            self.world.announce()

    def _batch(self, asked: Asked) -> Answer:
        self.tokens.read(asked.headers.get("authorization"))
        return perform_batch(asked, self._step)

    def _step(self, asked: Asked) -> Answer:
        """One step of a batch, which may be throttled, refused, or without a service or an answer alone."""
        answer = (
            self._throttled(asked)
            or self._unavailable(asked)
            or self._forbidden(asked)
            or self.perform(asked)
        )
        answer = self._lost(asked, answer) or answer
        self._record(asked, answer)
        return answer

    def _perform(self, asked: Asked) -> Answer:
        caller = self.tokens.read(asked.headers.get("authorization"))
        if caller.user_id is not None and caller.user_id not in self.world.users:
            raise Refusal(401, "InvalidAuthenticationToken", "The user of the token was not found.")
        if asked.version not in ("v1.0", "beta"):
            raise bad_request(f"Invalid version: {asked.version}")
        if asked.body is MALFORMED:
            raise bad_request(
                "Unable to read JSON request payload. Please ensure it is valid JSON."
            )
        if asked.body is not None and not isinstance(asked.body, dict):
            raise bad_request("Empty Payload. JSON content expected.")
        route, ids = self.router.find(asked.version, asked.method, asked.path)
        shapes = ShapesBeta(self.world) if asked.version == "beta" else ShapesV1(self.world)
        user = self.world.users.get(caller.user_id or "")
        is_administrator = bool(user and user.is_administrator)
        check_permission(route, caller, is_administrator=is_administrator)
        lag = timedelta(seconds=self.faults.seconds("lag"))
        ask = Ask(
            world=self.world,
            shapes=shapes,
            caller=caller,
            method=asked.method,
            root=asked.root,
            path=asked.path,
            ids=ids,
            query=Query.parse(asked.query),
            body=asked.body or {},
            headers=asked.headers,
            page_size=self.page_size,
            hidden_since=self.world.now() - lag if lag else None,
        )
        return route.operation(ask)


async def _until_gone(request: Request, seconds: float) -> None:
    """Wait until the client hangs up, at most *seconds*."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return


class _Cut(Response):
    """Promises the whole body, sends half of it and hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        headers.append((b"content-length", str(len(self.body) + 1).encode()))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionResetError("the stand-in cuts the connection, as it was told to")
