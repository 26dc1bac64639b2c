"""What must be true of what others are told: each event, the owners' digest and the report, against the rows and Entra."""

import asyncio
import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import jsonschema
import sqlalchemy as sa
from click.testing import CliRunner

from bot import clock
from bot.__main__ import main
from bot.database.tables import assignments, audit, decisions, notices, requests
from bot.webhooks.schema import schema
from bot.webhooks.store import feeds
from sandbox.slack import Message
from tests.harness.receiver import NAME, Receiver
from tests.harness.world import BO, World, eventually
from tests.proofs.wandering.people import REASONS

SCHEMA: Final = json.loads(schema())
WEEK: Final = timedelta(days=7)
# Of the half hour before the digest, until nothing moves any more.
QUIET: Final = 1_200
# How a request ends, as the report says it.
ENDS: Final[Mapping[str, str]] = {
    "delivered": "Granted",
    "denied": "Denied",
    "refused": "Refused",
    "lapsed": "Expired",
    "canceled": "Canceled",
    "failed": "Failed",
}
# What people have written, and is no part of any other word.
WORDS: Final = tuple(each for each in REASONS if len(each) > 2)
BAR: Final = re.compile("^\N{BLACK PARALLELOGRAM}+ (\\d+) ", re.MULTILINE)
Rows = list[dict[str, Any]]


async def judge_what_was_told(world: World, receiver: Receiver) -> list[str]:
    """Compare all that was told to others with what has happened; return what is wrong."""
    return [
        *await _wrong_events(world, receiver),
        *await _wrong_report(world),
        *await _wrong_digest(world),
    ]


async def _rows(world: World, table: sa.Table) -> Rows:
    return await world.bot.store.run(
        lambda db: [dict(row) for row in db.execute(sa.select(table)).mappings()]
    )


# -- events --------------------------------------------------------------------------------


async def hear_everything(world: World, receiver: Receiver) -> None:
    """Let the receiver take everything from now on, and wait until it has what it would not take before."""
    receiver.next_answers.clear()
    await world.bot.store.run(feeds.enable, NAME)

    async def is_told() -> bool:
        states = await world.bot.store.read(feeds.states, (NAME,))
        return all(each.behind == 0 for each in states)

    await eventually(is_told, about="everything is told")


async def _wrong_events(world: World, receiver: Receiver) -> list[str]:
    """Follow the events, as a program would that knows nothing else, and compare where it gets to with the rows."""
    await hear_everything(world, receiver)
    wrong = list(receiver.wrong)
    events = [event["data"] | {"type": event["type"]} for _, event in receiver.taken]
    places = [each["position"] for each in events]
    if places != sorted(set(places)):
        wrong.append(f"events come twice, or out of order: {places[-50:]}")
    for _, event in receiver.taken:
        jsonschema.validate(event, SCHEMA)
        wrong += [f"{event} has somebody's words" for each in WORDS if each in str(event)]
    log = {row["position"]: row for row in await _rows(world, audit)}
    wrong += [
        f"{each} is not of its row"
        for each in events
        if log[each["position"]]["hash"] != each["audit_hash"]
    ]
    known = await _rows(world, requests)
    wrong += _wrong_log(list(log.values()), known)
    wrong += _wrong_stories(events, known)
    wrong += _wrong_access(events, await _rows(world, assignments))
    return wrong + _wrong_clicks(events, await _rows(world, decisions))


def _wrong_log(log: Rows, known: Rows) -> list[str]:
    """Say which row about a request a filter by its package, or by whose it is, would leave out of the audit log."""
    about = {row["id"]: row for row in known}
    return [
        f"row {row['position']} ({row['verb']}) does not say that it is about {about[row['request_id']]}"
        for row in log
        if row["request_id"] in about
        and (
            row["package_id"] != about[row["request_id"]]["package_id"]
            # Who that is in Entra is not known yet when somebody asks in Slack.
            or (row["before"] not in (None, "received") and row["subject_entra_id"] is None)
            or (row["subject_entra_id"] or about[row["request_id"]]["entra_id"])
            != about[row["request_id"]]["entra_id"]
        )
    ]


