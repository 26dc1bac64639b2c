"""Stories of two files: edited, planned, applied, cut short, and in the end destroyed; colleagues go on in Entra."""

import asyncio
import copy
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.errors import LatchkeyError
from bot.source import FileError
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import FaultyAnswer, FaultyTransport, Killed, Provisioner
from tests.proofs.packages_as_code.behind_the_back import NAMED, Colleagues, Renamed
from tests.proofs.packages_as_code.describing import THEIR_GROUPS, Editor, Words, text_of
from tests.proofs.packages_as_code.judging import (
    Things,
    dangling,
    disagreements,
    doubles,
    harm,
    held_in,
    things_in,
)

TRIES: Final = 4
# What beta has no words for.
MAY_BE_REFUSED: Final = re.compile("The beta API lets nobody extend where nobody may ask")
FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"status": 503, "effective": True},
    {"status": 503},
    {"status": 504, "effective": True},
    {"status": 429, "headers": {"Retry-After": "5"}},
)


@dataclass(kw_only=True)
class Figures:
    """
    What came of it.

    Attributes:
        did: How often each came about, by the first word of what was told.
        wrong: What must not be, with the story that led there.
    """

    did: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1


@dataclass(kw_only=True)
class Team:
    """
    People who keep one file, and what Latchkey made for it.

    Attributes:
        made: Kind and id of each thing.
        renamed: What has another name in the tenant since they last wrote names.
    """

    editor: Editor
    provisioner: Provisioner
    made: set[tuple[str, str]] = field(default_factory=set)
    renamed: list[Renamed] = field(default_factory=list)

    @property
    def text(self) -> str:
        return text_of(self.editor.file)


