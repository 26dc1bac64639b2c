"""Connect to each thing by itself for a look: nothing is started, upgraded or made, and what refuses is noted."""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from bot import chance, clock
from bot.accounts.tokens import AccountTokens
from bot.assembly import connections
from bot.assembly.database import opened_store
from bot.assembly.package_settings import KnownBindings, read_package_settings_of
from bot.configuration.settings import Settings
from bot.configuration.urls import in_address
from bot.database import Busy, flags
from bot.doctor.model import AskOurselves, AskPublic, CheckSubject, NobodyListens, NotTrusted
from bot.errors import ConfigurationError
from bot.machine import MACHINE, Machine
from bot.monitoring.figures import Figures
from bot.packages.bounds import EVERYWHERE
from bot.packages.settings.file import NO_FILE

# The schema that has the table of what is bound to which package; an older one is a finding of its own.
FIRST_WITH_BINDINGS = "0039"
LONGEST_ANSWER = aiohttp.ClientTimeout(total=15)
# Where this machine reaches a bot that listens on all of its addresses.
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where the bot listens, not we)


@asynccontextmanager
async def subject_by(
    settings: Settings, *, machine: Machine = MACHINE
) -> AsyncIterator[CheckSubject]:
    """Connect by the settings, as far as each lets us."""
    clock.use(machine.time)
    chance.use(machine.chance)
    figures = Figures(machine.seconds)
    missing: dict[str, str] = {}
    package_settings = NO_FILE
    try:
        package_settings = read_package_settings_of(settings)
    except ConfigurationError as error:
        missing["package settings"] = " ".join(error.problems)
    subject = CheckSubject(
        settings=settings,
        figures=figures,
        package_settings=package_settings,
        missing=missing,
        database_time=machine.database_time,
        seconds=machine.seconds,
        ask_ourselves=None if settings.port == 0 else _asking(settings),
        ask_public=None if settings.public_url is None else asking_public(settings.public_url),
    )
    async with AsyncExitStack() as stack:
        _connect_database(subject, machine, stack)
        await _connect_slack(subject, machine, stack)
        await _connect_graph(subject, machine, stack)
        subject.tokens = _peoples_tokens(subject, machine)
        yield subject


def _connect_database(subject: CheckSubject, machine: Machine, stack: AsyncExitStack) -> None:
    file = subject.settings.sqlite_file
    if file is not None and not file.is_file():
        # Opening would make one.
        subject.missing["database"] = (
            f"There is no database at {file}: set DATABASE_URL to the bot's. (The first start makes it.)"
        )
        return
    try:
        store = opened_store(subject.settings, machine=machine)
        stack.callback(store.close)
        revision = store.read_here(flags.revision)
        if revision is not None and revision >= FIRST_WITH_BINDINGS:
            KnownBindings(store, subject.package_settings).read_now()
    except ConfigurationError as error:
        subject.missing["database"] = " ".join(error.problems)
        return
    except Busy as error:
        subject.missing["database"] = f"The database cannot be used: {error}."
        return
    subject.connected_store = store
    subject.wire = machine.wire(store)


async def _connect_slack(subject: CheckSubject, machine: Machine, stack: AsyncExitStack) -> None:
    slack = await connections.connect_slack(
        subject.settings, machine, stack, observer=subject.figures.slack_called
    )
    try:
        subject.connected_identity = await connections.identify(
            slack, workspace=subject.settings.workspace
        )
        if subject.settings.slack_app_token is not None:
            token = subject.settings.slack_app_token.get_secret_value()
            await connections.check_app_token(slack, token)
    except ConfigurationError as error:
        subject.missing["slack"] = " ".join(error.problems)
        return
    subject.connected_slack = slack


async def _connect_graph(subject: CheckSubject, machine: Machine, stack: AsyncExitStack) -> None:
    http = machine.graph_client()
    stack.push_async_callback(http.aclose)
    subject.bounds = EVERYWHERE
    try:
        graph = await connections.connect_graph(
            subject.settings, machine, http, observer=subject.figures.graph_called
        )
        subject.bounds = await connections.find_bounds(subject.settings, graph)
    except ConfigurationError as error:
        subject.missing["graph"] = " ".join(error.problems)
        return
    subject.connected_graph = graph


def _peoples_tokens(subject: CheckSubject, machine: Machine) -> AccountTokens | None:
    settings, store = subject.settings, subject.connected_store
    if store is None or settings.token_key is None or "graph" in subject.missing:
        return None
    return AccountTokens(
        store=store,
        keys=connections.token_keys(settings),
        web=machine.people_sign_in(settings).web,
        seconds=machine.seconds,
    )


def _asking(settings: Settings) -> AskOurselves:
    """Return what sends requests to the bot that runs on this machine."""
    root = f"http://{in_address(ANYWHERE.get(settings.host, settings.host))}:{settings.port}"

    async def ask(
        method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        try:
            async with (
                aiohttp.ClientSession(timeout=LONGEST_ANSWER) as session,
                session.request(
                    method,
                    f"{root}{path}",
                    headers=dict(headers),
                    data=body or None,
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status, await answer.text(errors="replace")
        except aiohttp.ClientConnectorError as error:
            raise NobodyListens from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OSError(f"it does not answer ({type(error).__name__})") from error

    return ask


def asking_public(root: str) -> AskPublic:
    """Return what asks for pages below an address, through the proxy of the environment, as a browser elsewhere would."""

    async def ask(path: str) -> tuple[int, Mapping[str, str]]:
        try:
            async with (
                # aiohttp has read what this machine trusts before the settings could say it.
                aiohttp.ClientSession(
                    timeout=LONGEST_ANSWER,
                    connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),
                    trust_env=True,
                ) as session,
                session.get(f"{root.rstrip('/')}{path}", allow_redirects=False) as answer,
            ):
                return answer.status, {
                    name.lower(): value for name, value in answer.headers.items()
                }
        except aiohttp.ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", "")
            raise NotTrusted(reason or "its certificate is not trusted") from error
        except aiohttp.ClientSSLError as error:
            raise NotTrusted("it speaks no TLS that this machine understands") from error
        except aiohttp.ClientConnectorError as error:
            raise NobodyListens(_reason(error.os_error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NobodyListens(type(error).__name__) from error

    return ask


def _reason(error: OSError) -> str:
    """Return why there is no connection, in the words of the operating system; asyncio's own have the address in them."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__
