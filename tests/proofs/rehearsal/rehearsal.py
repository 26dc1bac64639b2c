"""
The rehearsal: break each thing of a real installation in turn, and see whether everything that watches tells the truth.

Run it with `make rehearse`, or `python -m tests.proofs.rehearsal.rehearsal --help`.  It waits for conditions, each for minutes at
most, and prints a table; it exits with 1 where something said what is not so, or did not say what is.
"""

import asyncio
import contextlib
import logging
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from tests.harness.world import APPROVALS, said
from tests.proofs.chaos.people import Story, stories
from tests.proofs.rehearsal.breaks import BREAKS, Break
from tests.proofs.rehearsal.installation import REPLICAS, Installation, installed
from tests.proofs.rehearsal.programs import Missing

# For each sign, and for all to be well again.
PATIENCE_SECONDS: Final = 900.0
GLANCE_SECONDS: Final = 1.0
FASTER: Final = 10
# Wishes of some fifty people, of whom each asks once.
WISHES: Final = 700
# Somebody does something all the time.
PAUSE_SECONDS: Final = 1.0
LONGEST_CELL: Final = 110
DELIVERED: Final = "You now have access"


@dataclass
class Result:
    """
    How one break went.

    Attributes:
        seen: What was seen, with the seconds after the break; the table's cells.
        wrong: What was not said, or said and not so.
    """

    name: str
    seen: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    skipped: str | None = None


