"""The outside of a simulated year: who holds what in Entra, and a Slack that writes down what it is sent."""

import itertools
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp
import httpx

from tests.harness.loop import SimulatedLoop

ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/Sao_Paulo",
)
# A year with a 29 February, and with the clocks changed twice in Berlin, New York and Auckland.
START: Final = datetime(2027, 6, 1, tzinfo=UTC)
# Each reminder reads them all.
PACKAGES: Final = 12
NOT_IN_SLACK: Final = 50
GRAPH: Final = "https://graph.test"
A_PAGE: Final = 200
# Seconds that a busy Slack asks for.
BUSY_FOR: Final = 30
# An end of longer ago is no news to anybody.
STILL_NEWS: Final = timedelta(days=60)
# The nights on which clocks change, and the leap day: ends crowd there.
CROWDED: Final = tuple(
    date.fromisoformat(day)
    for day in (
        "2027-09-26",
        "2027-10-31",
        "2027-11-07",
        "2028-02-29",
        "2028-03-12",
        "2028-03-26",
        "2028-04-02",
    )
)
ENDING: Final = re.compile(r"ending:(.+)")
# As in "state eq 'delivered' and target/objectId eq '…'".
FILTER: Final = re.compile(r"(\S+) eq '([^']*)'")
DATE: Final = re.compile(r"<!date\^(\d+)\^")


@dataclass
class Held:
    """One assignment in Entra."""

    id: str
    person: int
    package: int
    end: datetime | None
    since: datetime
    is_live: bool = True
    gone_at: datetime | None = None
    # As Graph says it, with the end that it was made for.
    _said: tuple[datetime | None, bytes] | None = None

    @property
    def user(self) -> str:
        return f"U{self.person:05}"

    @property
    def entra_id(self) -> str:
        return f"entra-{self.person:05}"

    def said(self) -> bytes:
        """Return what Graph says of it."""
        if self._said is None or self._said[0] != self.end:
            self._said = self.end, json.dumps(_assignment(self)).encode()
        return self._said[1]


