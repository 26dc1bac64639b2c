"""What a command sends reaches a stand-in tenant in memory: no socket, no TLS, no thread."""

import asyncio
from contextvars import copy_context
from typing import Any

import httpx
import pytest
import requests

from sandbox.tenant import Tenant
from tests.harness.exchange import Reply, ask

HOST = "microsoft.test"


def reach(tenant: Tenant, patch: pytest.MonkeyPatch) -> str:
    """Take the place of the transports of httpx and requests; gives the tenant's address."""

    async def asked(
        method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Reply:
        exchange = ask(
            tenant.app, method=method, url=url, headers=headers, body=body, context=copy_context()
        )
        try:
            return await exchange.reply
        finally:
            exchange.hang_up()

    async def to_graph(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        reply = await asked(
            request.method, str(request.url), request.headers.raw, await request.aread()
        )
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)

    def to_sign_in(self: Any, request: requests.PreparedRequest, **rest: Any) -> requests.Response:
        given = {"host": HOST, **request.headers}
        headers = [(name.encode(), str(value).encode()) for name, value in given.items()]
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        # msal is synchronous, and so has a thread without an event loop.
        reply = asyncio.run(asked(str(request.method), str(request.url), headers, content))
        answer = requests.Response()
        answer.status_code = reply.status
        answer.headers.update({name.decode(): value.decode() for name, value in reply.headers})
        answer._content = reply.body
        answer.url, answer.request = str(request.url), request
        return answer

    patch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", to_graph)
    patch.setattr(requests.adapters.HTTPAdapter, "send", to_sign_in)
    return f"https://{HOST}"
