"""The world of the chaos proof: many people who ask, extend and give back, and do not give up when Slack fails."""

import asyncio
import copy
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sandbox.run import StandIns
from sandbox.slack.model import Message, Outcome, Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.world import APPROVALS, BO, DANA, buttons, labels, say_why_extended
from tests.proofs.chaos.watch import Notice, Watch

Ending = Literal["kept", "returned", "removed", "canceled"]
ENDINGS: Final[Sequence[Ending]] = ("kept", "kept", "returned", "removed")
# Where Entra decides, somebody may also think better of what waits there; of the other packages nothing waits.
ENDINGS_IN_ENTRA: Final[Sequence[Ending]] = (*ENDINGS, "canceled")
# Packages that one person asks for; and requests for so many a package, as lists of thousands cost time only.
SHELF: Final = 8
SHELF_REQUESTS: Final = 800
WORDS: Final = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """
    How people go about it, in seconds.

    Attributes:
        glance: Between two looks at their Slack.
        patience: Until they press again, when nothing has come of it.
        long_patience: The same, when Slack showed that it was taken.
    """

    glance: float
    patience: float
    long_patience: float


CANCELED_IN_ENTRA: Final = "is canceled in Microsoft Entra"
# So many times their long patience people wait for what seemed to be under way.
GIVES_UP_AFTER: Final = 3
# With the product's waits shortened, and with its own.
HURRIED: Final = Pace(glance=0.25, patience=6, long_patience=40)
UNHURRIED: Final = Pace(glance=4, patience=60, long_patience=600)


@dataclass(frozen=True)
class Offered:
    """A package of this world."""

    id: str
    name: str
    needs_approval: bool

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


# What says that the first wish was taken, or has come true.
ACCEPTED: Final = (
    "Asked for",
    "whether you may have",
    "already asked",
    "You already have *",
    "have it already",
)


@dataclass
class Story:
    """One person and one package, from the first wish to the end; *reached* is the last thing they saw happen."""

    user: str
    entra_id: str
    who: str
    package: Offered
    extends: bool
    ending: Ending
    accepted: int = 0
    reached: str = "nothing"
    is_over: bool = False

    @property
    def wishes(self) -> int:
        """Requests that this story makes."""
        return 1 + self.extends + (self.ending in {"returned", "removed"})


