"""Every setting, with its unit and default; read by the entry points only."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot import clock
from bot.configuration import database_url
from bot.configuration import names as setting_names
from bot.configuration.addresses import Addresses
from bot.configuration.names import ENV_FILE, OURS
from bot.errors import ConfigurationError

LONGEST_SHOWN: Final = 20
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{2,}")
SLACK_GROUP: Final = re.compile(r"S[A-Z0-9]{2,}")
SLACK_WORKSPACE: Final = re.compile(r"T[A-Z0-9]{2,}")
DOMAIN: Final = re.compile(r"[^\s@=,]+\.[^\s@=,]+")
SLACK_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
# A signing secret that was replaced because it leaked must not be good for long.
PREVIOUS_AT_MOST: Final = timedelta(days=7)
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

Words = Annotated[tuple[str, ...], NoDecode]
Rungs = Annotated[tuple[timedelta, ...], NoDecode]
# Before the end: "7" and "7d" are days, "2h" hours, "15m" minutes.
RUNG: Final = re.compile(r"(\d{1,6})([dhm]?)", re.IGNORECASE)
UNITS: Final = {
    "": timedelta(days=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
# A sweep finds what is due, and there are minutes between two.
SHORTEST_RUNG: Final = timedelta(minutes=5)
LONGEST_RUNG: Final = timedelta(days=365)


class Settings(BaseSettings):
    """The environment, typed.  Build it with `read_settings`, which explains what is wrong."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", frozen=True)

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_signing_secret_previous: SecretStr | None = None
    slack_signing_secret_previous_until: datetime | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"

    azure_tenant_id: str | None = None
    azure_client_id: str | None = None
    azure_client_secret: SecretStr | None = None
    azure_client_certificate_path: Path | None = None
    azure_federated_token_file: Path | None = None
    azure_authority_host: str = "https://login.microsoftonline.com"
    graph_url: str = "https://graph.microsoft.com"
    graph_api_version: Literal["v1.0", "beta"] = "v1.0"

    database_url: SecretStr = SecretStr("sqlite:///latchkey.db")

    audit_key: SecretStr | None = Field(default=None, alias="LATCHKEY_AUDIT_KEY")
    operator: str | None = Field(default=None, max_length=64, alias="LATCHKEY_OPERATOR")

    admins: Words = Field(default=(), alias="LATCHKEY_ADMINS")
    admin_channel: str | None = Field(default=None, alias="LATCHKEY_ADMIN_CHANNEL")
    email_domains: Words = Field(default=(), alias="LATCHKEY_EMAIL_DOMAINS")
    email_aliases: Words = Field(default=(), alias="LATCHKEY_EMAIL_ALIASES")
    proxy_addresses: bool = Field(default=False, alias="LATCHKEY_PROXY_ADDRESSES")
    trust_provisioned_email: bool = Field(default=False, alias="LATCHKEY_TRUST_PROVISIONED_EMAIL")
    workspace: str | None = Field(default=None, alias="LATCHKEY_WORKSPACE")
    catalogs: Words = Field(default=(), alias="LATCHKEY_CATALOGS")
    approval: Literal["policy", "always"] = Field(default="policy", alias="LATCHKEY_APPROVAL")
    removed_days: int = Field(default=30, ge=0, le=3_650, alias="LATCHKEY_REMOVED_DAYS")
    admins_decide: Literal["always", "fallback", "never"] = Field(
        default="always", alias="LATCHKEY_ADMINS_DECIDE"
    )
    reminder_days: Rungs = Field(
        default=(timedelta(days=7), timedelta(days=1)), alias="LATCHKEY_REMINDER_DAYS"
    )
    asks_an_hour: int = Field(default=10, ge=1, le=100_000, alias="LATCHKEY_ASKS_AN_HOUR")
    poll_seconds: float = Field(default=2, gt=0, le=86_400, alias="LATCHKEY_POLL_SECONDS")
    sync_seconds: float = Field(default=300, gt=0, le=86_400, alias="LATCHKEY_SYNC_SECONDS")
    host: str = Field(default="127.0.0.1", alias="LATCHKEY_HOST")
    port: int = Field(default=3000, ge=0, le=65535, alias="LATCHKEY_PORT")

    @field_validator("admins", "email_domains", "email_aliases", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word for word in re.split(r"[\s,]+", value.strip()) if word)
        return value

    @field_validator("catalogs", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        # Names have blanks in them.
        if isinstance(value, str):
            return tuple(name.strip() for name in re.split(r"[,;\n]", value) if name.strip())
        return value

    @field_validator("reminder_days", mode="before")
    @classmethod
    def _read_rungs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        rungs = {_rung(word) for word in re.split(r"[\s,]+", value.strip()) if word}
        return tuple(sorted(rungs, reverse=True))

    @field_validator("email_domains")
    @classmethod
    def _lower(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().removeprefix("@") for domain in domains)

    @field_validator("slack_signing_secret_previous_until")
    @classmethod
    def _utc(cls, moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

    @field_validator("port", mode="before")
    @classmethod
    def _not_a_link(cls, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("tcp://"):
            raise ValueError(
                "Kubernetes has set it, for a Service called latchkey; set it yourself in the container, or "
                "enableServiceLinks: false in the pod"
            )
        return value

    @field_validator("email_aliases")
    @classmethod
    def _pairs(cls, aliases: tuple[str, ...]) -> tuple[str, ...]:
        pairs = [_alias(each) for each in aliases]
        olds = [old for old, _ in pairs]
        if len(set(olds)) < len(olds) or set(olds) & {new for _, new in pairs}:
            raise ValueError("each domain stands for one other domain, and that for no third")
        return tuple(f"{old}={new}" for old, new in pairs)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any, info: Any) -> Any:
        # Compose files and CI systems set what they do not know to "".
        if isinstance(value, str) and not value.strip() and info.field_name in cls.model_fields:
            return cls.model_fields[info.field_name].get_default()
        return value

    @property
    def addresses(self) -> Addresses:
        """How e-mail addresses in Slack and in Entra are compared."""
        return Addresses(
            domains=frozenset(self.email_domains),
            aliases=dict(_alias(each) for each in self.email_aliases),
            with_proxies=self.proxy_addresses,
        )

    @property
    def reminder_rungs(self) -> tuple[timedelta, ...]:
        """How long before the end to remind, longest first."""
        return self.reminder_days

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None if it is a server."""
        return database_url.sqlite_file(self.database_url.get_secret_value())

    @property
    def database_settings(self) -> Mapping[str, str]:
        """What the database's address asks of each session."""
        return database_url.session_settings(self.database_url.get_secret_value())

    @property
    def signing_secret(self) -> str:
        """What Slack signs with."""
        secret = self.slack_signing_secret
        return secret.get_secret_value() if secret else ""

    @property
    def previous_signing_secret(self) -> tuple[str, datetime] | None:
        """During a rotation: the one before it, and until when (aware UTC) it is believed as well."""
        secret, until = self.slack_signing_secret_previous, self.slack_signing_secret_previous_until
        return (secret.get_secret_value(), until) if secret and until else None

    @property
    def audit_key_bytes(self) -> bytes:
        """Keys the chain of the audit log; without one, the chain shows accidents but not forgery."""
        return self.audit_key.get_secret_value().encode() if self.audit_key else b""

    @property
    def uses_socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with our driver, whatever driver it was written with."""
        return database_url.with_our_driver(self.database_url.get_secret_value())


def _alias(pair: str) -> tuple[str, str]:
    """Return the two domains of “old.example=new.example”."""
    old, _, new = (part.strip().lower().removeprefix("@") for part in pair.partition("="))
    if not (DOMAIN.fullmatch(old) and DOMAIN.fullmatch(new)):
        raise ValueError("write two domains with “=” between them, such as old.example=new.example")
    return old, new


def _rung(word: str) -> timedelta:
    found = RUNG.fullmatch(word)
    rung = int(found[1]) * UNITS[found[2].lower()] if found else timedelta(0)
    if not SHORTEST_RUNG <= rung <= LONGEST_RUNG:
        raise ValueError(
            "write days (7 or 7d), hours (2h) or minutes (15m), from 5m to 365 days before the end"
        )
    return rung


class UnreadableSettings(ConfigurationError):
    """
    Values that cannot be read.

    Attributes:
        names: The variables that hold them, in capitals.
    """

    def __init__(self, problems: Sequence[str], *, names: Collection[str]) -> None:
        super().__init__(problems)
        self.names = frozenset(names)


class _Given(Settings):
    """The same from arguments alone: nothing of this machine's environment gets in."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """
    Settings from the environment and from ``.env`` in the working directory, or from *environment* alone.

    Raises:
        UnreadableSettings: Values that cannot be read, a sentence each.
    """
    given = setting_names.everything_given() if environment is None else environment
    strangers = setting_names.misspelled_settings(given, known=_known_names())
    try:
        settings = read_given(environment)
    except ValidationError as error:
        problems = error.errors()
        raise UnreadableSettings(
            [*strangers, *(_sentence(problem) for problem in problems)],
            names={str(problem["loc"][0]).upper() for problem in problems if problem["loc"]},
        ) from None
    if strangers:
        raise UnreadableSettings(strangers, names=())
    return settings


def read_given(environment: Mapping[str, str] | None) -> Settings:
    if environment is None:
        return Settings()
    names = {name.lower() for name in _known_names()}
    given = {_key(name): value for name, value in environment.items() if name.lower() in names}
    return _Given(**given)  # type: ignore[arg-type]


def _known_names() -> set[str]:
    return {(field.alias or name).upper() for name, field in Settings.model_fields.items()}


def _key(name: str) -> str:
    return name.upper() if name.upper().startswith(OURS) else name.lower()


def _sentence(problem: Any) -> str:
    name = str(problem["loc"][0]).upper() if problem["loc"] else "A setting"
    # The value is left out: it may be a secret in the wrong variable.
    return f"{name} cannot be used: {problem['msg'].removeprefix('Value error, ')}."


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
        readable = {
            name: value
            for name, value in setting_names.everything_given().items()
            if name.upper() not in unreadable.names
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
    if not settings.slack_api_url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        problems.append("SLACK_API_URL must start with https://.")
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
    problems = []
    if not settings.azure_tenant_id:
        problems.append(
            "AZURE_TENANT_ID is not set: the Directory (tenant) ID of your Entra app registration."
        )
    if not settings.azure_client_id:
        problems.append(
            "AZURE_CLIENT_ID is not set: the Application (client) ID of your Entra app registration."
        )
    files = {
        "AZURE_CLIENT_CERTIFICATE_PATH": settings.azure_client_certificate_path,
        "AZURE_FEDERATED_TOKEN_FILE": settings.azure_federated_token_file,
    }
    if settings.azure_client_secret is None and not any(files.values()):
        problems.append(
            "No Entra credential is set: set AZURE_CLIENT_CERTIFICATE_PATH (better) or AZURE_CLIENT_SECRET, "
            "or AZURE_FEDERATED_TOKEN_FILE for workload identity."
        )
    problems += [
        f"{name} must be the path of a file that can be read."
        for name, path in files.items()
        if path is not None and not _is_file(path)
    ]
    problems += [
        f"{name} must start with https://."
        for name, url in (
            ("AZURE_AUTHORITY_HOST", settings.azure_authority_host),
            ("GRAPH_URL", settings.graph_url),
        )
        if not url.startswith("https://")
    ]
    return [*problems, *_problems_with_proxies()]


def _problems_with_proxies() -> list[str]:
    """Return what is wrong with the proxies of the environment, on some of which the clients fail without a message."""
    return [
        f"{name} names a proxy that is none for HTTP (http://HOST:PORT); Latchkey goes through no other, SOCKS included."
        for name in PROXIES
        for value in (os.environ.get(name.lower()) or os.environ.get(name) or "",)
        if "://" in value and not value.lower().startswith(("http://", "https://"))
    ]


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
    """Return a word of a setting, unless it could be a secret in the wrong variable."""
    return f"“{word}”" if len(word) <= LONGEST_SHOWN else f"something too long in place {place}"


def problems_with_database(settings: Settings) -> list[str]:
    """Return why the database cannot even be tried, a sentence each."""
    return database_url.problems(settings.database_url.get_secret_value())
