"""The connections to Slack and Graph: how they are made, and what to do when one of them refuses us."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
from slack_sdk.web.async_client import AsyncWebClient

from bot.accounts.browser import BrowserSignIns
from bot.accounts.connecting import Connecting
from bot.accounts.sealing import TokenKeys
from bot.accounts.tokens import AccountTokens
from bot.configuration.accounts import read_key
from bot.configuration.settings import Settings
from bot.database import Store
from bot.emergencies.on_call import OnCallService
from bot.errors import ConfigurationError
from bot.machine import Machine
from bot.packages.bounds import EVERYWHERE, Bounds, bounds_of
from bot.people.identity import People
from bot.slack.api import BotIdentity, Slack
from bot.slack.calls import UNTRUSTED, SlackCall
from bot.slack.errors import SlackError, SlackRefused
from graph import Graph, Retries
from graph.calls.observed import Observer
from graph.errors import AuthError, Forbidden, GraphError


async def connect_slack(
    settings: Settings,
    machine: Machine,
    stack: AsyncExitStack,
    *,
    observer: Callable[[SlackCall], None] | None = None,
) -> Slack:
    session = machine.slack_session()
    stack.push_async_callback(session.close)
    token = settings.slack_bot_token
    return Slack(
        AsyncWebClient(
            token=token.get_secret_value() if token else None,
            base_url=settings.slack_api_url,
            session=session,
            # The library would send a message again after a dropped connection.
            retry_handlers=[],
        ),
        trusts_provisioned=settings.trust_provisioned_email,
        observer=observer,
        seconds=machine.seconds,
    )


async def identify(slack: Slack, *, workspace: str | None = None) -> BotIdentity:
    """
    Return whose the token is, and the workspace to work in.

    Args:
        workspace: The one that the settings name: needed where the app is installed for an organization.

    Raises:
        ConfigurationError: Slack refuses the token, or it is not for one workspace.
    """
    try:
        identity = await slack.identify(workspace=workspace)
    except SlackRefused as refused:
        if refused.error == "missing_scope":
            raise ConfigurationError(
                [
                    f"The Slack app lacks a scope ({refused}): apply manifest.yml again and reinstall the app."
                ]
            ) from None
        raise ConfigurationError(
            [
                f"Slack does not accept SLACK_BOT_TOKEN ({refused.error}): copy the Bot User OAuth Token again "
                "from “OAuth & Permissions” of your Slack app, and reinstall the app if it was removed."
            ]
        ) from None
    except SlackError as error:
        raise ConfigurationError(
            [
                f"Slack cannot be reached at SLACK_API_URL ({error}): check the network, the proxy and the address."
                f"{about_trust(error)}"
            ]
        ) from None
    if identity.is_for_organization and (workspace is None or identity.enterprise_id is None):
        raise ConfigurationError(
            [
                "SLACK_BOT_TOKEN is of an app that is installed for a whole organization, and Latchkey works in one "
                "workspace: install the app in that workspace (org_deploy_enabled: false in its manifest) and copy "
                "the token from there, or name the workspace in LATCHKEY_WORKSPACE (T…)."
            ]
        )
    if workspace is not None and identity.team_id != workspace:
        raise ConfigurationError(
            [
                f"LATCHKEY_WORKSPACE is {workspace}, and SLACK_BOT_TOKEN is of {identity.team_id}: they must be of "
                "one workspace."
            ]
        )
    return identity


async def check_app_token(slack: Slack, app_token: str) -> None:
    """The library would go on trying a token that Slack refuses, for ever and without a word."""
    try:
        await slack.try_app_token(app_token)
    except SlackRefused as refused:
        raise ConfigurationError(
            [
                f"Slack does not accept SLACK_APP_TOKEN ({refused}): make an app-level token with the scope "
                "connections:write (Basic Information, App-Level Tokens), and switch Socket Mode on."
            ]
        ) from None
    except SlackError:
        # Slack is not well just now; the connection is tried until it stands.
        return


def make_graph(
    settings: Settings,
    machine: Machine,
    http: httpx.AsyncClient,
    *,
    observer: Observer | None = None,
) -> Graph:
    """Return the calls to Graph that the settings name; nothing is sent yet."""
    return Graph(
        http,
        machine.tokens(settings),
        url=settings.graph_url,
        version=settings.graph_api_version,
        retries=Retries(jitter=machine.chance.uniform),
        seconds=machine.seconds,
        observer=observer,
    )


async def connect_graph(
    settings: Settings,
    machine: Machine,
    http: httpx.AsyncClient,
    *,
    observer: Observer | None = None,
) -> Graph:
    """
    Return the calls to Graph, once it has let us read.

    Raises:
        ConfigurationError: There is no token, it refuses us, or cannot be reached.
    """
    graph = make_graph(settings, machine, http, observer=observer)
    try:
        await graph.catalogs.list()
    except AuthError as error:
        raise ConfigurationError([f"Entra gives no token: {error}{about_trust(error)}"]) from None
    except Forbidden as error:
        raise ConfigurationError(
            [
                f"Graph does not let this app read entitlement management: {error} Grant it "
                "EntitlementManagement.ReadWrite.All, User.Read.All and GroupMember.Read.All, and admin consent; "
                "docs/how-to/entra-app.md shows how."
            ]
        ) from None
    except GraphError as error:
        if error.status is None:
            raise ConfigurationError(
                [
                    f"Graph cannot be reached at GRAPH_URL: {error} Check the network, the proxy and the address."
                    f"{about_trust(error)}"
                ]
            ) from None
        # It answers, but not well just now: the jobs try again, and /readyz says so.
    return graph


@dataclass(frozen=True, kw_only=True)
class AccountParts:
    """The parts by which people sign in to Microsoft and connect their accounts, and the tokens of those who have."""

    browsers: BrowserSignIns
    connecting: Connecting
    tokens: AccountTokens


def make_accounts(
    settings: Settings, machine: Machine, *, store: Store, people: People
) -> AccountParts:
    """Return how people connect their Microsoft accounts, as the settings allow it; nothing is sent yet."""
    keys = token_keys(settings)
    sign_in = None if settings.uses_managed_identity else machine.people_sign_in(settings)
    web = sign_in.web if sign_in is not None else None
    browsers = BrowserSignIns(
        store=store,
        people=people,
        web=web,
        ids=sign_in.ids if sign_in is not None else None,
        public_url=settings.public_url,
    )
    connecting = Connecting(
        store=store,
        browsers=browsers,
        keys=keys,
        web=web,
        takes_codes=settings.uses_socket_mode,
    )
    tokens = AccountTokens(store=store, keys=keys, web=web, seconds=machine.seconds)
    return AccountParts(browsers=browsers, connecting=connecting, tokens=tokens)


def token_keys(settings: Settings) -> TokenKeys | None:
    """Return the keys that seal people's tokens; None where none are kept."""
    if settings.token_key is None:
        return None
    previous = settings.token_key_previous
    return TokenKeys(
        read_key(settings.token_key.get_secret_value()),
        read_key(previous.get_secret_value()) if previous else None,
    )


