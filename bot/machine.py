"""
Provide what Latchkey takes from the machine it runs on: time, chance, threads, and the wires to Slack and Microsoft.

Whoever runs it may bring others: the tests run the whole bot in simulated time, and it does not notice.
"""

import random
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import httpx
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot import chance, clock
from bot.configuration.settings import Settings
from bot.database import Store, Transaction
from bot.database.connections.engine import real_threads
from bot.database.connections.postgresql_limits import QUICK, SessionLimits
from bot.database.connections.server_clock import database_time
from bot.database.replicas.wire import NoWire, Wire
from bot.notifications.outbox import CALL_TIMEOUT
from bot.patience import BEAT
from bot.priority import give_way
from bot.scheduler import Apscheduler, Scheduler
from bot.serving.outage_watch import AlarmNotTaken, Post
from bot.webhooks.client import WebhookClient
from graph import TokenSource
from graph.calls.deadlines import machine_seconds
from graph.sign_in import login
from graph.sign_in.auth import AppTokens, ManagedIdentityTokens
from graph.sign_in.credentials import Credential, FederatedCredential, SecretCredential
from graph.sign_in.id_tokens import IdTokens
from graph.sign_in.login import HttpClient
from graph.sign_in.web_signin import WebSignIn

SLACK_TIMEOUT: Final = aiohttp.ClientTimeout(total=CALL_TIMEOUT.total_seconds())
# Each of them begins anew within one call; how long a POST may take in all is in `bot.timing`.
GRAPH_TIMEOUT: Final = httpx.Timeout(10, connect=5)


@dataclass(frozen=True, kw_only=True)
class PeopleSignIn:
    """Signs people in to the app registration, and verifies who they are; nothing is sent before the first does."""

    web: WebSignIn
    ids: IdTokens


def graph_client() -> httpx.AsyncClient:
    """An HTTP client for Graph."""
    return httpx.AsyncClient(
        timeout=GRAPH_TIMEOUT, follow_redirects=False, event_hooks={"request": [_give_way]}
    )


def on_call_client() -> httpx.AsyncClient:
    """Return an HTTP client for the on-call service, if there is one."""
    return httpx.AsyncClient(timeout=GRAPH_TIMEOUT, follow_redirects=False)


async def _give_way(request: httpx.Request) -> None:
    """Begin no call of a job's while somebody waits for an answer, or not many."""
    await give_way()


def webhook_client() -> WebhookClient:
    """A client for webhooks, which trusts and goes through what the environment names."""
    return WebhookClient(httpx.AsyncClient(timeout=GRAPH_TIMEOUT, follow_redirects=False))


def slack_session() -> aiohttp.ClientSession:
    """One session for all calls to Slack: a new one per call costs a TLS handshake each."""
    return aiohttp.ClientSession(
        timeout=SLACK_TIMEOUT,
        connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),
        trace_configs=[_no_redirects()],
    )


def app_tokens(settings: Settings) -> TokenSource:
    """Tokens for the app registration, or for the managed identity, that the settings name."""
    if settings.uses_managed_identity:
        return ManagedIdentityTokens(
            client_id=settings.managed_identity_client_id, resource=settings.graph_url.rstrip("/")
        )
    return AppTokens(
        tenant_id=settings.azure_tenant_id or "",
        client_id=settings.azure_client_id or "",
        credential=app_credential(settings),
        authority_host=settings.azure_authority_host,
        scope=f"{settings.graph_url.rstrip('/')}/.default",
    )


def app_credential(settings: Settings) -> Credential:
    """Return how the app registration that the settings name proves who it is."""
    if settings.azure_client_certificate_path is not None:
        # Whoever has no certificate needs no cryptography.
        from graph.sign_in.certificates import CertificateCredential

        return CertificateCredential(settings.azure_client_certificate_path)
    if settings.azure_federated_token_file is not None:
        return FederatedCredential(settings.azure_federated_token_file)
    secret = settings.azure_client_secret
    return SecretCredential(secret.get_secret_value() if secret else "")


