"""The questions of `latchkey init` about Slack, Entra and the database, each with the place of its answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.cli.init.plan import CredentialKind, InstallationPlan, SlackMode, Target

# The files of secrets, as deploy/ names them, by their settings.
SECRET_FILES: Final[Mapping[str, str]] = {
    "SLACK_BOT_TOKEN": "slack-bot-token",
    "SLACK_APP_TOKEN": "slack-app-token",
    "SLACK_SIGNING_SECRET": "slack-signing-secret",
    "AZURE_CLIENT_SECRET": "entra-secret",
    "DATABASE_URL": "database-url",
    "LATCHKEY_AUDIT_KEY": "audit-key",
}


@dataclass(frozen=True, kw_only=True)
class SettingQuestion:
    """
    One value that somebody must bring.

    Attributes:
        name: The setting.
        ask: The line of the prompt.
        where: Where the value is found.
        is_optional: Latchkey runs without it.
        default: What is taken when nothing is typed; None to leave it for later.
    """

    name: str
    ask: str
    where: str
    is_optional: bool = False
    default: str | None = None

    @property
    def is_secret(self) -> bool:
        """Tell whether the value is never shown."""
        return self.name in SECRET_FILES


def about_slack(plan: InstallationPlan) -> Iterator[SettingQuestion]:
    """Return what must be known of Slack."""
    yield SettingQuestion(
        name="SLACK_BOT_TOKEN",
        ask="Bot User OAuth Token (xoxb-…)",
        where="https://api.slack.com/apps → Create New App → From a manifest (the file slack-manifest.yml); then "
        "Install App → Install to Workspace shows it.",
    )
    if plan.slack is SlackMode.SOCKET:
        yield SettingQuestion(
            name="SLACK_APP_TOKEN",
            ask="App-level token (xapp-…)",
            where="Basic Information → App-Level Tokens → Generate Token and Scopes, with the scope "
            "connections:write and no other.",
        )
    else:
        yield SettingQuestion(
            name="SLACK_SIGNING_SECRET",
            ask="Signing secret",
            where="Basic Information → App Credentials → Signing Secret → Show.",
        )
    yield SettingQuestion(
        name="LATCHKEY_ADMINS",
        ask="Who may decide and remove (U… and S…, with commas between)",
        where="A user: their profile → ⋮ → Copy member ID.  A user group: People → User groups → the group → ⋮ → Copy "
        "group ID.",
    )
    yield SettingQuestion(
        name="LATCHKEY_ADMIN_CHANNEL",
        ask="Channel for approval cards and alarms (C…)",
        where="A private channel with the admins and the bot in it (/invite @latchkey): the channel's name → About → "
        "at the bottom, Channel ID.",
    )


def about_entra(plan: InstallationPlan) -> Iterator[SettingQuestion]:
    """Return what must be known of Entra."""
    yield SettingQuestion(
        name="AZURE_TENANT_ID",
        ask="Directory (tenant) ID",
        where="entra-app.sh prints it when it is done; or https://entra.microsoft.com → Overview → Tenant ID.",
    )
    if plan.identity is CredentialKind.MANAGED:
        yield SettingQuestion(
            name="LATCHKEY_MANAGED_IDENTITY",
            ask="Managed identity (“system”, or the client ID of a user-assigned one)",
            where="https://portal.azure.com → the machine → Identity.",
            default="system",
        )
    else:
        yield SettingQuestion(
            name="AZURE_CLIENT_ID",
            ask="Application (client) ID",
            where="entra-app.sh prints it when it is done; or App registrations → Latchkey → Overview.",
        )
    if plan.identity is CredentialKind.SECRET:
        yield SettingQuestion(
            name="AZURE_CLIENT_SECRET",
            ask="Client secret: its value, not its id",
            where="entra-app.sh puts it into the file entra-secret; or Certificates & secrets → New client secret.",
        )
    yield SettingQuestion(
        name="LATCHKEY_EMAIL_DOMAINS",
        ask="E-mail domains that count when people are matched (contoso.com, …)",
        where="The domains that your people have in Slack and in Entra.  Empty: every domain counts.",
        is_optional=True,
    )


def about_database(plan: InstallationPlan) -> Iterator[SettingQuestion]:
    """Return what must be known of the database; Compose brings its own."""
    if plan.target is Target.COMPOSE:
        return
    file = "/var/lib/latchkey/latchkey.db" if plan.target is Target.SYSTEMD else "latchkey.db"
    # Four slashes before the whole path of a file.
    yield SettingQuestion(
        name="DATABASE_URL",
        ask="Database",
        where="postgresql://latchkey_run:PASSWORD@HOST/latchkey, with @ : / # in the password percent-encoded (@ is %40).  "  # pragma: allowlist secret
        "SQLite is enough for one process on one machine.",
        default=None if plan.target is Target.KUBERNETES else f"sqlite:///{file}",
    )