def stories(
    outside: StandIns, requests: int, dice: random.Random, *, entra_decides: bool = False
) -> list[Story]:
    """Fill the stand-ins with as many people as *requests* need, and say what each will do."""
    shelves = [
        [
            _package(
                outside,
                shelf * SHELF + place,
                f"{'Guarded' if place % 2 else 'Open'} {WORDS[place]} {shelf:02d}",
                needs_approval=bool(place % 2),
            )
            for place in range(SHELF)
        ]
        for shelf in range(1 + requests // SHELF_REQUESTS)
    ]
    waiting, others = _dealt(ENDINGS_IN_ENTRA, dice), _dealt(ENDINGS, dice)
    told: list[Story] = []
    number = wishes = 0
    while wishes < requests:
        number += 1
        user, entra_id, who = _person(outside, number)
        for package in shelves[number % len(shelves)]:
            ending = next(waiting if package.needs_approval and entra_decides else others)
            story = Story(
                user=user,
                entra_id=entra_id,
                who=who,
                package=package,
                extends=dice.random() < 0.4 and ending != "canceled",
                ending=ending,
            )
            if wishes < requests:
                told.append(story)
                wishes += story.wishes
    dice.shuffle(told)
    return told


def _dealt(endings: Sequence[Ending], dice: random.Random) -> Iterator[Ending]:
    """Yield endings in an order that chance draws, each as often as the others: a short run has all of them, too."""
    while True:
        yield from dice.sample(endings, len(endings))


def _person(outside: StandIns, number: int) -> tuple[str, str, str]:
    world = outside.tenant.world
    user, name = f"U1P{number:04d}", f"Person {number:04d}"
    entra_id = f"a1000000-0000-4000-8000-{number:012d}"
    email = f"person{number:04d}@{seed.DOMAIN}"
    outside.workspace.people[user] = Person(
        id=user,
        name=f"person{number:04d}",
        real_name=name,
        email=email,
        team_id=outside.workspace.team_id,
    )
    world.users[entra_id] = User(
        id=entra_id,
        display_name=name,
        user_principal_name=email,
        created_at=world.users[seed.ANN].created_at,
        mail=email,
    )
    return user, entra_id, name


def _package(outside: StandIns, number: int, name: str, *, needs_approval: bool) -> Offered:
    """A copy of one of the tutorial's packages, for everybody."""
    world = outside.tenant.world
    model = seed.FINANCE_REPORTS if needs_approval else seed.MARKETING_CAMPAIGN
    package_id = f"d1000000-0000-4000-8000-{number:012d}"
    package = copy.deepcopy(world.packages[model])
    package.id, package.display_name = package_id, name
    world.packages[package_id] = package
    (policy,) = (copy.deepcopy(each) for each in world.policies_of(model))
    policy.id, policy.package_id = package_id.replace("d1", "91", 1), package_id
    policy.allowed_target_scope, policy.specific_allowed_targets = "allMemberUsers", []
    world.policies[policy.id] = policy
    return Offered(package_id, name, needs_approval)


async def repair(outside: StandIns, pace: Pace) -> None:
    """Dana has everything processed again of which somebody has a part only, as long as a card asks her."""
    while True:
        for shown in list(outside.workspace.channel(APPROVALS).messages):
            if "has a part only" in shown.text and "Reprocess" in labels(shown):
                await _press(outside, DANA, shown, "Reprocess")
        await asyncio.sleep(pace.patience)


async def _press(
    outside: StandIns, user: str, shown: Message, label: str, about: str = ""
) -> Outcome | None:
    """Press the button with that label, of several the one that is *about* something; None if there is none."""
    for button in buttons(shown):
        # "Extend" stands for "Extend to 3 Feb", too.
        if button["text"]["text"].split(" to ")[0] == label and about in button.get(
            "accessibility_label", ""
        ):
            return await outside.workspace.click(
                user=user,
                channel=shown.channel,
                ts=shown.ts,
                action_id=button["action_id"],
                block_id=button["block_id"],
                value=button["value"],
            )
    return None


@dataclass
class Acting:
    """Plays one story through the stand-in Slack: what a person sees decides what they do next."""

    outside: StandIns
    watch: Watch
    story: Story
    pace: Pace
    _is_taken: bool = False
    _is_under_way: bool = False
    _end: str = ""

    async def play(self) -> None:
        story = self.story
        await self._until(self._asks, lambda: story.accepted > 0)
        if story.ending == "canceled":
            await self._sees(BO, "asked", about=story.who)
            await self._until(
                self._cancels, lambda: self._is_under_way or self._was_told(CANCELED_IN_ENTRA)
            )
            await self._sees(story.user, "canceled")
            story.is_over = True
            return
        await self._decided("asked")
        await self._sees(story.user, "given")
        if story.extends:
            # Whole sentences: a list names other packages and what becomes of them, and a failure names the same.
            await self._gets(
                "Extend",
                "extended",
                f"sked to extend your access to *{story.package.name}*",
                f"Your access to *{story.package.name}* now lasts",
            )
            self._is_under_way, self._end = False, ""
        if story.ending == "returned":
            await self._gets(
                "Return",
                "returned",
                f"Returning *{story.package.name}*.",
                f"Your access to *{story.package.name}* is being removed already",
                f"you have returned *{story.package.name}*",
            )
        elif story.ending == "removed":
            accepted = story.accepted
            # The answer to the command may be lost with a replica; then the news says it.
            told = Notice(self.watch.place(DANA), "told", story.package.name, story.user)
            await self._until(
                self._removes, lambda: story.accepted > accepted or self.watch.sent.get(told)
            )
            story.accepted = accepted + 1
            await self._sees(story.user, "removed")
            await self._sees(DANA, "told", about=story.user)
        story.is_over = True

    async def _gets(self, label: str, kind: str, *signs: str) -> None:
        """Press a button of one's list until Slack says that it is done; *signs* are words that say it was taken."""
        story = self.story
        story.accepted += 1
        while True:
            await self._until(
                lambda: self._presses(label), lambda: self._is_under_way or self._was_told(*signs)
            )
            try:
                async with asyncio.timeout(GIVES_UP_AFTER * self.pace.long_patience):
                    if kind == "extended":
                        await self._decided("keeping")
                    await self._sees(story.user, kind)
                return
            except TimeoutError:
                # What was under way was something else: a command that came late, of a replica that stood still.
                self._is_under_way, self._end = False, ""

    async def _until(self, act: Callable[[], Awaitable[Any]], fact: Callable[[], Any]) -> None:
        """Do it again and again, as people do, until Slack shows that it was taken."""
        while not fact():
            await act()
            # Submitted, as far as Slack shows: pressing once more would be a second wish, not a repetition.
            patience = self.pace.long_patience if self._is_taken else self.pace.patience
            for _ in range(int(patience / self.pace.glance)):
                if fact():
                    return
                await asyncio.sleep(self.pace.glance)

    async def _sees(self, user: str, kind: str, *, about: str = "") -> None:
        await self.watch.seen(Notice(self.watch.place(user), kind, self.story.package.name, about))
        self.story.reached = kind

    async def _asks(self) -> None:
        outcome = await self._type(
            self.story.user, "/request-access", f"{self.story.package.slug} because it is my work"
        )
        said = outcome.text or ""
        # What was asked for may be there before the answer is, where a replica stood still meanwhile.
        if any(sign in said for sign in ACCEPTED):
            self.story.accepted, self.story.reached = 1, "accepted"

    async def _removes(self) -> None:
        wish = f"remove <@{self.story.user}> {self.story.package.slug} because it is over"
        outcome = await self._type(DANA, "/access-admin", wish)
        said = outcome.text or ""
        if outcome.ok and ("Removing" in said or "being removed" in said):
            self.story.accepted += 1

    async def _presses(self, label: str) -> None:
        self._is_taken = False
        shown = await self._type(self.story.user, "/my-access", "")
        # The answer to the click may be lost with a replica; the list says it as well: under way, or a new end.
        name, text = self.story.package.name, shown.text or ""
        end = re.search(rf"{name} ([^;:]+)", text)
        known, self._end = self._end, end[1] if end else self._end
        self._is_under_way = f"{name}: " in text or known not in {"", self._end}
        if self._is_under_way:
            return
        if shown.message is not None:
            await self._press(self.story.user, shown.message, label)

    async def _cancels(self) -> None:
        """Press Cancel in one's list, unless it says that it is being canceled already."""
        self._is_taken = False
        shown = await self._type(self.story.user, "/my-access", "")
        self._is_under_way = f"{self.story.package.name}: being canceled" in (shown.text or "")
        if not self._is_under_way and shown.message is not None:
            await self._press(self.story.user, shown.message, "Cancel")

    def _was_told(self, *words: str) -> bool:
        name = self.story.package.name
        return any(
            name in message.text and any(word in message.text for word in words)
            for message in self.outside.workspace.dm(self.story.user).messages
            if message.by_app
        )

    async def _decided(self, kind: str) -> None:
        """Bo approves, in his own direct messages, and presses again while his card still asks him."""
        if not self.story.package.needs_approval:
            return
        place = self.outside.workspace.dm(BO)
        notice = Notice(place.id, kind, self.story.package.name, self.story.who)
        patience = self.pace.patience
        while True:
            cards = self.watch.sent.get(notice, [])
            if cards and "Approve" not in labels(cards[-1]):
                return
            if cards:
                await self._press(BO, cards[-1], "Approve")
                # Every press is answered, so that nobody hammers; but nobody gives up either.
                for _ in range(int(patience / self.pace.glance)):
                    if "Approve" not in labels(cards[-1]):
                        return
                    await asyncio.sleep(self.pace.glance)
                patience = min(2 * patience, self.pace.long_patience)
            await asyncio.sleep(self.pace.glance)

    async def _type(self, user: str, command: str, text: str) -> Outcome:
        channel = self.outside.workspace.dm(user).id
        return await self.outside.workspace.command(
            user=user, channel=channel, command=command, text=text
        )

    async def _press(self, user: str, shown: Message, label: str) -> None:
        package = self.story.package.name
        outcome = await _press(self.outside, user, shown, label, package)
        if label == "Extend" and outcome is not None:
            # A form that Slack could not send is still open, and may be about another package.
            filled = await say_why_extended(
                self.outside.workspace, user, "It goes on", about=package
            )
            outcome = filled or outcome
        if outcome is not None:
            self._is_taken = outcome.ok
