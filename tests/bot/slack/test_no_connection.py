"""Test why there is no connection to Slack, and to Microsoft: what is on the way is named, and its password never."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import aiohttp.abc
import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.assembly import connections
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError
from bot.machine import MACHINE
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy
from tests.bot.configuration.test_settings import GOOD

Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that wants a password, or another one."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def speaks_no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A port of something else."""
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


@asynccontextmanager
async def serving(answer: Served, *, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Listen on a port of this machine for as long as the block runs."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class NoNames(aiohttp.abc.AbstractResolver):
    """A resolver that knows nobody."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        raise OSError("Name or service not known")

    async def close(self) -> None:
        pass


async def why_not(address: str, *, proxy: str | None = None, **connector: Any) -> str:
    """The sentence with which the start ends."""
    # Nothing that another test trusts.
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=bare, **connector)
    ) as session:
        slack = Slack(
            AsyncWebClient(
                token="xoxb-secret",
                base_url=address,
                session=session,
                proxy=proxy,
                retry_handlers=[],
            )
        )
        with pytest.raises(ConfigurationError) as refused:
            await connections.identify(slack)
        with pytest.raises(SlackBusy):
            await slack.post("C1", {"text": "x"})
    return str(refused.value)


def own(certificate: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    return context


async def test_a_certificate_that_is_not_trusted_is_named_with_the_way_out(certificate):
    """A company that looks into TLS is the usual reason."""
    async with serving(speaks_no_tls, context=own(certificate)) as port:
        said = await why_not(f"https://127.0.0.1:{port}/api/")

    assert "the certificate that is shown is not trusted" in said
    assert "set SSL_CERT_FILE and REQUESTS_CA_BUNDLE" in said


async def test_what_speaks_no_tls_is_named():
    """A wrong port, or a proxy that opens no tunnel."""
    async with serving(speaks_no_tls) as port:
        said = await why_not(f"https://127.0.0.1:{port}/api/")
    assert "does not speak TLS" in said


async def test_a_name_that_nobody_knows_is_named():
    """A slip, or a network without names of the outside."""
    assert "its name is not found" in await why_not(
        "https://slack.example/api/", resolver=NoNames()
    )


async def test_a_proxy_that_is_not_there_is_named():
    """Not Slack."""
    async with serving(refuses) as port:
        pass
    said = await why_not(
        "https://slack.example/api/",
        proxy=f"http://user:canary@127.0.0.1:{port}",  # pragma: allowlist secret
    )
    assert "the proxy cannot be reached" in said
    assert "canary" not in said


async def test_a_proxy_that_refuses_is_named():
    """Nothing has been sent to Slack, so whatever it was may be tried again."""
    async with serving(refuses) as port:
        said = await why_not(
            "https://slack.example/api/",
            proxy=f"http://user:canary@127.0.0.1:{port}",  # pragma: allowlist secret
        )
    assert "the proxy refuses" in said
    assert "canary" not in said


@pytest.mark.parametrize("listens", [True, False])
async def test_a_proxy_on_the_way_to_microsoft_keeps_its_password(monkeypatch, listens):
    """Neither the login's words nor Graph's repeat it."""
    async with serving(refuses) as port, AsyncExitStack() as stack:
        if not listens:
            port = 1
        proxy = f"http://user:canary@127.0.0.1:{port}"  # pragma: allowlist secret
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        http = await stack.enter_async_context(httpx.AsyncClient())
        with pytest.raises(ConfigurationError) as refused:
            await connections.connect_graph(read_settings(GOOD), MACHINE, http)

    assert "canary" not in str(refused.value)
    assert "proxy" in str(refused.value)


async def test_a_certificate_of_microsofts_that_is_not_trusted_has_the_way_out(
    monkeypatch, certificate
):
    """The login is asked first."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    async with (
        serving(speaks_no_tls, context=own(certificate)) as port,
        httpx.AsyncClient() as http,
    ):
        settings = read_settings({**GOOD, "AZURE_AUTHORITY_HOST": f"https://127.0.0.1:{port}"})
        with pytest.raises(ConfigurationError) as refused:
            await connections.connect_graph(settings, MACHINE, http)

    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value)
    assert "set SSL_CERT_FILE and REQUESTS_CA_BUNDLE" in str(refused.value)