class Story:
    """Two files and one tenant, from the first group to the end."""

    def __init__(self, seed: int, version: str, folder: Path, figures: Figures) -> None:
        self.seed = seed
        self.version = version
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.tenant = Tenant(
            clock=SandboxClock(),
            delivery=timedelta(0),
            directory_lag=timedelta(seconds=self.chance.choice([0, 2, 60])),
            page_size=3,
        )
        self.tenant.seed_tutorial_world()
        self.colleagues = Colleagues(self.tenant, self.chance)
        self.figures = figures
        self.told: list[str] = []
        self.teams = [self._team(name, folder / name) for name in ("A", "B")]
        # Somebody who keeps no file yet.
        self.reader = Provisioner(self.tenant, version, folder)

    def _team(self, name: str, folder: Path) -> Team:
        folder.mkdir()
        return Team(
            editor=Editor(self.chance, self.version, team=name),
            provisioner=Provisioner(self.tenant, self.version, folder),
        )

    async def tell(self, rounds: int) -> None:
        """Go through some rounds, then take all away."""
        for _ in range(rounds):
            team, other = self.chance.sample(self.teams, 2)
            team.editor.their_groups = [*THEIR_GROUPS, *self._groups_of(other)]
            await self._round(team)
            if self.figures.wrong:
                return
        await self._imported()
        for team in self.teams:
            await self._destroyed(team)

    def _groups_of(self, team: Team) -> list[str]:
        groups = self.tenant.world.groups.items()
        return [each.display_name for key, each in groups if ("groups", key) in team.made]

    async def _round(self, team: Team) -> None:
        before = copy.deepcopy(team.editor.file)
        for _ in range(self.chance.choice([1, 1, 2, 4])):
            self._say(team.editor.edit())
        if self.chance.random() < 0.5:
            self._say(self.colleagues.act())
            self._announce(self.colleagues.renamed)
            self.colleagues.renamed.clear()
        if await self._planned(team, before):
            await self._applied(team)

    # Planning.

    async def _planned(self, team: Team, before: Words) -> bool:
        """Plan, and where the file is refused, write what the sentences ask for; no plan writes anything."""
        things, renamed = things_in(self.tenant), list(team.renamed)
        for _ in range(TRIES):
            try:
                await team.provisioner.plan(team.text)
            except FileError as error:
                self._say(f"refused: {error}")
                gone = self._gone(team)
                if gone:
                    self._judge(
                        f"nobody says that {each} is gone"
                        for each in gone
                        if each not in str(error)
                    )
                    self._do_without(team, gone)
                elif not team.renamed:
                    self._judge(each for each in error.problems if not MAY_BE_REFUSED.search(each))
                    team.editor.file, team.renamed = before, renamed
                    return False
                self._heed(team)
                continue
            finally:
                self._judge(["a plan wrote"] if things_in(self.tenant) != things else [])
            self._judge(f"a plan took {each}, which is gone" for each in self._gone(team))
            self._heed(team)
            return True
        self._judge(["what the sentences ask for was refused as well"])
        return False

    def _gone(self, team: Team) -> set[str]:
        """Return the groups that a file names and nobody has: the other team took out what nothing in Entra used."""
        there = {each.display_name for each in self.tenant.world.groups.values()}
        mine = {each["name"] for each in team.editor.described("group")}
        renamed = {each.name for each in team.renamed if each.kind == "group"}
        return team.editor.named_groups() - there - mine - renamed

    def _do_without(self, team: Team, gone: Iterable[str]) -> None:
        for each in sorted(gone):
            team.editor.forget_group(each)
            self._say(f"without {each}")

    def _heed(self, team: Team) -> None:
        """Write the names that things have now, or say what they were to give them back their own."""
        for each in team.renamed:
            is_given_back = self.chance.random() < 0.5
            if is_given_back and team.editor.was(each.kind, each.name, each.now):
                self._say(f"{each.kind} {each.name} was {each.now}")
            else:
                team.editor.rename(each.kind, each.name, each.now)
                self._say(f"write {each.now} for {each.name}")
        team.renamed.clear()

    def _announce(self, renamed: Iterable[Renamed], *, by: Team | None = None) -> None:
        for team in self.teams:
            if team is not by:
                team.renamed += renamed

    # Applying.

    async def _applied(self, team: Team) -> None:
        """Apply, perhaps cut short, until it is done: the tenant is as the file says, and nobody lost anything."""
        before, held = things_in(self.tenant), held_in(self.tenant)
        if not await self._finished(team, "apply"):
            return
        after = things_in(self.tenant)
        team.made |= after.keys() - before.keys()
        self._announce(_renamed(before, after), by=team)
        theirs = before.keys() - team.made
        held_after = held_in(self.tenant)
        holding = {self.tenant.world.assignments[each].package_id for each in held}
        self._judge(harm(before, after, theirs=theirs, held=held, held_after=held_after))
        self._judge(disagreements(team.editor.file, self.tenant, held=holding))
        self._judge(doubles(self.tenant, theirs=after.keys() - team.made))
        self._judge(dangling(self.tenant))
        await self._applied_again(team, after)

    async def _applied_again(self, team: Team, things: Things) -> None:
        """Nothing is left to do, and nothing is done."""
        provisioner = team.provisioner
        self._judge(f"then the plan would {each}" for each in await provisioner.changes(team.text))
        await provisioner.apply(team.text)
        calls = [each for each in provisioner.transport.operations if "checkMember" not in each]
        self._judge(f"then it wrote {each}" for each in calls if not each.startswith("GET "))
        self._judge(["then it changed something"] if things_in(self.tenant) != things else [])

    async def _finished(self, team: Team, command: str) -> Any:
        """Run a command, which may die or meet faults, again and again until it is done."""
        self._spoil(team.provisioner)
        run = getattr(team.provisioner, command)
        for _ in range(TRIES):
            try:
                done = await run(team.text)
            except Killed:
                self._say("dies")
                await _dead()
            except LatchkeyError as error:
                self._say(f"fails: {error}")
            else:
                self._say(f"done: {command}")
                team.provisioner.transport = FaultyTransport(self.tenant)
                return done
            self._judge(f"it goes on: {each.get_name()}" for each in _going_on())
            team.provisioner.transport = FaultyTransport(self.tenant)
        self._judge([f"{command} did not come to an end"])
        return None

    def _spoil(self, provisioner: Provisioner) -> None:
        """Let the next command die, or Graph fail, or neither."""
        drawn = self.chance.random()
        if drawn < 0.3:
            provisioner.transport = FaultyTransport(
                self.tenant, dies_at=self.chance.randint(3, 30), after=self.chance.random() < 0.5
            )
        elif drawn < 0.5:
            verbs = "|".join(self.chance.sample(["POST", "PATCH", "PUT", "DELETE"], 2))
            provisioner.transport.faulty.append(
                FaultyAnswer(
                    on=f"({verbs}) .*",
                    times=self.chance.choice([1, 3]),
                    **self.chance.choice(FAULTS),
                )
            )

    async def _imported(self) -> None:
        """Whatever came of it, a file that is written from the tenant changes nothing."""
        imported = await self.reader.import_()
        changes = await self.reader.changes(imported.text)
        self._judge([f"what was imported would {changes}\n{imported.text}"] if changes else [])

    # Taking away.

    async def _destroyed(self, team: Team) -> None:
        """Take away what Latchkey made: what is left of it has a reason, and nothing else changed."""
        before = things_in(self.tenant)
        what = await self._finished(team, "destroy")
        if what is None:
            return
        after = things_in(self.tenant)
        theirs = before.keys() - team.made
        self._judge(harm(before, after, theirs=theirs, held={}, held_after={}))
        self._judge(dangling(self.tenant))
        left = [after[key]["display_name"] for key in team.made & after.keys()]
        self._judge([f"destroy left {left} without a word"] if left and not what.kept else [])
        self._judge(
            [f"destroy kept {what.kept} and left {left}"] if bool(left) != bool(what.kept) else []
        )

    # What came of it.

    def _say(self, what: str) -> None:
        if what:
            self.told.append(what)
            self.figures.count(what.split(" ")[0])

    def _judge(self, wrong: Iterable[str]) -> None:
        found = list(wrong)
        if found:
            story = "\n".join([*self.told[-60:], *(team.text for team in self.teams)])
            self.figures.wrong.append(f"story {self.seed}, {self.version}: {found}\n{story}")


def _going_on() -> list[asyncio.Task[Any]]:
    """Return the tasks that a command has left behind."""
    mine = asyncio.current_task()
    return [each for each in asyncio.all_tasks() if each is not mine]


async def _dead() -> None:
    """Let nothing of a process go on after its death."""
    tasks = _going_on()
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _renamed(before: Things, after: Things) -> list[Renamed]:
    """Return what has another name now."""
    return [
        Renamed(NAMED[kind], before[kind, each]["display_name"], after[kind, each]["display_name"])
        for kind, each in before.keys() & after.keys()
        if kind in NAMED and before[kind, each]["display_name"] != after[kind, each]["display_name"]
    ]
