"""The people, channels, messages and views that a Slack workspace is made of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]

Offered = dict[tuple[str, str, str], list[Json]]
"""Options that an app has offered in external selects, by person, block id and action id."""

SLACKBOT = "USLACKBOT"
"""Who shows a failed slash command to the person that typed it."""


@dataclass(kw_only=True)
class View:
    """One modal or one published App Home, as one person sees it."""

    id: str
    user: str
    type: Literal["modal", "home"]
    blocks: list[Json]
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    title: Json | None = None
    submit: Json | None = None
    close: Json | None = None
    callback_id: str = ""
    private_metadata: str = ""
    external_id: str = ""
    notify_on_close: bool = False
    clear_on_close: bool = False
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    """What is filled in, by block id and action id (Slack's `state.values`)."""
    errors: dict[str, str] = field(default_factory=dict)
    """What the last submission was told, by block id."""
    trouble: str | None = None
    """What is shown when the app did not answer a submission properly."""
    offered: Offered = field(default_factory=dict)


@dataclass(kw_only=True)
class Person:
    """A member of the workspace, a guest, somebody from another workspace, or the bot."""

    id: str
    name: str
    real_name: str
    email: str | None
    team_id: str
    tz: str = "Europe/Berlin"
    locale: str = "en-GB"
    title: str = ""
    is_email_confirmed: bool | None = True
    """None: Slack says nothing of it, as for accounts that single sign-on or SCIM has made."""
    is_admin: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    color: str = "#3f6c8f"
    teams: tuple[str, ...] = ()
    """On Enterprise Grid, every workspace that they are a member of."""
    org_id: str | None = None
    """On Enterprise Grid, their id in the organization, if it is another one than here."""
    shows_team: bool = True
    """Whether users.info names their home workspace, which it does not always on Enterprise Grid."""
    quiet_hours: tuple[int, int] | None = None
    """From and until which full hour of their own clock Slack notifies them of nothing."""
    role_hint: str = ""
    """One phrase on why one would act as this person."""
    home: View | None = None
    modals: list[View] = field(default_factory=list)
    """Open modals; the last one is on top."""


@dataclass(kw_only=True)
class UploadedFile:
    """One file that an app uploads: announced first, then sent, then shared."""

    id: str
    user: str
    name: str
    title: str
    size: int
    """In bytes, as announced."""
    created: datetime
    alt_text: str = ""
    content: bytes | None = None
    """None until it was sent."""
    is_complete: bool = False


@dataclass(kw_only=True)
class Message:
    """One message in a channel; an ephemeral one is seen by one person only."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    by_app: bool = False
    ephemeral_to: str | None = None
    edited_at: datetime | None = None
    thread_ts: str | None = None
    """The message that this one replies to."""
    is_broadcast: bool = False
    """A reply that is shown in the channel, too."""
    metadata: Json | None = None
    deleted: bool = False
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    """What people chose in menus of this message, by block id and action id."""
    offered: Offered = field(default_factory=dict)
    files: list["UploadedFile"] = field(default_factory=list)


@dataclass(kw_only=True)
class Channel:
    """A public or private channel, or the direct messages between a person and the bot."""

    id: str
    name: str
    kind: Literal["public", "private", "im"] = "public"
    members: set[str] = field(default_factory=set)
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_archived: bool = False
    topic: str = ""
    messages: list[Message] = field(default_factory=list)
    """Everything ever posted, oldest first; deleted and ephemeral messages included."""

    def message(self, ts: str) -> Message | None:
        """Return the message with this timestamp that still exists, or None."""
        for message in reversed(self.messages):
            if message.ts == ts and not message.deleted:
                return message
        return None

    def root(self, ts: str) -> Message | None:
        """Return the message that a thread with this timestamp hangs below; None for a reply."""
        message = self.message(ts)
        is_root = message is not None and message.ephemeral_to is None
        return message if is_root and message and message.thread_ts in (None, ts) else None

    def replies(self, ts: str) -> list[Message]:
        """Return what everybody sees below a message, oldest first."""
        return [
            message
            for message in self.messages
            if message.thread_ts == ts
            and message.ts != ts
            and message.ephemeral_to is None
            and not message.deleted
        ]

    def seen_by(self, user: str) -> list[Message]:
        """Return what this person sees here, oldest first."""
        return [
            message
            for message in self.messages
            if not message.deleted and message.ephemeral_to in (None, user)
        ]


@dataclass(kw_only=True)
class UserGroup:
    """A Slack user group, mentioned as @handle."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    disabled: bool = False


@dataclass(kw_only=True, frozen=True)
class SlashCommand:
    """A command that the app's manifest declares."""

    command: str
    description: str
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(kw_only=True, frozen=True)
class Shortcut:
    """A shortcut that the app's manifest declares: in a menu of the composer, or of each message."""

    name: str
    kind: Literal["global", "message"]
    callback_id: str
    description: str


@dataclass(kw_only=True, frozen=True)
class Suggestions:
    """The options that an app offers in an external select for what was typed."""

    options: list[Json] = field(default_factory=list)
    """All of them, those of groups included."""
    groups: list[Json] = field(default_factory=list)
    """The option groups, if the app answered with groups."""
    error: str | None = None
    """Why there are none: `operation_timeout`, `dispatch_failed`, `invalid_options` and the like."""


@dataclass(kw_only=True, frozen=True)
class Change:
    """Something that somebody looking at the workspace would notice."""

    kind: Literal["message", "home", "modal", "people", "delivery", "connection"]
    users: frozenset[str]
    """Who sees it."""
    channel: str | None = None


@dataclass(kw_only=True, frozen=True)
class Call:
    """One Web API call that the app made, without its token."""

    at: datetime
    method: str
    args: Json
    ok: bool
    error: str | None
    status: int
    fault: str | None = None


@dataclass(kw_only=True, frozen=True)
class Delivery:
    """One payload that Slack sent to the app, and what came of it."""

    at: datetime
    kind: Literal["slash_commands", "interactive", "events_api"]
    transport: Literal["http", "socket", "none"]
    payload: Json
    status: int | None
    seconds: float
    error: str | None


@dataclass(kw_only=True, frozen=True)
class Outcome:
    """The outcome of what a person did, as far as that person can tell."""

    ok: bool
    status: int | None = None
    """HTTP status of the app's answer; 200 for an acknowledged envelope; None without answer."""
    seconds: float = 0.0
    text: str | None = None
    """What is shown to the person, if anything is."""
    error: str | None = None
    """Slack's word for what went wrong, such as `operation_timeout`."""
    errors: dict[str, str] = field(default_factory=dict)
    """Messages below the inputs of a modal, by block id."""
    message: Message | None = None
    """The answer to a slash command, when it was shown as a message."""
