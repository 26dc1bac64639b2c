"""The count: what the stand-ins hold at the end, against what people wished for."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sandbox.run import StandIns
from sandbox.slack.model import Message
from sandbox.tenant.model import Request
from tests.harness.world import APPROVALS, BO, DANA
from tests.proofs.chaos.people import Story
from tests.proofs.chaos.watch import Notice, Watch

TAG: Final = re.compile(r"\[latchkey (\w+)\]")
# Told to whoever has connected their account.
CONNECTED: Final = "Your Microsoft account is connected."
Struck = Callable[[float, float], bool]
# A message and its record lie this far apart at most.
MOMENT: Final = 4.0
# The removals in Entra that a story leaves behind, each with who made it, where Entra decides.
ENDS_AS: Final[Mapping[str, Callable[[str], list[tuple[str, str | None]]]]] = {
    "kept": lambda who: [],
    "canceled": lambda who: [],
    "returned": lambda who: [("userRemove", who)],
    "removed": lambda who: [("adminRemove", None)],
}


def never(moment: float, within: float) -> bool:
    """Nobody did harm."""
    return False


@dataclass
class Count:
    """Everything that must be empty, a line for each fault; and what was counted."""

    lost: list[str] = field(default_factory=list)
    doubled_grants: list[str] = field(default_factory=list)
    misdirected: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    doubled_notices: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    overtaken: int = 0
    requests: int = 0
    notices: int = 0
    alarms: list[str] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, list[str]]:
        """The promises that did not hold."""
        promises = {
            "lost": self.lost,
            "doubled grants": self.doubled_grants,
            "misdirected": self.misdirected,
            "missing notices": self.missing,
            "doubled notices": self.doubled_notices,
            "said before it was": self.early,
        }
        return {name: lines for name, lines in promises.items() if lines}


def count(
    outside: StandIns,
    watch: Watch,
    told: Sequence[Story],
    *,
    entra_decides: bool = False,
    struck: Struck = never,
) -> Count:
    """
    Count at the stand-ins; the bot's database is not asked.

    Args:
        entra_decides: Access is asked for in people's own name, and nothing is granted by the app.
        struck: Whether harm was done within so many seconds after a moment; for the report.
    """
    result = Count(early=list(watch.early), notices=watch.messages)
    _count_requests(outside, told, result, entra_decides=entra_decides)
    _count_access(outside, told, result)
    _count_notices(watch, told, struck, result)
    return result


def _count_requests(
    outside: StandIns, told: Sequence[Story], result: Count, *, entra_decides: bool
) -> None:
    made = [
        each
        for each in outside.tenant.world.requests.values()
        if each.request_type.startswith(("admin", "user"))
    ]
    wrong_hand = "admin" if entra_decides else "user"
    result.misdirected += [
        f"{each.request_type} by the wrong hand: {each.target_id}"
        for each in made
        if each.request_type in {f"{wrong_hand}Add", f"{wrong_hand}Update"}
    ]
    result.requests = len(made)
    wanted = {(story.entra_id, story.package.id): story for story in told}
    tags: Counter[str] = Counter()
    kinds: Counter[tuple[str, str, str]] = Counter()
    for request in made:
        about = f"{request.request_type} {request.target_id} {request.package_id}"
        tag = TAG.search(request.justification or "")
        tags[tag[1] if tag else f"none: {about}"] += 1
        kinds[request.request_type, request.target_id, request.package_id] += 1
        if (request.target_id, request.package_id) not in wanted:
            result.misdirected.append(about)
    result.doubled_grants += [
        f"{times} requests tagged {tag}" for tag, times in tags.items() if times > 1
    ]
    result.doubled_grants += [
        f"{times} times {' '.join(kind)}"
        for kind, times in kinds.items()
        if times > 1 and kind[0] in {"adminAdd", "userAdd"}
    ]
    if entra_decides:
        _count_in_own_name(made, told, result)
    result.lost += [
        f"{story.who}, {story.package.name}: not further than {story.reached}"
        for story in told
        if not story.is_over
    ]


def _count_in_own_name(made: Sequence[Request], told: Sequence[Story], result: Count) -> None:
    """What somebody takes back or gives back is done in Entra by themselves, once; what an admin takes away, by the app."""
    for story in told:
        if not story.is_over:
            continue
        theirs = [
            each
            for each in made
            if (each.target_id, each.package_id) == (story.entra_id, story.package.id)
        ]
        ends = [
            (each.request_type, each.requestor_id)
            for each in theirs
            if each.request_type.endswith("Remove")
        ]
        if ends != ENDS_AS[story.ending](story.entra_id):
            result.misdirected.append(f"{story.who}, {story.package.name}: ended by {ends}")
        canceled = [each.request_type for each in theirs if each.state == "canceled"]
        if canceled != (["userAdd"] if story.ending == "canceled" else []):
            result.misdirected.append(f"{story.who}, {story.package.name}: canceled {canceled}")


def _count_access(outside: StandIns, told: Sequence[Story], result: Count) -> None:
    """Whoever holds something must have wanted it and not given it back, and the other way round."""
    held = Counter(
        (each.target_id, each.package_id)
        for each in outside.tenant.world.assignments.values()
        if each.is_live
    )
    right = {
        (story.entra_id, story.package.id)
        for story in told
        if story.is_over and story.ending == "kept"
    }
    open_ended = {(story.entra_id, story.package.id) for story in told if not story.is_over}
    result.misdirected += [
        f"holds, but should not: {each}" for each in held if each not in right | open_ended
    ]
    result.lost += [f"should hold, but does not: {each}" for each in right if each not in held]
    result.doubled_grants += [
        f"holds {times} times: {each}" for each, times in held.items() if times > 1
    ]


def _expected(watch: Watch, story: Story) -> Iterator[Notice]:
    mine, package = watch.place(story.user), story.package.name
    if story.ending == "canceled":
        for place in (APPROVALS, watch.place(BO)):
            yield Notice(place, "asked", package, story.who)
        yield Notice(mine, "canceled", package)
        return
    cards = ["asked"] + ["keeping"] * story.extends if story.package.needs_approval else []
    for kind in cards:
        yield Notice(APPROVALS, kind, package, story.who)
        yield Notice(watch.place(BO), kind, package, story.who)
    yield Notice(mine, "given", package)
    if story.extends:
        yield Notice(mine, "extended", package)
    if story.ending != "kept":
        yield Notice(mine, story.ending, package)
    if story.ending == "removed":
        yield Notice(watch.place(DANA), "told", package, story.user)


def _count_notices(watch: Watch, told: Sequence[Story], struck: Struck, result: Count) -> None:
    wanted = {notice: story for story in told for notice in _expected(watch, story)}
    for notice, story in wanted.items():
        if not story.is_over or watch.sent.get(notice):
            continue
        elsewhere = {APPROVALS, watch.place(BO)} - {notice.place}
        if any(watch.sent.get(notice._replace(place=place)) for place in elsewhere):
            # Decided on another card before this one could be sent: there was nothing left to decide.
            result.overtaken += 1
        else:
            result.missing.append(str(notice))
    # Whether somebody has a part only for a while, is up to chance.
    maybe = {Notice(watch.place(story.user), "part", story.package.name) for story in told}
    for notice, messages in watch.sent.items():
        if notice not in wanted and notice not in maybe:
            result.misdirected.append(f"{notice}: {messages[0].text}")
        if len(messages) > 1:
            result.doubled_notices.append(_doubled(watch, struck, notice, messages))
    below = Counter((each.thread_ts, each.text) for each in watch.others if each.thread_ts)
    result.doubled_notices += [
        f"{text} below {ts}" for (ts, text), many in below.items() if many > 1
    ]
    connected = Counter(each.channel for each in watch.others if CONNECTED in each.text)
    result.doubled_notices += [
        f"{many} times connected: {place}" for place, many in connected.items() if many > 1
    ]
    for message in watch.others:
        if CONNECTED in message.text:
            continue
        if message.channel == APPROVALS and message.thread_ts:
            # What becomes of a request is said below its card.
            continue
        if message.channel == APPROVALS:
            result.alarms.append(message.text)
        else:
            result.misdirected.append(f"unexpected in {message.channel}: {message.text}")


def _doubled(watch: Watch, struck: Struck, notice: Notice, messages: Sequence[Message]) -> str:
    """Return when it came, and what had happened by then: where to look for the cause."""
    unclear = watch.unclear[notice.place, messages[0].text]
    was_struck = struck(float(messages[0].ts), MOMENT)
    return (
        f"{notice} at {[each.ts for each in messages]}; {unclear} unclear answers"
        f"{', a replica or the database was struck' if was_struck else ''}"
    )
