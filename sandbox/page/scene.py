"""Gather what one person sees at one moment: everything the templates draw, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.page import dates
from sandbox.page.places import ViewPlace
from sandbox.page.reader import Reader, zone_named
from sandbox.page.stream import Day, Stream
from sandbox.page.switches import SWITCHES, Switch, Switchboard
from sandbox.page.tenant_panel import TenantPanel, tenant_panel
from sandbox.page.unread import Unread
from sandbox.page.vanishing import Vanishing
from sandbox.slack import Workspace
from sandbox.slack.model import SLACKBOT, Channel, Json, Person, Shortcut, SlashCommand, View
from sandbox.tenant import Tenant

APP = "app"
HOME = "home"
"""The two tabs of the conversation with the app, as ``in=`` names them."""


@dataclass(frozen=True)
class Member:
    """Somebody one can act as."""

    person: Person
    unread: int
    is_acting: bool


@dataclass(frozen=True)
class Room:
    """A channel in the list on the left."""

    channel: Channel
    unread: int
    is_open: bool


@dataclass(frozen=True)
class ClockFace:
    """The sandbox's time as the panel shows it."""

    now: datetime
    day: str
    time: str
    zone: str
    ahead: str
    """``24 days ahead``, or nothing while the sandbox runs on real time."""
    reminder: str
    """When the next reminder is due, or nothing."""


@dataclass(frozen=True)
class Scene:
    """One person, one open conversation, the tenant, the clock."""

    acting: Person
    where: str
    reader: Reader
    members: list[Member]
    rooms: list[Room]
    app_unread: int
    channel: Channel | None
    """The open conversation; None in the App Home and before the first direct message."""
    channel_people: list[Person]
    days: list[Day]
    home: View | None
    modals: list[View]
    commands: list[SlashCommand]
    shortcuts: list[Shortcut]
    panel: TenantPanel
    clock: ClockFace
    switches: list[tuple[Switch, bool]]
    workspace: Workspace
    about: dict[str, Any]

    @property
    def is_app(self) -> bool:
        """Tell whether the conversation with the app is open, at either tab."""
        return self.where in (APP, HOME)

    @property
    def can_write(self) -> bool:
        """Tell whether there is a composer: the conversation with an app may have none."""
        workspace = self.workspace
        is_open = workspace.messages_tab_enabled and not workspace.messages_tab_read_only
        return not self.is_app or is_open

    @property
    def unread_of_others(self) -> int:
        """Return what waits for the people one could act as next."""
        return sum(each.unread for each in self.members if not each.is_acting)

    @property
    def acting_words(self) -> Json:
        """Return who acts, and where: sent with every action, so that the same scene is drawn again."""
        return {"as": self.acting.id, "in": self.where}

    def place(self, view: View) -> ViewPlace:
        """Return where the blocks of *view* live."""
        return ViewPlace(view, acting=self.acting_words)


