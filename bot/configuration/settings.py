"""Every setting, with its unit and default; read by the entry points only."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.configuration import database_url
from bot.configuration import names as setting_names
from bot.configuration import webhooks as webhook_settings
from bot.configuration.addresses import Addresses
from bot.configuration.names import ENV_FILE, OURS
from bot.configuration.urls import is_host, read_address
from bot.errors import ConfigurationError
from bot.retention.model import Retention
from bot.webhooks.model import WebhookEndpoint

DOMAIN: Final = re.compile(r"[^\s@=,:/\"'*]+\.[^\s@=,:/\"'*]+")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
VISIBLE: Final = re.compile(r"[!-~]+")

# LATCHKEY_MANAGED_IDENTITY: the identity that the machine itself has; otherwise the client id of another one.
SYSTEM_ASSIGNED: Final = "system"

Words = Annotated[tuple[str, ...], NoDecode]
Rungs = Annotated[tuple[timedelta, ...], NoDecode]
# Days; None: for ever.  Less than a month, and what people are still told about might be gone.
Kept = Annotated[int | None, Field(ge=30, le=36_500)]
# Before the end: "7" and "7d" are days, "2h" hours, "15m" minutes.
RUNG: Final = re.compile(r"([0-9]{1,6})([dhm]?)", re.IGNORECASE)
UNITS: Final = {
    "": timedelta(days=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
# A sync finds what is due, and there are minutes between two.
SHORTEST_RUNG: Final = timedelta(minutes=5)
LONGEST_RUNG: Final = timedelta(days=365)
# An actor of the audit log is 64 characters at most, of which four say that it is an operator.
LONGEST_OPERATOR: Final = 60
# A comparison of everything that people have; more often there would be no end to it.
SHORTEST_DRIFT_HOURS: Final = 0.1

# What reads in one way only is kept on one line; a list may stand on several.
LISTS: Final = frozenset(
    {
        *("admins", "email_domains", "email_aliases", "catalogs", "reminder_days"),
        *("webhooks", "webhook_secrets"),
    }
)
# Control characters, and what is left of bytes that are no text.
NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
LINE_END: Final = re.compile(r"[\r\n\u2028\u2029]")


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
    managed_identity: str | None = Field(default=None, alias="LATCHKEY_MANAGED_IDENTITY")
    azure_authority_host: str = "https://login.microsoftonline.com"
    graph_url: str = "https://graph.microsoft.com"
    graph_api_version: Literal["v1.0", "beta"] = "v1.0"

    database_url: SecretStr = SecretStr("sqlite:///latchkey.db")

    database_connections: int = Field(
        default=8, ge=3, le=100, alias="LATCHKEY_DATABASE_CONNECTIONS"
    )

    # Where browsers reach our HTTP endpoint, for people's own sign-ins.
    public_url: str | None = Field(default=None, alias="LATCHKEY_PUBLIC_URL")
    token_key: SecretStr | None = Field(default=None, alias="LATCHKEY_TOKEN_KEY")
    token_key_previous: SecretStr | None = Field(default=None, alias="LATCHKEY_TOKEN_KEY_PREVIOUS")

    audit_key: SecretStr | None = Field(default=None, alias="LATCHKEY_AUDIT_KEY")
    anchor_channel: bool = Field(default=False, alias="LATCHKEY_ANCHOR_CHANNEL")
    anchor_file: Path | None = Field(default=None, alias="LATCHKEY_ANCHOR_FILE")
    anchor_webhook: SecretStr | None = Field(default=None, alias="LATCHKEY_ANCHOR_WEBHOOK")
    keep_requests_days: Kept = Field(default=None, alias="LATCHKEY_KEEP_REQUESTS_DAYS")
    keep_messages_days: Kept = Field(default=None, alias="LATCHKEY_KEEP_MESSAGES_DAYS")
    keep_audit_days: Kept = Field(default=None, alias="LATCHKEY_KEEP_AUDIT_DAYS")
    operator: str | None = Field(
        default=None, max_length=LONGEST_OPERATOR, alias="LATCHKEY_OPERATOR"
    )

    admins: Words = Field(default=(), alias="LATCHKEY_ADMINS")
    admin_channel: str | None = Field(default=None, alias="LATCHKEY_ADMIN_CHANNEL")
    email_domains: Words = Field(default=(), alias="LATCHKEY_EMAIL_DOMAINS")
    email_aliases: Words = Field(default=(), alias="LATCHKEY_EMAIL_ALIASES")
    proxy_addresses: bool = Field(default=False, alias="LATCHKEY_PROXY_ADDRESSES")
    trust_provisioned_email: bool = Field(default=False, alias="LATCHKEY_TRUST_PROVISIONED_EMAIL")
    workspace: str | None = Field(default=None, alias="LATCHKEY_WORKSPACE")
    catalogs: Words = Field(default=(), alias="LATCHKEY_CATALOGS")
    package_settings: Path | None = Field(default=None, alias="LATCHKEY_PACKAGE_SETTINGS")
    approval: Literal["policy", "always"] = Field(default="policy", alias="LATCHKEY_APPROVAL")
    on_call_url: SecretStr | None = Field(default=None, alias="LATCHKEY_ON_CALL_URL")
    on_call_token: SecretStr | None = Field(default=None, alias="LATCHKEY_ON_CALL_TOKEN")
    removed_days: int = Field(default=30, ge=0, le=3_650, alias="LATCHKEY_REMOVED_DAYS")
    admins_decide: Literal["always", "fallback", "never"] = Field(
        default="always", alias="LATCHKEY_ADMINS_DECIDE"
    )
    reminder_days: Rungs = Field(
        default=(timedelta(days=7), timedelta(days=1)), alias="LATCHKEY_REMINDER_DAYS"
    )
    language: Literal["en", "de", "es", "fr", "ja"] = Field(default="en", alias="LATCHKEY_LANGUAGE")
    slack_blocks: Literal["plain", "newer"] = Field(default="plain", alias="LATCHKEY_SLACK_BLOCKS")
    asks_an_hour: int = Field(default=10, ge=1, le=100_000, alias="LATCHKEY_ASKS_AN_HOUR")
    commands_an_hour: int = Field(default=300, ge=1, le=100_000, alias="LATCHKEY_COMMANDS_AN_HOUR")
    poll_seconds: float = Field(default=2, ge=0.1, le=86_400, alias="LATCHKEY_POLL_SECONDS")
    sync_seconds: float = Field(default=300, ge=1, le=86_400, alias="LATCHKEY_SYNC_SECONDS")
    drift_hours: float = Field(default=24, ge=0, le=8_760, alias="LATCHKEY_DRIFT_HOURS")
    alarm_after_seconds: float = Field(
        default=600, ge=60, le=86_400, alias="LATCHKEY_ALARM_AFTER_SECONDS"
    )
    alarm_webhook: SecretStr | None = Field(default=None, alias="LATCHKEY_ALARM_WEBHOOK")
    azure_client_secret_until: date | None = None
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", alias="LATCHKEY_LOG_LEVEL"
    )
    log_format: Literal["json", "console"] = Field(default="json", alias="LATCHKEY_LOG_FORMAT")
    # Secrets, both: an address may hold one as well.
    webhooks: SecretStr | None = Field(default=None, alias="LATCHKEY_WEBHOOKS")
    webhook_secrets: SecretStr | None = Field(default=None, alias="LATCHKEY_WEBHOOK_SECRETS")
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

    @field_validator("email_domains", "catalogs", mode="before")
    @classmethod
    def _names_something(cls, value: Any) -> Any:
        # Without them everything counts: a list that was joined of nothing must not say so by accident.
        if isinstance(value, str) and not value.strip(" \t\r\n,;\"'"):
            raise ValueError("it names nothing; name what counts, or leave the setting out")
        return value

    @field_validator("reminder_days", mode="before")
    @classmethod
    def _read_rungs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        rungs = {_rung(word) for word in re.split(r"[\s,]+", value.strip()) if word}
        if not rungs:
            raise ValueError("it names nothing; write when to remind, or leave the setting out")
        return tuple(sorted(rungs, reverse=True))

    @field_validator("email_domains")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(domain.lower().removeprefix("@") for domain in domains)
        if not all(DOMAIN.fullmatch(each) for each in found):
            raise ValueError(
                "write domains with commas between them, such as contoso.com,contoso.de"
            )
        return found

    @field_validator(
        "slack_signing_secret_previous_until", "azure_client_secret_until", mode="before"
    )
    @classmethod
    def _written_as_a_day(cls, value: Any) -> Any:
        # A number would be taken for the seconds since 1970.
        if isinstance(value, str) and not DAY.match(value):
            raise ValueError("write it with year, month and day, such as 2026-12-24")
        return value

    @field_validator("drift_hours")
    @classmethod
    def _not_without_end(cls, hours: float) -> float:
        if 0 < hours < SHORTEST_DRIFT_HOURS:
            raise ValueError(f"write 0 for never, or at least {SHORTEST_DRIFT_HOURS}")
        return hours

    @field_validator("on_call_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        # Source: RFC 6750, 2.1.  Nobody would be asked who is on call, and that would show in an emergency only.
        if token is not None and not VISIBLE.fullmatch(token.get_secret_value()):
            raise ValueError("a token has letters, digits and signs of ASCII, and no blanks")
        return token

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        if not is_host(host):
            raise ValueError(
                "write an IP address or the name of a host, without a port or brackets"
            )
        return host

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

    @field_validator("alarm_webhook", "anchor_webhook", "on_call_url")
    @classmethod
    def _only_https(cls, address: SecretStr | None) -> SecretStr | None:
        if address is None:
            return None
        parts = read_address(address.get_secret_value())
        if parts is None or not parts.is_private:
            raise ValueError("write an address that begins with https:// and a host")
        return address

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
    def _as_text(cls, value: Any, info: Any) -> Any:
        if not isinstance(value, str) or info.field_name not in cls.model_fields:
            return value
        # A Secret that was made of `echo` ends with its line end.
        text = value.strip()
        # Compose files and CI systems set what they do not know to "".
        if not text:
            return cls.model_fields[info.field_name].get_default()
        if NO_TEXT.search(text):
            raise ValueError("it has characters in it that are no text")
        if info.field_name not in LISTS and LINE_END.search(text):
            raise ValueError("it has more than one line")
        return text

    @property
    def addresses(self) -> Addresses:
        """Return how e-mail addresses in Slack and in Entra are compared."""
        return Addresses(
            domains=frozenset(self.email_domains),
            aliases=dict(_alias(each) for each in self.email_aliases),
            with_proxies=self.proxy_addresses,
        )

    @property
    def reminder_rungs(self) -> tuple[timedelta, ...]:
        """Return how long before the end to remind, longest first."""
        return self.reminder_days

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None if it is a server."""
        return database_url.sqlite_file(self.database_url.get_secret_value())

    @property
    def database_settings(self) -> Mapping[str, str]:
        """Return what the database's address asks of each session."""
        return database_url.session_settings(self.database_url.get_secret_value())

    @property
    def uses_managed_identity(self) -> bool:
        """Tell whether Azure gives the tokens to the machine that this runs on."""
        return self.managed_identity is not None

    @property
    def managed_identity_client_id(self) -> str | None:
        """The user-assigned identity; None is the machine's own."""
        own = (self.managed_identity or "").lower() == SYSTEM_ASSIGNED
        return None if own else self.managed_identity

    @property
    def signing_secret(self) -> str:
        """Return what Slack signs with."""
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
    def webhook_endpoints(self) -> tuple[WebhookEndpoint, ...]:
        """
        Return where events are posted.

        Raises:
            ConfigurationError: It cannot be read; `problems_for_running` has said so.
        """
        found, problems = webhook_settings.endpoints(self.webhooks, self.webhook_secrets)
        if problems:
            raise ConfigurationError(problems)
        return found

    @property
    def retention(self) -> Retention:
        """Return how long closed requests, messages and audit rows are kept."""
        return Retention(
            requests=_days(self.keep_requests_days), messages=_days(self.keep_messages_days)
        )

    @property
    def anchor_places(self) -> tuple[str, ...]:
        """Return where the anchor of the audit log is noted each day: "channel", "file", "webhook"."""
        wanted = {
            "channel": self.anchor_channel,
            "file": self.anchor_file is not None,
            "webhook": self.anchor_webhook is not None,
        }
        return tuple(name for name, is_wanted in wanted.items() if is_wanted)

    @property
    def uses_socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with our driver, whatever driver it was written with."""
        return database_url.with_our_driver(self.database_url.get_secret_value())


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)


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

    Each may be in a file that a variable ``…_FILE`` names.

    Raises:
        UnreadableSettings: Values that cannot be read, a sentence each.
    """
    given = setting_names.everything_given() if environment is None else environment
    known = known_names()
    wrong = setting_names.misspelled_settings(given, known=known)
    values, troubles = setting_names.with_values_from_files(given, known=known)
    names = set(troubles)
    try:
        settings = read_given(values)
    except ValidationError as error:
        problems = error.errors()
        wrong += [_sentence(problem) for problem in problems]
        names |= {str(problem["loc"][0]).upper() for problem in problems if problem["loc"]}
    wrong += troubles.values()
    if wrong:
        raise UnreadableSettings(wrong, names=names)
    return settings


def read_given(given: Mapping[str, str]) -> Settings:
    """
    Settings from *given* alone; what is none of them is left out.

    Raises:
        ValidationError: Values that cannot be read.
    """
    names = {name.lower() for name in known_names()}
    known = {_key(name): value for name, value in given.items() if name.lower() in names}
    return _Given(**known)  # type: ignore[arg-type]


def known_names() -> set[str]:
    """Return the names of all settings, in capitals."""
    return {(field.alias or name).upper() for name, field in Settings.model_fields.items()}


def secret_names() -> set[str]:
    """Return the names of the settings whose values nobody may read, in capitals; addresses that can have a secret in them among them."""
    return {
        (field.alias or name).upper()
        for name, field in Settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    }


def _key(name: str) -> str:
    return name.upper() if name.upper().startswith(OURS) else name.lower()


def _sentence(problem: Any) -> str:
    name = str(problem["loc"][0]).upper() if problem["loc"] else "A setting"
    # The value is left out: it may be a secret in the wrong variable.
    return f"{name} cannot be used: {problem['msg'].removeprefix('Value error, ')}."
