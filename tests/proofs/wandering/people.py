"""The people: what they have in front of them, and what they do next."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sandbox.slack import Message, Outcome, View
from sandbox.slack.forms import FIELDS, elements, options_of
from tests.harness.accounts import PUBLIC, browser_of, email_of
from tests.harness.crowd import slack_id
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    ENTRA_ID,
    EVE,
    GENERAL,
    GUS,
    MIA,
    PARTNERS,
    World,
    said,
)
from tests.proofs.wandering.behind_the_back import change
from tests.proofs.wandering.looking import Figures, Lookout

COLLEAGUES: Final = tuple(slack_id(number) for number in range(4))
PEOPLE: Final = (ANN, CY, BO, DANA, MIA, GUS, EVE, *COLLEAGUES)
# Who does more of the work.
WEIGHTS: Final = (6, 5, 9, 8, 7, 1, 1, *(2,) * len(COLLEAGUES))
CHANNELS: Final = (GENERAL, APPROVALS, "C0PRODUCTION", PARTNERS)
PACKAGES: Final = (
    "shelf-000",
    "shelf-001",
    "shelf-002",
    "shelf-003",
    "marketing-campaign",
    "finance-reports",
    "production-database",
    "customer-data",
    "build-servers",
    "release-approvals",
    "payroll",
    "board-papers",
    "no-such-thing",
    "production",
)
NAMES: Final = ("@ann", "@cy", "@bo", "@dana", "@mia", "@gus", "@eve", "@nobody")
REASONS: Final = (
    "INC-42 the close",
    "CHG-7",
    "audit <of> *May* & June\nand `more`",
    "so",
    "x" * 900,
    "Prüfung für Q4 🦄",
)
COMMANDS: Final = (
    ("/request-access {package}", 12),
    ("/request-access {package} because {reason}", 16),
    ("/request-access {package}, {package} because {reason}", 2),
    ("/request-access {package} for {name} because {reason}", 4),
    ("/request-access", 2),
    ("/request-access help", 1),
    ("/my-access", 6),
    ("/my-access past", 2),
    ("/my-access decided", 2),
    ("/my-access delegate {name} 3 days", 2),
    ("/my-access delegations", 1),
    ("/my-access connect", 1),
    ("/my-access help", 1),
    ("/access-admin", 2),
    ("/access-admin pending", 5),
    ("/access-admin assignments", 3),
    ("/access-admin assignments {name}", 1),
    ("/access-admin stuck", 2),
    ("/access-admin drift", 1),
    ("/access-admin remove {name} {package}", 2),
    ("/access-admin help", 1),
)
# Seconds between two looks of somebody who sees nothing happen.
PAUSES: Final = (0.5,) * 10 + (5,) * 20


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something in front of a person that one can press or choose from, and where it stands."""

    place: Message | View
    block: Mapping[str, Any]
    element: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.element["action_id"]).removeprefix("latchkey_")


