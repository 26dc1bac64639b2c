"""Check settings before a start: what is missing or wrong, a sentence with the fix each."""

import os
import re
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final

from bot import clock
from bot.configuration import accounts, database_url, webhooks
from bot.configuration import names as setting_names
from bot.configuration.settings import (
    LONGEST_RUNG,
    Settings,
    UnreadableSettings,
    known_names,
    read_given,
    read_settings,
)
from bot.configuration.urls import is_host, read_address
from bot.errors import ConfigurationError
from graph.clouds import GLOBAL

LONGEST_SHOWN: Final = 20
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{2,}")
SLACK_GROUP: Final = re.compile(r"S[A-Z0-9]{2,}")
SLACK_WORKSPACE: Final = re.compile(r"T[A-Z0-9]{2,}")
SLACK_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
# A signing secret that was replaced because it leaked must not be good for long.
PREVIOUS_AT_MOST: Final = timedelta(days=7)
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# Each of the clients reads one of these, see docs/reference/settings.md.
CERTIFICATES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
# What Microsoft calls everybody's, and no tenant of anybody's.
NO_TENANT: Final = frozenset({"common", "organizations", "consumers"})
CLIENT_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read_settings_for_running() -> Settings:
    """
    Settings that are enough to run the bot.

    Raises:
        ConfigurationError: Everything that is missing or wrong at once, a sentence with the fix each.
    """
    try:
        settings = read_settings()
    except UnreadableSettings as unreadable:
        # What can be read is judged as well, so that nobody mends one thing a start.
        values, _ = setting_names.with_values_from_files(
            setting_names.everything_given(), known=known_names()
        )
        readable = {
            name: value for name, value in values.items() if name.upper() not in unreadable.names
        }
        others = [
            problem
            for problem in problems_for_running(read_given(readable))
            if not any(name in problem for name in unreadable.names)
        ]
        raise ConfigurationError([*unreadable.problems, *others]) from None
    problems = problems_for_running(settings)
    if problems:
        raise ConfigurationError(problems)
    return settings


def problems_for_running(settings: Settings) -> list[str]:
    """Return what is missing or wrong for `latchkey run`, a sentence with the fix each; empty when fine."""
    return [
        *_slack_problems(settings),
        *problems_for_graph(settings),
        *_desk_problems(settings),
        *accounts.problems(settings),
        *webhooks.endpoints(settings.webhooks, settings.webhook_secrets)[1],
        *problems_with_database(settings),
    ]


def _slack_problems(settings: Settings) -> list[str]:
    problems = []
    bot = settings.slack_bot_token
    if bot is None:
        problems.append(
            "SLACK_BOT_TOKEN is not set: copy the Bot User OAuth Token (xoxb-…) of your Slack app."
        )
    elif not bot.get_secret_value().startswith("xoxb-"):
        problems.append("SLACK_BOT_TOKEN does not look like a bot token: it starts with “xoxb-”.")
    app = settings.slack_app_token
    if app is not None and not app.get_secret_value().startswith("xapp-"):
        problems.append(
            "SLACK_APP_TOKEN does not look like an app-level token: it starts with “xapp-”."
        )
    if app is None and settings.slack_signing_secret is None:
        problems.append(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set: set the first for Socket Mode, or the "
            "second (Basic Information, Signing Secret) to take requests over HTTP."
        )
    problems += _problems_with_previous(settings)
    # By the host as it is read: http://127.0.0.1.example would get the bot's token in clear.
    api = read_address(settings.slack_api_url)
    if api is None or not api.is_private or api.has_user or set("?#") & set(api.rest):
        problems.append(
            "SLACK_API_URL must start with https:// and a host, and end with its path (https://slack.com/api/); without "
            "TLS only this machine can be reached (http://127.0.0.1)."
        )
    return problems