async def find_bounds(settings: Settings, graph: Graph) -> Bounds:
    """
    The catalogs that the settings allow, read now.

    Raises:
        ConfigurationError: One of them is not there; or Graph does not say, and nothing may be guessed.
    """
    if not settings.catalogs:
        return EVERYWHERE
    try:
        return bounds_of(settings.catalogs, await graph.catalogs.list())
    except GraphError as error:
        raise ConfigurationError(
            [
                f"The catalogs in LATCHKEY_CATALOGS cannot be looked up just now: {error} Start again."
            ]
        ) from None


def connect_on_call(
    settings: Settings, machine: Machine, stack: AsyncExitStack
) -> OnCallService | None:
    """Return whom to ask who is on call; None where no address is set."""
    if settings.on_call_url is None:
        return None
    http = machine.on_call_client()
    stack.push_async_callback(http.aclose)
    token = settings.on_call_token
    return OnCallService(
        http,
        url=settings.on_call_url.get_secret_value(),
        token=token.get_secret_value() if token else None,
    )


def about_trust(error: Exception) -> str:
    """Return what to do about a certificate that is not trusted, most often of a company's own inspection of TLS."""
    if UNTRUSTED not in str(error) and "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return ""
    return (
        " If your network opens TLS connections to look into them, or has a certificate authority of its own, put the "
        "authority's certificate and the public ones into one PEM file, and set SSL_CERT_FILE and REQUESTS_CA_BUNDLE "
        "to it in the environment."
    )