def people_sign_in(
    settings: Settings, *, client: Callable[[], HttpClient] = login.client
) -> PeopleSignIn:
    """Return what signs people in to the app registration, and verifies who they are."""
    tenant_id, client_id = settings.azure_tenant_id or "", settings.azure_client_id or ""
    web = WebSignIn(
        tenant_id=tenant_id,
        client_id=client_id,
        credential=app_credential(settings),
        authority_host=settings.azure_authority_host,
        graph_url=settings.graph_url,
        client=client,
    )
    ids = IdTokens(
        tenant_id=tenant_id,
        client_id=client_id,
        authority_host=settings.azure_authority_host,
        client=client,
    )
    return PeopleSignIn(web=web, ids=ids)


def socket_mode(bolt: AsyncApp, app_token: str) -> AsyncBaseSocketModeHandler:
    """Slack's payloads for *bolt* over a websocket that is ours."""
    return AsyncSocketModeHandler(bolt, app_token)


def wire_to_others(store: Store) -> Wire:
    """The way to the other replicas that share the database."""
    if store.engine.dialect.name == "sqlite":
        return NoWire()
    # Whoever works with SQLite needs no driver of PostgreSQL's.
    from bot.database.replicas.listening import Notifications

    return Notifications(store)


def alarm_webhook(url: str) -> Post:
    """Post alarms to an address that the settings name; nothing that is raised repeats the address, which may be a secret."""

    async def post(body: Mapping[str, Any]) -> bool:
        try:
            async with (
                slack_session() as session,
                session.post(url, json=dict(body), allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise AlarmNotTaken(type(error).__name__) from None
        if not 200 <= status < 300:
            raise AlarmNotTaken(f"HTTP {status}")
        return True

    return post


@dataclass(frozen=True, kw_only=True)
class Machine:
    """
    The sources of time, chance, threads and wires; this machine's own unless somebody says otherwise.

    Attributes:
        time: The machine's own time, aware UTC.
        seconds: A clock that only goes on, also while the process is stopped.
        beat: How often the process notes that it is awake.
        chance: For ids that nobody may guess, and for jitter.
        scheduler: Makes what triggers jobs by the clock.
        threads: Makes an executor for so many transactions at the same time.
        session_limits: How long a transaction on PostgreSQL may take.
        graph_client: Makes the HTTP client for Graph.
        webhook_client: Makes the client for webhooks.
        on_call_client: Makes the HTTP client for the on-call service.
        slack_session: Makes the HTTP session for Slack.
        tokens: Where access tokens for Graph come from.
        people_sign_in: Makes what signs people in, and verifies who they are.
        database_time: What time it is at the database server; None if there is none.
        wire: Makes the way to the other replicas on the same database.
        alarm_webhook: Makes what posts alarms to an address.
        socket_mode: Connects Bolt to Slack without an address of ours, given the app-level token.
    """

    time: clock.Source = clock.machine_time
    seconds: Callable[[], float] = machine_seconds
    beat: timedelta = BEAT
    chance: random.Random = chance.secure
    scheduler: Callable[[], Scheduler] = Apscheduler
    threads: Callable[[int], Executor] = real_threads
    session_limits: SessionLimits = QUICK
    graph_client: Callable[[], httpx.AsyncClient] = graph_client
    webhook_client: Callable[[], WebhookClient] = webhook_client
    on_call_client: Callable[[], httpx.AsyncClient] = on_call_client
    slack_session: Callable[[], aiohttp.ClientSession] = slack_session
    tokens: Callable[[Settings], TokenSource] = app_tokens
    people_sign_in: Callable[[Settings], PeopleSignIn] = people_sign_in
    database_time: Callable[[Transaction], datetime | None] = database_time
    wire: Callable[[Store], Wire] = wire_to_others
    alarm_webhook: Callable[[str], Post] = alarm_webhook
    socket_mode: Callable[[AsyncApp, str], AsyncBaseSocketModeHandler] = socket_mode


MACHINE: Final = Machine()


def _no_redirects() -> aiohttp.TraceConfig:
    """The library would follow a redirect, and take what people wrote to whatever host it names."""

    async def refuse(
        session: aiohttp.ClientSession, context: Any, params: aiohttp.TraceRequestRedirectParams
    ) -> None:
        params.response.close()
        raise aiohttp.ClientError("a redirect, which is not followed")

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config