def _wrong_stories(events: Rows, known: Rows) -> list[str]:
    """Say which request is elsewhere than where its events lead, and which event does not begin where the last one ended."""
    stories: defaultdict[str, Rows] = defaultdict(list)
    for each in events:
        if "after" in each and "request" in each:
            stories[each["request"]["id"]].append(each)
    wrong = []
    for row in known:
        story = stories.pop(row["id"], [])
        told = [each["type"] for each in story]
        steps = [(each.get("before"), each["after"]) for each in story]
        begins = told[:1] == ["request.created"] and "request.created" not in told[1:]
        joined = all(last[1] == step[0] for last, step in pairwise(steps))
        if not begins or not joined or steps[-1][1] != _state(row):
            wrong.append(f"{row['kind']} {row['id']} is {row['state']}, and was told of as {steps}")
        wrong += [f"{each} is not about {row}" for each in story if not _is_about(each, row)]
    return wrong + [f"nothing is known of {each}, which was told of" for each in stories]


def _state(row: Mapping[str, Any]) -> str:
    """Return what others read of the state of a request: it is approved where it goes to Entra, which decides."""
    goes_to_entra = row["state"] == "approved" and row["terms"] and row["terms"]["entra_decides"]
    return "sending" if goes_to_entra else str(row["state"])


