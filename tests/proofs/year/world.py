"""The outside of a simulated year: who holds what in Entra, and a Slack that writes down what it is sent."""

import itertools
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from slack_sdk.web.async_client import AsyncWebClient

ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "America/Sao_Paulo",
)
# A year with a 29 February, and with the clocks changed twice in Berlin, New York and Auckland.
START: Final = datetime(2027, 6, 1, tzinfo=UTC)
PACKAGES: Final = 40
NOT_IN_SLACK: Final = 50
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

    @property
    def user(self) -> str:
        return f"U{self.person:05}"

    @property
    def entra_id(self) -> str:
        return f"entra-{self.person:05}"


@dataclass
class Entra:
    """Assignments that end by themselves, and an administrator who moves ends and takes access away."""

    now: datetime
    chance: random.Random
    held: dict[str, Held] = field(default_factory=dict)
    looked_up: set[str] = field(default_factory=set)
    # Ended after the bot had seen it, and before it knew whose it was.
    found_late: list[Held] = field(default_factory=list)
    _listed: set[str] = field(default_factory=set)

    def time_now(self) -> datetime:
        return self.now

    def give(self, person: int, package: int) -> Held:
        made = Held(f"a{len(self.held):06}", person, package, self.some_end(person), self.now)
        self.held[made.id] = made
        return made

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
        return [each for each in self.held.values() if each.is_live]

    def expire(self) -> list[Held]:
        """What has run out by now."""
        over = [each for each in self.live() if each.end is not None and each.end <= self.now]
        for each in over:
            each.is_live = False
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
        last = path.rpartition("/")[2]
        if path.endswith("/accessPackages"):
            return httpx.Response(200, json={"value": [_package(n) for n in range(PACKAGES)]})
        if path.endswith("/assignments"):
            live = self.live()
            self._listed |= {each.id for each in live}
            return httpx.Response(200, json={"value": [_assignment(each) for each in live]})
        if "/assignments/" in path and last in self.held and self.held[last].is_live:
            return httpx.Response(200, json=_assignment(self.held[last]))
        if "/users/" in path:
            number = int(last.rpartition("-")[2])
            if number >= NOT_IN_SLACK:
                self._look_up(number)
            user = {"id": last, "displayName": f"Person {number}", "mail": _mail(number)}
            return httpx.Response(200, json=user)
        return httpx.Response(404, json={"error": {"code": "NotFound", "message": "Gone."}})

    def _look_up(self, number: int) -> None:
        for each in self.held.values():
            if each.person != number or each.id not in self._listed or each.id in self.looked_up:
                continue
            self.looked_up.add(each.id)
            if not each.is_live:
                self.found_late.append(each)


def _mail(number: int) -> str:
    return f"p{number:05}@contoso.example"


def _package(number: int) -> dict[str, Any]:
    policy = {
        "id": f"policy-{number}",
        "displayName": "All",
        "allowedTargetScope": "allMemberUsers",
    }
    return {
        "id": f"package-{number}",
        "displayName": f"Package {number:03}",
        "assignmentPolicies": [policy],
    }


def _graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


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


class SlackOnPaper(AsyncWebClient):
    """Slack's client whose every request ends on paper instead of in Slack."""

    def __init__(self, chance: random.Random, *, busy: float) -> None:
        super().__init__(token="xoxb-year", base_url="https://slack.test/api/")
        self.reminders: list[Reminder] = []
        self.turned_away: list[Reminder] = []
        self.endings: Counter[tuple[str, str]] = Counter()
        self.posts = self.updates = 0
        self._chance = chance
        self._busy = busy

    async def _request(self, *, http_verb: str, api_url: str, req_args: Any) -> dict[str, Any]:
        given = {**(req_args.get("params") or {}), **(req_args.get("json") or {})}
        given |= req_args.get("data") or {}
        method = api_url.rpartition("/")[2]
        status, body = self._answer(method, given)
        return {"data": body, "headers": {"retry-after": "30"}, "status_code": status}

    def _answer(self, method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "users.lookupByEmail":
            return self._lookup(given["email"])
        if method == "chat.postMessage":
            return self._post(given)
        if method == "chat.update":
            self.updates += 1
        ours = {"team_id": "T0", "user_id": "U0BOT", "bot": {"app_id": "A0"}}
        return 200, {"ok": True, "users": [], **ours}

    def _lookup(self, email: str) -> tuple[int, dict[str, Any]]:
        number = int(email[1:6])
        if number < NOT_IN_SLACK:
            return 200, {"ok": False, "error": "users_not_found"}
        profile = {"email": email, "real_name": f"Person {number}"}
        user = {"id": f"U{number:05}", "is_email_confirmed": True, "profile": profile}
        return 200, {"ok": True, "user": {**user, "team_id": "T0"}}

    def _post(self, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        rows = _reminders(given)
        if self._chance.random() < self._busy:
            self.turned_away += rows
            return 429, {"ok": False, "error": "ratelimited"}
        self.posts += 1
        self.reminders += rows
        ended = re.search(r"Package \d{3}", given["text"])
        if not rows and ended:
            self.endings[given["channel"], ended.group()] += 1
        channel = given["channel"].replace("U", "D")
        return 200, {"ok": True, "channel": channel, "ts": f"1.{self.posts:07}"}


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