def _problems_with_previous(settings: Settings) -> list[str]:
    if settings.slack_signing_secret_previous is None:
        return []
    until = settings.slack_signing_secret_previous_until
    if until is None:
        return [
            "SLACK_SIGNING_SECRET_PREVIOUS is set and SLACK_SIGNING_SECRET_PREVIOUS_UNTIL is not: say until when the "
            "old secret is believed as well, in UTC and at most 7 days ahead (2026-12-24T18:00)."
        ]
    if until - clock.real() > PREVIOUS_AT_MOST:
        return [
            "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL is more than 7 days ahead: an old secret must not be believed for long."
        ]
    return []


def problems_for_graph(settings: Settings) -> list[str]:
    """Return what is missing or wrong to reach Graph, a sentence with the fix each."""
    return [
        *_problems_with_credential(settings),
        *_problems_with_addresses(settings),
        *setting_names.ignored_in_file(),
        *_problems_with_proxies(),
        *_problems_with_certificates(),
    ]


def _problems_with_credential(settings: Settings) -> list[str]:
    files = {
        "AZURE_CLIENT_CERTIFICATE_PATH": settings.azure_client_certificate_path,
        "AZURE_FEDERATED_TOKEN_FILE": settings.azure_federated_token_file,
    }
    given = [name for name, path in files.items() if path is not None]
    given += ["AZURE_CLIENT_SECRET"] if settings.azure_client_secret is not None else []
    problems = []
    if not settings.azure_tenant_id:
        problems.append(
            "AZURE_TENANT_ID is not set: the Directory (tenant) ID of your Entra app registration."
        )
    elif not is_host(settings.azure_tenant_id) or settings.azure_tenant_id.lower() in NO_TENANT:
        problems.append(
            "AZURE_TENANT_ID must be the Directory (tenant) ID of your Entra app registration, or a domain of the tenant."
        )
    if settings.uses_managed_identity:
        identity = settings.managed_identity_client_id
        if identity is not None and not CLIENT_ID.fullmatch(identity):
            problems.append(
                "LATCHKEY_MANAGED_IDENTITY must be “system” or the client id of an identity."
            )
        return problems + [
            f"LATCHKEY_MANAGED_IDENTITY and {name} are both set: keep the one by which Latchkey is to sign in."
            for name in given
        ]
    if not settings.azure_client_id:
        problems.append(
            "AZURE_CLIENT_ID is not set: the Application (client) ID of your Entra app registration."
        )
    if not given:
        problems.append(
            "No Entra credential is set: set AZURE_CLIENT_CERTIFICATE_PATH (better) or AZURE_CLIENT_SECRET, "
            "AZURE_FEDERATED_TOKEN_FILE for workload identity, or LATCHKEY_MANAGED_IDENTITY on a machine of Azure's."
        )
    return problems + [
        f"{name} must be the path of a file that can be read."
        for name, path in files.items()
        if path is not None and not _is_file(path)
    ]


def _problems_with_addresses(settings: Settings) -> list[str]:
    """Return what is wrong with the addresses of a cloud: they are roots, and the version and the tenant come from us."""
    problems = []
    for name, url, example in (
        ("AZURE_AUTHORITY_HOST", settings.azure_authority_host, GLOBAL.authority_host),
        ("GRAPH_URL", settings.graph_url, GLOBAL.graph_url),
    ):
        address = read_address(url)
        if not url.lower().startswith("https://"):
            problems.append(f"{name} must start with https://.")
        elif address is None or not address.is_root:
            problems.append(
                f"{name} must be a root, a host with nothing after it ({example}): a version, a tenant or another path "
                "is not part of it."
            )
    return problems


def _problems_with_proxies() -> list[str]:
    """Return what is wrong with the proxies of the environment, on some of which the clients fail without a message."""
    problems = []
    for name in PROXIES:
        value = os.environ.get(name.lower()) or os.environ.get(name) or ""
        if "://" in value and not value.lower().startswith(("http://", "https://")):
            problems.append(
                f"{name} names a proxy that is none for HTTP (http://HOST:PORT); Latchkey goes through no other, SOCKS "
                "included."
            )
        elif value and not _is_proxy(value):
            problems.append(
                f"{name} must be http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with a character such as @ : / # in "  # pragma: allowlist secret
                "them percent-encoded (@ is %40)."
            )
    return problems