def _is_about(event: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether an event names the people of a request and its package, as far as they were known."""
    person = event.get("person", {})
    return (
        (event["request"]["asked_by"], event["package"]["id"])
        == (row["asked_by"], row["package_id"])
        and person.get("slack_user", row["holder"]) == row["holder"]
        and person.get("entra_id", row["entra_id"]) == row["entra_id"]
    )


def _wrong_access(events: Rows, known: Rows) -> list[str]:
    """Say of which access it was told that it is there, or until when, and it is not so."""
    there: dict[str, Any] = {}
    for each in events:
        if each["type"] in {"access.found", "access.end_moved"}:
            there[each["assignment"]["id"]] = each["assignment"].get("ends_at")
        elif each["type"] == "access.ended":
            there.pop(each["assignment"]["id"], None)
    held = {row["id"]: row["ends_at"] for row in known if row["state"] != "ended"}
    told = {key: end and datetime.fromisoformat(end) for key, end in there.items()}
    return [
        f"access {key} until {held.get(key, 'nothing')} was told of as until {told.get(key, 'nothing')}"
        for key in held.keys() | told.keys()
        if held.get(key, 0) != told.get(key, 0)
    ]


def _wrong_clicks(events: Rows, known: Rows) -> list[str]:
    """Compare which clicks counted, and which did not, with those of which it was told."""
    told = Counter(
        (each["request"]["id"], each["actor"]["slack_user"], each["verb"])
        for each in events
        if each["type"].startswith("decision.")
    )
    made = Counter(
        (row["request_id"], row["slack_user"], f"{row['verb']}-{row['outcome']}")
        for row in known
        if row["outcome"]
    )
    return [f"clicks that were told of: {told - made}; and were not: {made - told}"] * (
        told != made
    )


# -- the report ----------------------------------------------------------------------------


class Tables(HTMLParser):
    """Reads the tables of a page, each by its caption."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self._row: list[str] = []
        elif tag in {"caption", "th", "td"}:
            self._text = ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption":
            self._rows = self.found.setdefault(self._text, [])
        elif tag in {"th", "td"}:
            self._row.append(self._text)
        elif tag == "tr":
            self._rows.append(self._row)

    def counts(self, caption: str, *columns: int) -> Counter[str]:
        """Return the numbers of some columns of a table, together, by the first."""
        counted: Counter[str] = Counter()
        for row in self.found.get(caption, [])[1:]:
            # Two packages may have one name.
            counted[row[0]] += sum(int(row[each]) for each in columns)
        return +counted


async def _wrong_report(world: World) -> list[str]:
    """Compare the report with the rows that it is made of, and with who has what in Entra."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        words = ["report", "--html", str(file), "--days", "3650", "--ending", "7"]
        ran = CliRunner().invoke(main, words, env=world.outside.environment)
        if ran.exit_code:
            return [f"there is no report: {ran.output}"]
        report = Tables(file.read_text("utf-8"))
    known, clicks = await _rows(world, requests), await _rows(world, decisions)
    ended = [row for row in known if row["state"] in ENDS and row["kind"] != "remove"]
    ids = {row["id"]: row["round"] for row in ended}
    decided = [
        row
        for row in clicks
        if row["outcome"] == "accepted" and ids.get(row["request_id"]) == row["round"]
    ]
    entra = world.tenant.world
    held = Counter(
        " ".join(package.display_name.split())
        for package in entra.packages.values()
        for each in entra.assignments.values()
        if each.package_id == package.id and each.state in {"delivered", "partiallyDelivered"}
    )
    told = report.counts("Decisions by person", 1, 2)
    there = {who for who in told if who.endswith("(in Microsoft Entra)")}
    pairs = {
        "how requests ended": (
            report.counts("Requests by how they ended", 1),
            Counter(ENDS[row["state"]] for row in ended),
        ),
        "how many decided": (
            sum((told - Counter({who: told[who] for who in there})).values()),
            len(decided),
        ),
        "who has what": (report.counts("Every package", 2), held),
    }
    return [
        f"the report on {about} says {said}, and it is {true}"
        for about, (said, true) in pairs.items()
        if said != true
    ]


# -- the digest ----------------------------------------------------------------------------


async def _wrong_digest(world: World) -> list[str]:
    """Wait for the digest of whoever owns everything, and compare its numbers and its lists with the rows."""
    due = await _before_the_digest(world)
    before = len(await _digests(world))
    await world.later(due - clock.now() + timedelta(minutes=1))
    await asyncio.sleep(60)
    sent = await _digests(world)
    if len(sent) != before + 1:
        return [f"{len(sent) - before} digests were sent in a week"]
    now = clock.now()
    catalog = [package.id for package in world.tenant.world.packages.values()]
    current = [
        row
        for row in await _rows(world, assignments)
        if row["state"] != "ended" and (row["ends_at"] is None or row["ends_at"] > now)
    ]
    ending = [row for row in current if row["ends_at"] and row["ends_at"] < now + WEEK]
    ended = [
        row
        for row in await _rows(world, requests)
        if row["kind"] != "remove"
        and row["package_id"] in catalog
        and row["state"] in {"delivered", "denied"}
        and due - WEEK <= row["ended_at"] < due
    ]
    granted = [row for row in ended if row["state"] == "delivered"]
    people = len({row["entra_id"] for row in current})
    lists = [len(each) for each in (ending, granted, current) if each]
    said = _said_in(sent[-1])
    true = {
        "numbers": Counter(
            [each for each in (people, len(ending)) if each]
            + [len(catalog), 7, 7, len(granted), len(ended) - len(granted)]
        ),
        "lists": lists,
    }
    return [
        f"the digest has {name} {said[name]}, and it should be {true[name]}: {sent[-1].blocks}"[
            :2_000
        ]
        for name in true
        if said[name] != true[name]
    ]


async def _before_the_digest(world: World) -> datetime:
    """Go on to shortly before the owner's next digest, until nothing moves any more; return when it is due."""
    zone = ZoneInfo(world.slack.person(BO).tz)
    now = clock.now().astimezone(zone)
    monday = now.date() + timedelta(days=7 - now.weekday())
    due = datetime(monday.year, monday.month, monday.day, 9, tzinfo=zone)
    await world.later(due - timedelta(seconds=2 * QUIET) - clock.now())
    await asyncio.sleep(QUIET)
    return due


async def _digests(world: World) -> list[Message]:
    sent = {
        row["ts"]
        for row in await _rows(world, notices)
        if row["kind"] == "digest" and row["recipient"] == BO and row["ts"]
    }
    return [each for each in world.direct(BO) if each.ts in sent]


def _said_in(message: Message) -> dict[str, Any]:
    """Return the numbers of the first sentences, in whatever language, and how many each list has."""
    blocks = [each for each in message.blocks if each["type"] == "section"]
    texts = [str(each["text"]["text"]) for each in blocks]
    # How long decisions took is a sentence of its own, at the end.
    decided = re.split(r"(?<=[.。])\s*", texts[1])[0]
    lists = [each for each in texts[2:] if "\n• " in each]
    return {
        "numbers": Counter(int(each) for each in re.findall(r"\d+", f"{texts[0]} {decided}")),
        "lists": [_count(each) for each in lists],
    }


def _count(listed: str) -> int:
    """Return how many a list has, those that it only counts among them."""
    *_, last = listed.split("\n")
    left = 0 if last.startswith("• ") else int(re.sub(r"\D", "", last) or 0)
    return listed.count("\n• ") + left