@dataclass
class Rehearsal:
    """Breaks one thing after the other."""

    here: Installation
    people: Iterator[Story]
    patience: float

    async def of(self, what: Break) -> Result:
        """Break it, look, repair it, and look once more."""
        result = Result(what.name)
        why_not = what.lacks(self.here)
        if why_not is not None:
            result.skipped = why_not
            return result
        alarms, told = len(self.here.alarms.came), len(self._channel())
        began = time.monotonic()
        await what.does(self.here)
        busy = asyncio.create_task(self._keep_busy())
        try:
            try:
                person = next(self.people)
                result.seen["person"] = await self._asks(person, what, result)
                await self._signs(what, result, began, alarms)
            finally:
                await what.mends(self.here)
            mended = time.monotonic()
            await self._clears(what, result, alarms, told)
        finally:
            busy.cancel()
            (ended,) = await asyncio.gather(busy, return_exceptions=True)
        if not isinstance(ended, asyncio.CancelledError):
            raise RuntimeError("nobody was busy any more") from ended
        await self._is_served(person, result)
        result.seen["cleared"] = f"{time.monotonic() - mended:.0f} s"
        return result

    async def is_well(self) -> list[str]:
        """Return what is not well now; empty if all is."""
        found = []
        for name in REPLICAS:
            state = await self.here.ready(name)
            if state is None:
                found.append(f"{name} does not answer")
            elif not state[0]:
                found += [f"{name}: {each}" for each in state[1]]
        found += sorted(await self.here.firing())
        return found

    async def _signs(self, what: Break, result: Result, began: float, alarms: int) -> None:
        """Wait until each sign has been seen, and note what is said that is not so."""
        waits: dict[str, str] = {f"ready {name}": words for name, words in what.ready.items()}
        waits |= {f"metric {each}": "" for each in what.metrics}
        waits |= {f"alert {each}": "" for each in what.fires}
        if what.alarm is not None:
            waits["alarm"] = what.alarm
        doctor = None
        untrue: set[str] = set()
        end = began + self.patience
        while waits and time.monotonic() < end:
            firing = await self.here.firing()
            states = {name: await self.here.ready(name) for name in REPLICAS}
            untrue |= self._untrue(what, firing, states)
            for sign, words in list(waits.items()):
                kind, _, name = sign.partition(" ")
                if (
                    (kind == "ready" and _says(states[name], words))
                    or (kind == "metric" and await self.here.holds(name))
                    or (kind == "alert" and name in firing)
                    or (kind == "alarm" and self._was_alarmed(words, alarms))
                ):
                    del waits[sign]
                    result.seen[sign] = _after(words, f"{time.monotonic() - began:.0f} s")
            if doctor is None and not any(each.startswith("ready") for each in waits):
                doctor = await self.here.doctor(what.doctor_at)
                self._judge_doctor(what, doctor, result)
            await asyncio.sleep(GLANCE_SECONDS)
        result.wrong += [f"{sign} was not seen: {words}" for sign, words in waits.items()]
        result.wrong += sorted(untrue)
        if waits:
            result.wrong.append(f"last: {states}, firing {sorted(firing)}")
        if what.alarm is None and self.here.alarms.of("began", alarms):
            result.wrong.append("an outage was alarmed, although one replica works")

    def _untrue(
        self,
        what: Break,
        firing: set[str],
        states: dict[str, tuple[bool, list[str]] | None],
    ) -> set[str]:
        found = {f"{each} fires" for each in firing - what.fires - what.may_fire}
        for name, state in states.items():
            words = what.ready[name]
            for problem in state[1] if state else ():
                if words == "ready" or not re.search(f"{words}|{what.follows}", problem):
                    found.add(f"{name} says: {problem}")
        return found

    def _judge_doctor(
        self, what: Break, findings: Sequence[dict[str, str]], result: Result
    ) -> None:
        broken = [each["sentence"] for each in findings if each["severity"] == "broken"]
        if what.doctor is None:
            result.seen["doctor"] = "all well"
            result.wrong += [f"doctor says: {each}" for each in broken]
            return
        notable = [each["sentence"] for each in findings if each["severity"] != "fine"]
        fitting = [each for each in notable if re.search(what.doctor, each)]
        result.seen["doctor"] = fitting[0] if fitting else "silent"
        if not fitting:
            result.wrong.append(f"doctor does not say {what.doctor}: {notable}")
        pattern = f"{what.doctor}|{what.follows}|is not ready: "
        result.wrong += [f"doctor says: {each}" for each in broken if not re.search(pattern, each)]

    def _was_alarmed(self, words: str, since: int) -> bool:
        return any(
            re.search(words, reason)
            for each in self.here.alarms.of("began", since)
            for reason in each["reasons"]
        )

    async def _asks(self, person: Story, what: Break, result: Result) -> str:
        """Somebody asks for access, again where they may have to; returns what they read."""
        read = ""
        for tries in range(1, what.tries + 1):
            read = await self._types(person, f"{person.package.slug} because it is my work")
            if what.answer is None or re.search(what.answer, read):
                return read if tries == 1 else f"{read} (asked {tries} times)"
        result.wrong.append(f"somebody who asks reads: {read}")
        return read

    async def _types(self, person: Story, text: str) -> str:
        workspace = self.here.outside.workspace
        outcome = await workspace.command(
            user=person.user,
            channel=workspace.dm(person.user).id,
            command="/request-access",
            text=text,
        )
        return outcome.text or f"(Slack's error: {outcome.error})"

    async def _keep_busy(self) -> None:
        """Look at lists, as somebody always does."""
        person = next(self.people)
        while True:
            await self._types(person, "list")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _clears(self, what: Break, result: Result, alarms: int, told: int) -> None:
        """Wait until all is well, and see that the end of an alarm is told."""
        end = time.monotonic() + self.patience
        left = ["nothing was looked at"]
        while left and time.monotonic() < end:
            with contextlib.suppress(OSError):
                left = await self.is_well()
            if len(self.here.alarms.of("began", alarms)) != len(
                self.here.alarms.of("over", alarms)
            ):
                left.append("the webhook was not told that it is over")
            began, over = (
                self._told(told, "has not been able|cannot use"),
                self._told(told, "again"),
            )
            # A beginning that could not be told in time, as where Slack refuses us, is in the message that it is over.
            is_told = began or (what.alarm or "").startswith("slack")
            if what.alarm is not None and not (over and is_told and len(began) <= len(over)):
                left.append(f"the channel was told {len(began)} beginnings, {len(over)} ends")
            await asyncio.sleep(GLANCE_SECONDS)
        result.wrong += [f"does not clear: {each}" for each in left]
        if what.alarm is None and self._told(told, "has not been able|cannot use"):
            result.wrong.append("the channel was told of an outage, although one replica works")
        found = await self.here.doctor(what.doctor_at)
        result.wrong += [
            f"doctor says after the repair: {each['sentence']}"
            for each in found
            if each["severity"] == "broken"
        ]

    async def _is_served(self, person: Story, result: Result) -> None:
        """Whoever asked gets access, once; and who could not ask does so now."""
        end = time.monotonic() + self.patience
        place = self.here.outside.workspace.dm(person.user)
        if not re.search("Asked for|whether you may have", result.seen["person"]):
            again = await self._types(person, f"{person.package.slug} because it is my work")
            if not re.search("Asked for|whether you may have|already asked|have it already", again):
                result.wrong.append(f"after the repair, somebody who asks reads: {again}")
        while time.monotonic() < end:
            if any(DELIVERED in said(each) for each in place.messages):
                break
            await asyncio.sleep(GLANCE_SECONDS)
        times = sum(DELIVERED in said(each) for each in place.messages)
        asked = [
            each
            for each in self.here.outside.tenant.world.requests.values()
            if each.target_id == person.entra_id
        ]
        if (times, len(asked)) != (1, 1):
            result.wrong.append(f"{len(asked)} requests in Entra, {times} messages of the delivery")

    def _channel(self) -> list[str]:
        return [said(each) for each in self.here.outside.workspace.channel(APPROVALS).messages]

    def _told(self, since: int, words: str) -> list[str]:
        return [each for each in self._channel()[since:] if re.search(words, each)]


def _after(words: str, seconds: str) -> str:
    """Return when a sign was seen; what a replica goes on saying has no time."""
    return {"ready": "ready", "silent": f"no answer after {seconds}"}.get(words, seconds)