def _is_proxy(value: str) -> bool:
    address = read_address(value)
    return address is not None and address.rest in {"", "/"}


def _problems_with_certificates() -> list[str]:
    """Return which bundles of certificates that the environment names cannot be used; no connection would come about."""
    problems = []
    for name in CERTIFICATES:
        value = os.environ.get(name)
        # Folders of certificates are read as they are needed.
        if not value or Path(value).is_dir():
            continue
        try:
            ssl.create_default_context(cafile=value)
        except (OSError, ValueError):
            problems.append(
                f"{name} must be the path of a file with certificates to trust, in PEM (-----BEGIN CERTIFICATE-----)."
            )
    return problems


def _desk_problems(settings: Settings) -> list[str]:
    problems = []
    if not settings.admins:
        problems.append(
            "LATCHKEY_ADMINS is empty: list the Slack user ids (U…) and user-group ids (S…) of those who may "
            "decide and remove."
        )
    problems += [
        f"LATCHKEY_ADMINS has {_shown(admin, place)}, which is neither a Slack user id (U…) nor a user-group id (S…)."
        for place, admin in enumerate(settings.admins, start=1)
        if not (SLACK_USER.fullmatch(admin) or SLACK_GROUP.fullmatch(admin))
    ]
    if (
        settings.keep_requests_days is not None
        and settings.keep_requests_days < settings.removed_days
    ):
        problems.append(
            f"LATCHKEY_KEEP_REQUESTS_DAYS={settings.keep_requests_days} is less than "
            f"LATCHKEY_REMOVED_DAYS={settings.removed_days}: it would be forgotten that somebody's access was removed. "
            "Keep requests for longer."
        )
    shortest = min(settings.reminder_rungs, default=LONGEST_RUNG)
    if shortest < timedelta(seconds=settings.sync_seconds):
        problems.append(
            f"LATCHKEY_REMINDER_DAYS has {shortest.total_seconds() / 60:g}m, and LATCHKEY_SYNC_SECONDS looks only every "
            f"{settings.sync_seconds:g} s: such a reminder would come too late. Make the one longer, or the other shorter."
        )
    if settings.workspace is not None and not SLACK_WORKSPACE.fullmatch(settings.workspace):
        problems.append("LATCHKEY_WORKSPACE must be the id of a workspace (T…).")
    if settings.approval == "always" and settings.admins_decide == "never":
        problems.append(
            "LATCHKEY_APPROVAL=always has the admins decide what no policy asks anybody about, and "
            "LATCHKEY_ADMINS_DECIDE=never forbids it: choose “fallback”, or let the policies decide."
        )
    if settings.admin_channel is None:
        problems.append(
            "LATCHKEY_ADMIN_CHANNEL is not set: the id (C…) of the channel for approval cards; invite the bot there."
        )
    elif not SLACK_CHANNEL.fullmatch(settings.admin_channel):
        problems.append(
            "LATCHKEY_ADMIN_CHANNEL must be a channel id (C…), not a name: open the channel's details to copy it."
        )
    return problems


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A key pasted where its path belongs is too long for a file name.
        return False


def _shown(word: str, place: int) -> str:
    """Return a word of a setting, unless it could be a secret in the wrong variable, or shows as something else."""
    if not word.isprintable():
        return f"something that cannot be shown in place {place}"
    return f"“{word}”" if len(word) <= LONGEST_SHOWN else f"something too long in place {place}"


def problems_with_database(settings: Settings) -> list[str]:
    """Return why the database cannot even be tried, a sentence each."""
    return database_url.problems(settings.database_url.get_secret_value())