@dataclass
class Entra:
    """Assignments that end by themselves, and an administrator who moves ends and takes access away."""

    loop: SimulatedLoop
    chance: random.Random
    held: dict[str, Held] = field(default_factory=dict)
    looked_up: set[str] = field(default_factory=set)
    # Ended after the bot had seen it, and before it knew whose it was; and not too long ago to be told.
    found_late: list[Held] = field(default_factory=list)
    _live: dict[str, Held] = field(default_factory=dict)
    _of_person: defaultdict[int, list[Held]] = field(default_factory=lambda: defaultdict(list))
    _listed: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time())

    def time_now(self) -> datetime:
        return self.now

    def give(self, person: int, package: int) -> Held:
        made = Held(f"a{len(self.held):06}", person, package, self.some_end(person), self.now)
        self.held[made.id] = self._live[made.id] = made
        self._of_person[person].append(made)
        return made

    def take_away(self, held: Held) -> None:
        held.is_live, held.gone_at = False, self.now
        del self._live[held.id]

    def some_end(self, person: int) -> datetime:
        """Within four months, at a time of the person's own day; often at night, when clocks change."""
        zone = ZoneInfo(ZONES[person % len(ZONES)])
        crowded = [day for day in CROWDED if 1 < (day - self.now.date()).days < 120]
        if crowded and self.chance.random() < 0.2:
            day = self.chance.choice(crowded)
        else:
            day = self.now.date() + timedelta(days=self.chance.randint(1, 120))
        hour = self.chance.choice((0, 1, 2, 2, 3, 9, 17, 23))
        at = time(hour, self.chance.choice((0, 30, 59)), self.chance.randint(0, 59))
        return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)

    def live(self) -> list[Held]:
        return list(self._live.values())

    def expire(self) -> list[Held]:
        """Return what has run out by now."""
        now = self.now
        over = [each for each in self._live.values() if each.end is not None and each.end <= now]
        for each in over:
            self.take_away(each)
        return over

    def move(self, held: Held) -> str:
        """Move an end later, earlier, to the next hours, by seconds, or away; say which."""
        how = self.chance.choices(
            ("later", "earlier", "soon", "seconds", "never"), (50, 25, 10, 5, 10)
        )[0]
        if held.end is None:
            held.end, how = self.some_end(held.person), "back"
        elif how == "later":
            held.end += timedelta(days=self.chance.randint(1, 60))
        elif how == "earlier":
            held.end = self.now + (held.end - self.now) * self.chance.random()
        elif how == "soon":
            held.end = self.now + timedelta(minutes=self.chance.randint(1, 3000))
        elif how == "seconds":
            held.end += timedelta(seconds=self.chance.randint(1, 50))
        else:
            held.end = None
        return how

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/$batch"):
            asked = json.loads(request.content)["requests"]
            return httpx.Response(200, json={"responses": [self._one_of(each) for each in asked]})
        last = path.rpartition("/")[2]
        if path.endswith("/accessPackages"):
            return _graph_says(PACKAGES_SAID)
        if path.endswith("/assignmentPolicies"):
            return _graph_says(POLICIES_SAID)
        if path.endswith("/catalogs"):
            return _graph_says(b'{"value": []}')
        if path.endswith("/assignments"):
            return self._list(request)
        if "/assignments/" in path and last in self._live:
            return _graph_says(self._live[last].said())
        if "/users/" in path:
            return httpx.Response(200, json=_user(int(last.rpartition("-")[2])))
        if path.endswith("/users"):
            number = int(request.url.params["$filter"].partition("'p")[2][:5])
            # Asked once Slack has shown whose address it is.
            self._look_up(number)
            return httpx.Response(200, json={"value": [_user(number)]})
        return httpx.Response(404, json={"error": {"code": "NotFound", "message": "Gone."}})

    def _one_of(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = self._answer(httpx.Request(asked["method"], f"https://graph.test{asked['url']}"))
        return {"id": asked["id"], "status": answer.status_code, "body": json.loads(answer.content)}

    def _list(self, request: httpx.Request) -> httpx.Response:
        """Return what is asked for only: all is delivered, and somebody's own is no page of the list of all."""
        wanted = dict(FILTER.findall(request.url.params["$filter"]))
        if wanted.pop("state", "delivered") != "delivered":
            return _graph_says(b'{"value": []}')
        if not wanted:
            return self._page(request)
        person = int(wanted.pop("target/objectId").rpartition("-")[2])
        package = int(wanted.pop("accessPackage/id").rpartition("-")[2])
        assert not wanted, f"filtered by {[*wanted]}, too"
        theirs = [each for each in self._of_person[person] if each.is_live]
        said = [each.said() for each in theirs if each.package == package]
        return _graph_says(b'{"value": [' + b",".join(said) + b"]}")

    def _page(self, request: httpx.Request) -> httpx.Response:
        """Some of the list, in the order of ids, and where it goes on."""
        first = int(request.url.params.get("$skiptoken", "0"))
        some = list(itertools.islice(self._live.values(), first, first + A_PAGE))
        self._listed.update(each.id for each in some)
        more = b""
        if first + A_PAGE < len(self._live):
            after = request.url.copy_set_param("$skiptoken", first + A_PAGE)
            more = b', "@odata.nextLink": ' + json.dumps(str(after)).encode()
        return _graph_says(
            b'{"value": [' + b",".join(each.said() for each in some) + b"]" + more + b"}"
        )

    def _look_up(self, number: int) -> None:
        for each in self._of_person[number]:
            if each.id not in self._listed or each.id in self.looked_up:
                continue
            self.looked_up.add(each.id)
            if each.gone_at is not None and self.now - each.gone_at < STILL_NEWS:
                self.found_late.append(each)


def _graph_says(body: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/json"}, content=body)


def _mail(number: int) -> str:
    return f"p{number:05}@contoso.example"


def _user(number: int) -> dict[str, Any]:
    return {
        "id": f"entra-{number:05}",
        "displayName": f"Person {number}",
        "mail": _mail(number),
        "accountEnabled": True,
    }


def _package(number: int) -> dict[str, Any]:
    return {
        "id": f"package-{number}",
        "displayName": f"Package {number:03}",
        "assignmentPolicies": [_policy(number)],
    }


def _policy(number: int) -> dict[str, Any]:
    return {
        "id": f"policy-{number}",
        "displayName": "All",
        "allowedTargetScope": "allMemberUsers",
    }


def _whole_policy(number: int) -> dict[str, Any]:
    """A policy with what only comes if it is asked for."""
    return {**_policy(number), "accessPackage": {"id": f"package-{number}"}, "questions": []}


POLICIES_SAID: Final = json.dumps({"value": [_whole_policy(n) for n in range(PACKAGES)]}).encode()
PACKAGES_SAID: Final = json.dumps({"value": [_package(n) for n in range(PACKAGES)]}).encode()


def _graph_time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}0Z"


def _assignment(held: Held) -> dict[str, Any]:
    expiration = (
        {"type": "afterDateTime", "endDateTime": _graph_time(held.end)}
        if held.end is not None
        else {"type": "noExpiration"}
    )
    return {
        "id": held.id,
        "state": "delivered",
        "status": "Delivered",
        "schedule": {"startDateTime": _graph_time(held.since), "expiration": expiration},
        "target": {"objectId": held.entra_id, "displayName": f"Person {held.person}"},
        "accessPackage": {"id": f"package-{held.package}"},
        "assignmentPolicy": {"id": f"policy-{held.package}"},
    }


@dataclass(frozen=True, order=True)
class Reminder:
    """One row of a reminder, as it went over the wire."""

    user: str
    assignment_id: str
    end: int


class SlackOnPaper:
    """
    The session of Slack's client library, whose every request ends on paper instead of in Slack.

    Args:
        busy: Of so many messages it says that it is busy.
        loses: So many it takes, and shows to nobody.
        denies: So many it takes, breaks off, and later says that it has not got them.
    """

    closed = False

    def __init__(
        self, chance: random.Random, *, busy: float, loses: float = 0, denies: float = 0
    ) -> None:
        self.reminders: list[Reminder] = []
        self.turned_away: list[Reminder] = []
        self.endings: Counter[tuple[str, str]] = Counter()
        self.posts = self.updates = 0
        self._chance = chance
        self._busy, self._loses, self._denies = busy, loses, denies

    def request(self, method: str, url: str, **given: Any) -> "_Answer":
        said = {**(given.get("params") or {}), **(given.get("json") or {})}
        return _Answer(*self._answer(url.rpartition("/")[2], said | (given.get("data") or {})))

    async def close(self) -> None:
        self.closed = True

    def _answer(self, method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "users.lookupByEmail":
            return self._lookup(int(given["email"][1:6]))
        if method == "users.info":
            return self._lookup(int(given["user"][1:]))
        if method == "users.list":
            # So that each is looked for by themselves, and it is known in which look.
            return 200, {"ok": False, "error": "missing_scope"}
        if method == "chat.postMessage":
            return self._post(given)
        if method == "chat.update":
            self.updates += 1
        ours = {"team_id": "T0", "user_id": "U0BOT", "bot": {"app_id": "A0"}, "bot_id": "B0"}
        return 200, {"ok": True, "users": [], "messages": [], "channel": {"id": "D0"}, **ours}

    def _lookup(self, number: int) -> tuple[int, dict[str, Any]]:
        if number < NOT_IN_SLACK:
            return 200, {"ok": False, "error": "users_not_found"}
        profile = {"email": _mail(number), "real_name": f"Person {number}"}
        user = {"id": f"U{number:05}", "is_email_confirmed": True, "profile": profile}
        return 200, {"ok": True, "user": {**user, "team_id": "T0"}}

    def _post(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        rows = _reminders(given)
        if self._chance.random() < self._busy:
            self.turned_away += rows
            # Of this message only: a 429 would stop all others as well, and the tick would last until it is over.
            return 200, {"ok": False, "error": "service_unavailable"}
        self.posts += 1
        if self._chance.random() < self._loses:
            return _taken(given, self.posts)
        self.reminders += rows
        ended = re.search(r"Package \d{3}", given["text"])
        if not rows and ended:
            self.endings[given["channel"], ended.group()] += 1
        if self._chance.random() < self._denies:
            raise aiohttp.ServerDisconnectedError
        return _taken(given, self.posts)


@dataclass(frozen=True)
class _Answer:
    """An answer of Slack's, as far as its library looks at one."""

    status: int
    body: dict[str, Any]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Retry-After": str(BUSY_FOR)})

    async def __aenter__(self) -> "_Answer":
        return self

    async def __aexit__(self, *error: object) -> None:
        """There is no connection to give back."""

    async def json(self) -> dict[str, Any]:
        return self.body


def _taken(given: Mapping[str, Any], number: int) -> tuple[int, dict[str, Any]]:
    channel = given["channel"].replace("U", "D")
    return 200, {"ok": True, "channel": channel, "ts": f"1.{number:07}"}


def _reminders(given: dict[str, Any]) -> list[Reminder]:
    blocks = given.get("blocks") or []
    blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
    rows: list[Reminder] = []
    for line, buttons in itertools.pairwise(blocks):
        about = ENDING.fullmatch(buttons.get("block_id") or "")
        if about:
            shown = DATE.search(line["text"]["text"])
            assert shown is not None, "a reminder without its date"
            rows.append(Reminder(given["channel"], about.group(1), int(shown.group(1))))
    return rows
