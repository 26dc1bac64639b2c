"""Make the way in: Bolt with its handlers, and the HTTP endpoints of Slack and of people's browsers."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

import handlers
from bot.assembly.connections import AccountParts
from bot.assembly.monitoring import MonitoringParts
from bot.assembly.outside import Outside
from bot.configuration.accounts import installation_mark
from bot.configuration.settings import Settings
from bot.priority import Courtesy
from bot.serving import web
from handlers.dispatch.signature import Signatures
from handlers.web import sign_in
from handlers.web.http import accept_only_own_workspace, endpoint
from handlers.web.rejections import Rejections


def make_bolt(outside: Outside, courtesy: Courtesy) -> handlers.SlackApp:
    """Return Bolt for our app in our workspace; no handler is registered yet."""
    settings, slack, identity = outside.settings, outside.slack, outside.identity

    async def authorize(team_id: str | None) -> AuthorizeResult:
        # Known since the start: no call to Slack for each request.
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team_id,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user_id,
            bot_token=slack.client.token,
        )

    with _without("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN"):
        app = handlers.SlackApp(
            courtesy=courtesy,
            figures=outside.figures,
            # Without a name Bolt looks for one through the whole stack: 60 ms at every start.
            name="latchkey",
            # Our HTTP endpoint has verified what gets this far; Bolt knows one secret only, and parses before it looks.
            signing_secret="",
            request_verification_enabled=False,
            authorize=authorize,
            process_before_response=True,
            client=AsyncWebClient(
                base_url=settings.slack_api_url, session=slack.client.session, retry_handlers=[]
            ),
        )
    accept_only_own_workspace(
        app,
        app_id=identity.app_id,
        team_id=identity.team_id,
        enterprise_id=identity.enterprise_id,
        is_for_organization=identity.is_for_organization,
    )
    return app


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Hide variables from Bolt, which would turn OAuth on and forget our token if it saw these."""
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def make_web_app(
    settings: Settings,
    bolt: handlers.SlackApp,
    monitoring: MonitoringParts,
    accounts: AccountParts,
    services: handlers.Services,
) -> Starlette:
    """Return all that is served over HTTP: health, metrics, Slack's requests and people's sign-ins."""
    return web.asgi(
        monitoring.health,
        monitoring.exposition,
        receive=_slack_endpoint(settings, bolt, monitoring.rejections),
        more=_sign_in_routes(settings, accounts, services),
    )


def _slack_endpoint(
    settings: Settings, bolt: handlers.SlackApp, rejections: Rejections
) -> web.Receive | None:
    """Return where Slack posts to; None in Socket Mode, whose connection is Slack's word for what comes over it."""
    if settings.uses_socket_mode:
        return None
    signatures = Signatures(settings.signing_secret, previous=settings.previous_signing_secret)
    return endpoint(bolt, signatures=signatures, rejections=rejections)


def _sign_in_routes(
    settings: Settings, accounts: AccountParts, services: handlers.Services
) -> Sequence[Route]:
    """Return what browsers call for people's own sign-ins; nothing where none come back to us."""
    if settings.public_url is None:
        return ()
    return sign_in.routes(
        accounts.browsers,
        connecting=accounts.connecting,
        approvals=services.signed_approvals,
        delegations=services.signed_delegations,
        public_url=settings.public_url,
        installation=installation_mark(settings),
    )
