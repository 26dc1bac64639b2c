"""Hold a Slack workspace, with the few operations on it that everything else builds on."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx

from sandbox import chance
from sandbox.clock import SandboxClock
from sandbox.slack.capabilities import ResponseUrls, Triggers
from sandbox.slack.faults import Faults
from sandbox.slack.model import (
    SLACKBOT,
    Call,
    Change,
    Channel,
    Delivery,
    Json,
    Message,
    Person,
    Shortcut,
    SlashCommand,
    UploadedFile,
    UserGroup,
    View,
)
from sandbox.slack.sockets import Sockets
from sandbox.slack.tiers import Tiers

REMEMBERED = 2000
"""How many calls and deliveries are kept for inspection."""

ALL_SCOPES = [
    "commands",
    "chat:write",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "team:read",
    *("channels:read", "groups:read", "im:read", "mpim:read"),
    *("channels:history", "groups:history", "im:history", "im:write"),
    *("files:write", "dnd:read"),
]

Subscriber = Callable[[Change], None]


class State:
    """People, channels, views and settings of one workspace in which one app is installed."""

    team_name = "Contoso"
    team_domain = "contoso"
    bot_user_id = "U0BOT"
    bot_id = "B0LATCH"
    app_name = "Latchkey"
    verification_token = "deprecated-verification-token"  # noqa: S105 - Slack still sends one

    def __init__(
        self,
        *,
        clock: SandboxClock,
        signing_secret: str,
        bot_token: str,
        app_token: str,
        team_id: str = "T0LATCH",
        app_id: str = "A0LATCH",
    ) -> None:
        self.enterprise_id: str | None = None
        """The organization that the workspace belongs to; None where there is no Enterprise Grid."""
        self.is_org_install = False
        """The app is installed for the whole organization."""
        self.names_organization = False
        """Clicks name the organization instead of workspaces, as Slack may on Enterprise Grid."""
        self.clock = clock
        self.signing_secret = signing_secret
        self.bot_token = bot_token
        self.app_token = app_token
        self.team_id = team_id
        self.app_id = app_id
        self.base_url = "http://127.0.0.1"
        self.request_url: str | None = None
        self.options_url: str | None = None
        """Where options of external selects are asked for; `request_url` without."""
        self.has_options_url = True
        """Over HTTP, Slack asks for options only if the manifest says where."""
        self.transport: httpx.AsyncBaseTransport | None = None
        """How `request_url` is reached; over the network without."""
        self.scopes: list[str] = list(ALL_SCOPES)
        """What the app was granted; `install` takes it from the manifest."""
        self.commands: dict[str, SlashCommand] | None = None
        """What the manifest declares, by command; None accepts every command."""
        self.shortcuts: dict[str, Shortcut] | None = None
        """What the manifest declares, by callback id; None accepts every shortcut."""
        self.bot_events: set[str] = {"app_home_opened", "app_uninstalled", "tokens_revoked"}
        self.home_tab_enabled = True
        self.messages_tab_enabled = True
        self.messages_tab_read_only = False
        """The conversation with the app has no composer."""
        self.is_token_revoked = False

        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, UserGroup] = {}
        self.views: dict[str, View] = {}
        self.files: dict[str, UploadedFile] = {}
        # Messages for later: the channel, and when; without a channel they were taken back.
        self.scheduled: dict[str, tuple[str | None, int]] = {}
        self.upload_tickets: dict[str, str] = {}
        """The file of each upload address that was handed out and not used."""
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []

        self.faults = Faults()
        self.tiers = Tiers(seconds=clock.machine_seconds)
        self.triggers = Triggers(seconds=clock.machine_seconds)
        self.response_urls = ResponseUrls(now=clock.now)
        self.sockets = Sockets(
            app_id=app_id, url=self._socket_url, on_change=lambda: self.changed("connection")
        )
        self.patience = timedelta(seconds=3)
        """How long Slack waits for the app (the 3-second rule)."""
        self.event_retry_pauses = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
        """How long after a failed event each retry follows."""

        self._subscribers: list[Subscriber] = []
        self._last_ts = 0
        self._http: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # Setting up

    def install(self, manifest: Json) -> None:
        """Take commands, scopes, events and App Home settings from an app manifest (version 2)."""
        features = manifest.get("features", {})
        home = features.get("app_home", {})
        self.commands = {
            each["command"]: SlashCommand(
                command=each["command"],
                description=each["description"],
                usage_hint=each.get("usage_hint", ""),
                should_escape=each.get("should_escape", False),
            )
            for each in features.get("slash_commands", [])
        }
        self.shortcuts = {
            each["callback_id"]: Shortcut(
                name=each["name"],
                kind=each["type"],
                callback_id=each["callback_id"],
                description=each["description"],
            )
            for each in features.get("shortcuts", [])
        }
        self.app_name = manifest.get("display_information", {}).get("name", self.app_name)
        self.home_tab_enabled = home.get("home_tab_enabled", False)
        self.messages_tab_enabled = home.get("messages_tab_enabled", False)
        self.messages_tab_read_only = home.get("messages_tab_read_only_enabled", False)
        self.scopes = list(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", []))
        settings = manifest.get("settings", {})
        self.has_options_url = bool(
            settings.get("socket_mode_enabled")
            or settings.get("interactivity", {}).get("message_menu_options_url")
        )
        subscriptions = settings.get("event_subscriptions", {})
        self.bot_events = set(subscriptions.get("bot_events", []))
        self.is_token_revoked = False
        if self.bot_user_id in self.people:
            bot = self.people[self.bot_user_id]
            bot.real_name = self.app_name
            bot.name = features.get("bot_user", {}).get("display_name", bot.name)
        self.changed("people", users=frozenset(self.people))

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back after every change; returns the function that ends it."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    async def aclose(self) -> None:
        """Stop retries, close sockets and connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sockets.aclose()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    # Looking things up and changing them

    def person(self, user: str) -> Person:
        """Return a person by id.

        Raises:
            LookupError: there is nobody with this id.
        """
        if user not in self.people:
            raise LookupError(f"nobody in the workspace has the id {user}")
        return self.people[user]

    def find_person(self, user: str) -> Person | None:
        """Return a person by the id here, or by that in the organization; None if there is nobody."""
        of_organization = (each for each in self.people.values() if each.org_id == user)
        return self.people.get(user) or next(of_organization, None)

    def is_ours(self, person: Person) -> bool:
        """Tell whether somebody is a member of this workspace, be it of others, too."""
        return self.team_id in (person.team_id, *person.teams)

    def channel(self, channel: str) -> Channel:
        """Return a channel by id.

        Raises:
            LookupError: there is no such channel.
        """
        if channel not in self.channels:
            raise LookupError(f"no channel has the id {channel}")
        return self.channels[channel]

    def view(self, view_id: str, *, user: str) -> View:
        """Return a view that is in front of this person.

        Raises:
            LookupError: this person has no such view.
        """
        view = self.views.get(view_id)
        if view is None or view.user != user:
            raise LookupError("this form is closed: it may have been sent already")
        return view

    def address_for(self, payload: Json) -> str | None:
        """Return where a payload is posted over HTTP; None while the app listens nowhere."""
        is_for_options = payload.get("type") == "block_suggestion"
        return (self.options_url if is_for_options else None) or self.request_url

    def dm(self, user: str) -> Channel:
        """Return the direct messages between a person and the app, opening them if need be."""
        person = self.find_person(user) or self.person(user)
        channel_id = f"D{person.id[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(
                id=channel_id,
                name="directmessage",
                kind="im",
                members={person.id, self.bot_user_id},
            )
        return self.channels[channel_id]

    def next_ts(self) -> str:
        """Return a timestamp that no message has had yet, by the sandbox clock."""
        now = int(self.clock.now().timestamp() * 1_000_000)
        self._last_ts = max(now, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """Return a new id such as `V0A1B2C3D4`."""
        # Never the same in another run: an app may remember what it has dealt with.
        return f"{prefix}0{chance.token_hex(5).upper()}"

    def post(self, message: Message) -> Message:
        """Put a message into its channel and tell everyone who looks."""
        channel = self.channel(message.channel)
        channel.messages.append(message)
        self.message_changed(message)
        return message

    def post_as_slackbot(self, *, user: str, channel: str, text: str) -> Message:
        """Show a person a message from Slack itself."""
        return self.post(
            Message(ts=self.next_ts(), channel=channel, user=SLACKBOT, text=text, ephemeral_to=user)
        )

    def message_changed(self, message: Message) -> None:
        """Tell subscribers about a new, edited or deleted message."""
        seen_by = (
            {message.ephemeral_to}
            if message.ephemeral_to
            else self.channel(message.channel).members
        )
        self.changed("message", users=seen_by, channel=message.channel)

    def changed(
        self,
        kind: Literal["message", "home", "modal", "people", "delivery", "connection"],
        *,
        users: set[str] | frozenset[str] = frozenset(),
        channel: str | None = None,
    ) -> None:
        """Tell subscribers."""
        change = Change(kind=kind, users=frozenset(users), channel=channel)
        for subscriber in list(self._subscribers):
            subscriber(change)

    def record_call(self, call: Call) -> None:
        """Remember a Web API call."""
        self.calls.append(call)
        del self.calls[:-REMEMBERED]

    def record_delivery(self, delivery: Delivery) -> None:
        """Remember a payload sent to the app."""
        self.deliveries.append(delivery)
        del self.deliveries[:-REMEMBERED]
        self.changed("delivery")

    def _socket_url(self, ticket: str) -> str:
        return f"ws{self.base_url.removeprefix('http')}/socket/{ticket}"

    def now(self) -> datetime:
        """Return the sandbox's idea of now."""
        return self.clock.now()

    @property
    def http(self) -> httpx.AsyncClient:
        """The client for requests to the app; it ignores proxies, for the app is on this machine."""
        if self._http is None:
            self._http = httpx.AsyncClient(
                transport=self.transport,
                trust_env=False,
                headers={"user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)"},
            )
        return self._http

    def in_background(
        self, work: Coroutine[Any, Any, None], *, context: Context | None = None
    ) -> None:
        """Run a coroutine that nobody waits for, until it ends or the workspace is closed."""
        task = asyncio.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