class Scenes:
    """Draws scenes from the workspace, the tenant and the clock."""

    def __init__(
        self,
        workspace: Workspace,
        tenant: Tenant,
        clock: SandboxClock,
        *,
        switchboard: Switchboard,
        next_reminder: Callable[[], datetime | None],
        about: dict[str, Any],
    ) -> None:
        self._workspace, self._tenant, self._clock = workspace, tenant, clock
        self._switchboard, self._next_reminder, self._about = switchboard, next_reminder, about
        self._unread = Unread(workspace)
        self._vanishing = Vanishing()

    def scene(self, *, as_: str | None, in_: str | None, is_new: bool = False) -> Scene:
        """
        The scene that ``?as=…&in=…`` names, marking its conversation as read.

        *is_new* begins a session of the person: the ephemeral messages of the last one are gone.

        An unknown person or a conversation they are not in falls back to the first one.
        """
        acting = self._acting(as_)
        where = self._where(acting, in_)
        channel = self._channel(acting, where)
        if is_new:
            self._vanishing.begin_session(acting.id)
        if channel is not None:
            self._unread.mark(acting.id, channel)
            self._vanishing.show(acting.id, channel)
        reader = self._reader(acting)
        shown = {"as": acting.id, "in": where}
        stream = Stream(people=self._workspace.people, reader=reader, acting=shown)
        return Scene(
            acting=acting,
            where=where,
            reader=reader,
            members=[
                Member(each, self._unread.total(each.id), each.id == acting.id)
                for each in self._members()
            ],
            rooms=[
                Room(each, self._unread.count(acting.id, each), each.id == where)
                for each in self._rooms(acting)
            ],
            app_unread=self._app_unread(acting),
            channel=channel,
            channel_people=self._channel_people(channel),
            days=stream.days(channel, gone=self._vanishing.gone(acting.id)) if channel else [],
            home=acting.home if where == HOME else None,
            modals=list(acting.modals),
            commands=[] if self._is_outsider(acting) else self._commands(),
            shortcuts=[] if self._is_outsider(acting) else self._shortcuts(),
            panel=tenant_panel(self._tenant, reader),
            clock=self._clock_face(reader),
            switches=[(each, self._switchboard.is_on(each)) for each in SWITCHES],
            workspace=self._workspace,
            about=self._about,
        )

    def channel_of(self, person_id: str, where: str) -> Channel:
        """The channel that somebody types into. Raises LookupError when they are not in it."""
        person = self._workspace.person(person_id)
        if where in (APP, HOME):
            return self._workspace.dm(person.id)
        channel = self._workspace.channel(where)
        if person.id not in channel.members:
            raise LookupError(f"{person.real_name} is not in {channel.name}")
        return channel

    def _members(self) -> list[Person]:
        everybody = [each for each in self._workspace.people.values() if not each.is_bot]
        # Of a large workspace, those who are there to be acted as.
        return [each for each in everybody if each.role_hint] or [
            each for each in everybody if each.id != SLACKBOT
        ]

    def _acting(self, person_id: str | None) -> Person:
        members = self._members()
        return next((each for each in members if each.id == person_id), members[0])

    def _rooms(self, person: Person) -> list[Channel]:
        return [
            each
            for each in self._workspace.channels.values()
            if each.kind != "im" and person.id in each.members and not each.is_archived
        ]

    def _where(self, person: Person, wanted: str | None) -> str:
        if wanted in (APP, HOME) and not self._is_outsider(person):
            return str(wanted)
        rooms = self._rooms(person)
        if any(each.id == wanted for each in rooms):
            return str(wanted)
        named = self._workspace.channels.get(wanted or "")
        if (named is not None and named.kind == "im" and person.id in named.members) or not rooms:
            return APP
        return rooms[0].id

    def _is_outsider(self, person: Person) -> bool:
        """Somebody of another workspace sees the shared channels, and no app of ours."""
        return not self._workspace.is_ours(person)

    def _commands(self) -> list[SlashCommand]:
        return list((self._workspace.commands or {}).values())

    def _shortcuts(self) -> list[Shortcut]:
        return list((self._workspace.shortcuts or {}).values())

    def _channel(self, person: Person, where: str) -> Channel | None:
        if where == HOME:
            return None
        if where == APP:
            return self._direct_messages(person)
        return self._workspace.channels[where]

    def _direct_messages(self, person: Person) -> Channel | None:
        for channel in self._workspace.channels.values():
            if channel.kind == "im" and person.id in channel.members:
                return channel
        return None

    def _app_unread(self, person: Person) -> int:
        channel = self._direct_messages(person)
        return self._unread.count(person.id, channel) if channel else 0

    def _channel_people(self, channel: Channel | None) -> list[Person]:
        if channel is None:
            return []
        everybody = self._workspace.people.values()
        return [each for each in everybody if each.id in channel.members]

    def reader_of(self, person_id: str) -> Reader:
        """The eyes of a person, of the first one if nobody has this id."""
        return self._reader(self._acting(person_id))

    def _reader(self, person: Person) -> Reader:
        workspace = self._workspace
        return Reader(
            person_id=person.id,
            zone=zone_named(person.tz),
            now=self._clock.now(),
            people={each.id: each.real_name for each in workspace.people.values()},
            channels={each.id: each.name for each in workspace.channels.values()},
            usergroups={each.id: each.handle for each in workspace.usergroups.values()},
            locale=person.locale,
            my_access=self._about.get("my_access", ""),
        )

    def _clock_face(self, reader: Reader) -> ClockFace:
        local = reader.local(reader.now)
        offset, due = self._clock.offset, self._next_reminder()
        return ClockFace(
            now=reader.now,
            day=f"{local:%A}, {local:%B} {local.day}, {local.year}",
            time=dates.clock_time(local),
            zone=str(reader.zone).rpartition("/")[2].replace("_", " "),
            ahead=f"{dates.how_long(offset)} ahead" if offset >= timedelta(minutes=1) else "",
            reminder=dates.short_day(due, reader) if due else "",
        )