class Wanderers:
    """
    The people, and what they have in front of them.

    Args:
        dice: Draws each step.
    """

    def __init__(
        self, world: World, dice: random.Random, *, figures: Figures, lookout: Lookout
    ) -> None:
        self._world = world
        self._dice = dice
        self.figures = figures
        self._lookout = lookout
        self._pressed: Counter[str] = Counter()

    async def step(self) -> None:
        """Let somebody do one thing, and look at what came of it."""
        user = self._dice.choices(PEOPLE, WEIGHTS)[0]
        if self._dice.random() < 0.06:
            await self._wait()
        elif self._dice.random() < 0.04:
            self._change_entra()
        else:
            await self._act(user)

    async def _act(self, user: str) -> None:
        modals = self._world.slack.person(user).modals
        things = list(self._things(user))
        if modals and self._dice.random() < 0.75:
            await self._in_form(user, modals[-1])
        elif things and self._dice.random() < 0.65:
            await self._press(user, self._some(things))
        elif self._dice.random() < 0.25:
            await self._watched(
                user, "open home", lambda: self._world.slack.open_home(user=user), is_silent=True
            )
        else:
            await self._type(user)

    def _some(self, things: Sequence[Thing]) -> Thing:
        """Choose something; what was pressed least comes first, so that each button gets its turn."""
        names = sorted({each.name for each in things})
        weights = [1 / (1 + self._pressed[each]) for each in names]
        (name,) = self._dice.choices(names, weights)
        return self._dice.choice([each for each in things if each.name == name])

    async def ask_for_much(self) -> None:
        """Let several people ask for several things, so that there is something to decide."""
        for user in (ANN, CY, MIA, BO, *COLLEAGUES):
            for package in self._dice.sample(PACKAGES[:11], 5):
                reason = self._word("reason")
                await self._world.type(user, f"/request-access {package} because {reason}")

    async def _type(self, user: str) -> None:
        patterns, weights = zip(*COMMANDS, strict=True)
        pattern = self._dice.choices(patterns, weights)[0]
        text = re.sub(r"\{(\w+)\}", lambda found: self._word(found[1]), pattern)
        at = [each for each in CHANNELS if user in self._world.slack.channel(each).members]
        channel = self._dice.choice([*at, self._world.slack.dm(user).id])
        await self._watched(
            user,
            f"type {' '.join(pattern.split()[:2])}",
            lambda: self._world.type(user, text, channel=channel),
            about=text,
        )

    def _word(self, kind: str) -> str:
        return self._dice.choice({"package": PACKAGES, "name": NAMES, "reason": REASONS}[kind])

    def _things(self, user: str) -> Iterator[Thing]:
        slack = self._world.slack
        places: list[Message | View] = []
        home = slack.person(user).home
        if home is not None:
            places.append(home)
        channels = [slack.channel(each) for each in CHANNELS] + [slack.dm(user)]
        for channel in channels:
            if user in channel.members:
                places += [each for each in channel.seen_by(user) if each.by_app][-25:]
        for place in places:
            for block, element in elements(place.blocks):
                yield Thing(place=place, block=block, element=element)

    async def _press(self, user: str, thing: Thing) -> None:
        """Press a button, or choose from a menu."""
        self._pressed[thing.name] += 1
        value = thing.element.get("value")
        if thing.element["type"] != "button":
            value = await self._chosen(user, thing)
            if value is None:
                return
        where = {"action_id": thing.element["action_id"], "block_id": thing.block["block_id"]}

        async def pressed() -> Outcome:
            if isinstance(thing.place, View):
                return await self._world.slack.click_view(
                    user=user, view_id=thing.place.id, value=value, **where
                )
            return await self._world.slack.click(
                user=user, channel=thing.place.channel, ts=thing.place.ts, value=value, **where
            )

        is_link = "url" in thing.element
        if str(thing.element.get("url")).startswith(PUBLIC) and user in ENTRA_ID:
            await self._sign_in(user, thing.element["url"])
        await self._watched(
            user,
            f"press {thing.name}",
            pressed,
            about=f"{thing.element.get('text', {}).get('text')} {value} on {said(thing.place)[:80]!r}",
            is_silent=is_link or thing.element["type"] != "button",
        )

    async def _sign_in(self, user: str, link: str) -> None:
        """Follow a link to Microsoft, mostly to the end, and mostly as oneself."""
        self.figures.did["sign in"] += 1
        self._lookout.last = f"{user} signs in"
        browser = browser_of(self._world)
        page = await browser.get(link)
        if not page.forms or self._dice.random() < 0.1:
            # The link is over, or they go no further.
            return
        whose = user if self._dice.random() < 0.9 else BO
        await browser.press("Go on to Microsoft")
        page = await browser.sign_in(email_of(whose, self._world))
        if page.status >= 500:
            self._lookout.complain(f"the browser ends at {page.status}: {page.shown[:300]}")

    async def _in_form(self, user: str, view: View) -> None:
        """Send a form that is filled in, mostly well; or press something in it, or close it."""
        things = [Thing(place=view, block=b, element=e) for b, e in elements(view.blocks)]
        pressable = [
            each
            for each in things
            if each.element["type"] == "button" or each.block.get("dispatch_action")
        ]
        how = self._dice.random()
        if how < 0.1 or (view.submit is None and not pressable):
            self.figures.did["close a form"] += 1
            await self._world.slack.close(user=user, view_id=view.id, clear=how < 0.05)
        elif pressable and (how < 0.4 or view.submit is None):
            await self._press(user, self._some(pressable))
        else:
            await self._submit(user, view, things)

    async def _submit(self, user: str, view: View, things: Sequence[Thing]) -> None:
        values: dict[str, dict[str, Any]] = {}
        for each in things:
            if each.element["type"] not in FIELDS or self._dice.random() < 0.1:
                continue
            if _is_filled(view, each) and self._dice.random() < 0.3:
                continue
            value = await self._chosen(user, each)
            if value is not None:
                values.setdefault(each.block["block_id"], {})[each.element["action_id"]] = value
        # The bot may have put something else into its place meanwhile.
        if view in self._world.slack.person(user).modals:
            await self._watched(
                user,
                f"submit {view.callback_id.removeprefix('latchkey_')}",
                lambda: self._world.slack.submit(user=user, view_id=view.id, values=values),
                about=str(values)[:200],
            )

    async def _chosen(self, user: str, thing: Thing) -> Any:
        """What somebody types or chooses there; None where there is nothing."""
        element, kind = thing.element, thing.element["type"]
        if kind.endswith("text_input"):
            longest = int(element.get("max_length", 3000))
            return self._dice.choice(REASONS)[:longest]
        if kind == "number_input":
            return str(self._dice.randint(0, 40))
        if kind == "datepicker":
            day = self._world.outside.clock.now() + timedelta(days=self._dice.randint(-2, 40))
            return day.date().isoformat()
        if kind == "timepicker":
            return self._dice.choice(("00:00", "09:30", "23:59"))
        if kind == "datetimepicker":
            later = timedelta(hours=self._dice.randint(-30, 900))
            return int((self._world.outside.clock.now() + later).timestamp())
        if kind == "users_select":
            return self._dice.choice(PEOPLE)
        options = options_of(dict(element))
        if kind.endswith("external_select"):
            where = (
                {"view_id": thing.place.id}
                if isinstance(thing.place, View)
                else {"channel": thing.place.channel, "ts": thing.place.ts}
            )
            suggested = await self._world.slack.suggest(
                user=user,
                action_id=element["action_id"],
                block_id=thing.block["block_id"],
                query=self._dice.choice(("", "pro", "re", "fin", "zz")),
                **where,
            )
            if suggested.error not in (None, "query_too_short"):
                self._lookout.complain(f"{user} was suggested {suggested.error} in {thing.name}")
            options = list(suggested.options)
        if not options:
            return None
        if kind in ("checkboxes",) or kind.startswith("multi_"):
            most = int(element.get("max_selected_items", len(options)))
            several = self._dice.sample(options, self._dice.randint(1, min(most, len(options))))
            return [each["value"] for each in several]
        return self._dice.choice(options)["value"]

    async def _watched(
        self,
        user: str,
        name: str,
        do: Callable[[], Any],
        *,
        about: str = "",
        is_silent: bool = False,
    ) -> None:
        """Do something, and wait until the one who did it sees something of it."""
        self.figures.did[name] += 1
        self._lookout.last = f"{user}: {name} {about}"
        before = self._lookout.seen_by(user)
        outcome: Outcome = await do()
        if outcome.error and "_" in outcome.error and outcome.status is None and outcome.errors:
            return  # Slack's own form objects.
        if outcome.error in {"operation_timeout", "dispatch_failed", "invalid_response"}:
            self._lookout.complain(f"Slack says {outcome.error} ({outcome.status})")
        for pause in PAUSES:
            await asyncio.sleep(pause)
            if outcome.error or is_silent or self._lookout.seen_by(user) != before:
                break
        else:
            self._lookout.complain(f"nothing is seen of it within {sum(PAUSES)} s")
        # Some do the next thing at once.
        await asyncio.sleep(self._dice.choice((0, 0, 1, 20)))

    async def _wait(self) -> None:
        """Let time pass: minutes, mostly; days, now and then."""
        by = self._dice.choice((60, 60, 600, 3_600, 9 * 3_600, 86_400, 6 * 86_400))
        self.figures.did["wait"] += 1
        self._lookout.last = f"{by} s pass"
        await self._world.later(timedelta(seconds=by))

    def _change_entra(self) -> None:
        what = change(self._world.outside, self._dice)
        self.figures.did[f"change {what}"] += 1
        self._lookout.last = f"in Entra: {what}"


def _is_filled(view: View, thing: Thing) -> bool:
    held = view.values.get(thing.block["block_id"], {}).get(thing.element["action_id"], {})
    return any(value for name, value in held.items() if name != "type")