def _says(state: tuple[bool, list[str]] | None, words: str) -> bool:
    if words == "silent":
        return state is None
    if words == "ready":
        return state is not None and state[0]
    return state is not None and not state[0] and any(re.search(words, each) for each in state[1])


def table(results: Sequence[Result]) -> str:
    """Return what was seen, for people."""
    lines = []
    for each in results:
        if each.skipped is not None:
            lines.append(f"SKIPPED  {each.name}: {each.skipped}")
            continue
        lines.append(f"{'WRONG' if each.wrong else 'true'}  {each.name}")
        lines += [f"    {sign}: {when}" for sign, when in each.seen.items()]
        lines += [f"    WRONG: {line}" for line in each.wrong]
    return "\n".join(lines)


HEADS: Final = (
    "What breaks",
    "`/readyz`",
    "`latchkey doctor`",
    "Alerts",
    "Alarm",
    "Who asks reads",
    "Well again",
)


def overview(results: Sequence[Result]) -> str:
    """Return one row for each break, in Markdown: what was seen, and after how long."""
    rows = [HEADS, ("---",) * len(HEADS), *map(_row, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(result: Result) -> Sequence[str]:
    if result.skipped is not None:
        return (result.name, f"not tried: {result.skipped}", *[""] * (len(HEADS) - 2))
    seen = result.seen
    alerts = [
        f"{sign.removeprefix('alert Latchkey')} {after}"
        for sign, after in seen.items()
        if sign.startswith("alert ")
    ]
    return (
        f"{result.name}{' **WRONG**' if result.wrong else ''}",
        f"A {seen.get('ready A', 'missing')}, B {seen.get('ready B', 'missing')}",
        _short(seen.get("doctor", "missing")),
        ", ".join(alerts) or "none",
        seen.get("alarm", "none"),
        _short(seen.get("person", "nothing")),
        seen.get("cleared", "no"),
    )


def _short(text: str) -> str:
    # The first sentence is enough, and a bar would begin a new cell.
    first = re.split(r"(?<=[.!?]) |; ", text.replace("|", "/"), maxsplit=1)[0]
    return first if len(first) <= LONGEST_CELL else f"{first[:LONGEST_CELL]}…"


async def rehearse(
    folder: Path, chosen: Sequence[Break], *, faster: int, patience: float
) -> list[Result]:
    """
    Install everything in *folder*, and break what was chosen, in order.

    Args:
        patience: Seconds until a sign that has not been seen is missing.
    """
    whole = asyncio.current_task()
    assert whole is not None
    # Ended by hand, it ends what it has started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)
    async with installed(folder, faster=faster) as here:
        people = iter(
            each
            for each in stories(here.outside, WISHES, random.Random(1))  # noqa: S311 - repeatable
            if not each.package.needs_approval
        )
        rehearsal = Rehearsal(here, _each_once(people), patience)
        end = time.monotonic() + rehearsal.patience
        while not_well := await rehearsal.is_well():
            ended = [each.name for each in here.replicas.values() if not each.runs]
            if ended or time.monotonic() > end:
                raise RuntimeError(f"It does not become ready: {ended or not_well}; see {folder}")
            await asyncio.sleep(GLANCE_SECONDS)
        results = []
        for what in chosen:
            click.echo(f"{time.strftime('%H:%M:%S')}  {what.name} …")
            results.append(await rehearsal.of(what))
            click.echo(table(results[-1:]))
        return results


def _each_once(people: Iterator[Story]) -> Iterator[Story]:
    seen = set()
    for each in people:
        if each.user not in seen:
            seen.add(each.user)
            yield each


@click.command()
@click.option("--faster", default=FASTER, show_default=True, help="Divide the rules' waits by it.")
@click.option("--only", multiple=True, metavar="WORDS", help="Breaks whose name has these words.")
@click.option(
    "--patience",
    default=PATIENCE_SECONDS,
    show_default=True,
    help="Seconds until a sign that was not seen is missing; more where the rules are slower.",
)
@click.option("--keep", is_flag=True, help="Keep the folder with all logs.")
def main(*, faster: int, patience: float, only: Sequence[str], keep: bool) -> None:
    """Rehearse, print the table, and exit with 1 where something did not tell the truth."""
    chosen = [
        each
        for each in BREAKS
        if not only or any(words.lower() in each.name.lower() for words in only)
    ]
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="latchkey-rehearsal-"))
    # Each program runs as a user of its own, and has its files there.
    folder.chmod(0o755)
    began = time.monotonic()
    try:
        results = asyncio.run(rehearse(folder, chosen, faster=faster, patience=patience))
    except Missing as missing:
        click.echo(f"Skipped: {missing}")
        return
    wrong = [each for each in results if each.wrong]
    click.echo(overview(results))
    click.echo(f"{len(results)} breaks in {time.monotonic() - began:.0f} s, wrong: {len(wrong)}")
    if wrong or keep:
        click.echo(f"The logs are in {folder}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
