"""What the stand-in Slack has shown to people: each message sorted, and compared with the tenant as it comes."""

import asyncio
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sandbox.run import StandIns
from sandbox.slack.model import Call, Change, Message

WORDS: Final = {
    "given": re.compile(r"You now have access to \*(?P<package>.+?)\*"),
    "part": re.compile(r"You have a part only of \*?(?P<package>.+?)\*?, until"),
    "extended": re.compile(r"Your access to \*(?P<package>.+?)\* now lasts"),
    "returned": re.compile(r"Done: you have returned \*(?P<package>.+?)\*\. Thank you"),
    "removed": re.compile(r"Your access to \*(?P<package>.+?)\* was removed by"),
    "canceled": re.compile(r"Your request for \*(?P<package>.+?)\* is canceled in Microsoft Entra"),
    "told": re.compile(r"Done: <@(?P<about>\w+)> no longer has access to \*(?P<package>.+?)\*\."),
    "asked": re.compile(r"(?P<about>Person \d+) asks for (?P<package>.+?)\."),
    "keeping": re.compile(r"(?P<about>Person \d+) asks to extend (?P<package>.+?)\."),
}
# Told to whoever pressed a button; how often depends on how often they pressed.
ANSWERS: Final = re.compile(
    r"That was already|You have already|Asked for|I am checking|Asked to extend|Returning |.+ is being removed already|That access has"
    r"|I can't save |I can't look that up|Your decision is saved"
    r"|That reached me too late"
    r"|\d+ assignments? of .+ I could not look now"
    # Slack was slow to open the form of an extension, and did not take the answer beside the button either.
    r"|Slack did not open the form in time"
    # Whoever is named in a command could not be looked up.
    r"|I cannot tell just now"
    # The answer to an admin's command, which is said in a message where the command could not be answered.
    # Of a cancellation, likewise.
    r"|I am canceling your request for |That request |You have withdrawn that request"
    r"|Removing <@\w+>'s access to .+|<@\w+>'s access to .+ is being removed already"
    # The answer to a command was lost, and its repetition came when that had been granted.
    r"|I cannot get you access to .+\. You have it already"
)
# Slack took the message, and the bot cannot know.
UNCLEAR: Final = frozenset({"timeout_after", "drop_after", "fatal_error"})


class Notice(NamedTuple):
    """What a message says, to whom, about which package, and about whom if not the reader."""

    place: str
    kind: str
    package: str
    about: str = ""


@dataclass
class Watch:
    """Sees every message as it arrives."""

    outside: StandIns
    sent: dict[Notice, list[Message]] = field(default_factory=lambda: defaultdict(list))
    others: list[Message] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    unclear: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: int = 0
    _last: dict[str, str] = field(default_factory=dict)
    _arrivals: dict[Notice, asyncio.Event] = field(default_factory=dict)

    def begin(self) -> None:
        """Look from now on; the stand-ins themselves forget calls after a while."""
        workspace = self.outside.workspace
        workspace.subscribe(self._changed)
        remember = workspace.record_call

        def record(call: Call) -> None:
            remember(call)
            if call.method == "chat.postMessage" and call.ok and call.fault in UNCLEAR:
                place = self.place(str(call.args.get("channel")))
                self.unclear[place, str(call.args.get("text"))] += 1

        workspace.record_call = record  # type: ignore[method-assign]

    def place(self, to: str) -> str:
        """The channel in which a message to *to* shows up."""
        return self.outside.workspace.dm(to).id if to.startswith("U") else to

    async def seen(self, notice: Notice) -> None:
        """Wait until somebody was told so."""
        if not self.sent.get(notice):
            await self._arrivals.setdefault(notice, asyncio.Event()).wait()

    def _changed(self, change: Change) -> None:
        if change.kind != "message" or change.channel is None:
            return
        message = self.outside.workspace.channel(change.channel).messages[-1]
        # An edit of an earlier message is announced as well.
        if self._last.get(change.channel) == message.ts:
            return
        self._last[change.channel] = message.ts
        if message.by_app and message.ephemeral_to is None:
            self._arrived(message)

    def _arrived(self, message: Message) -> None:
        self.messages += 1
        for kind, words in WORDS.items():
            found = words.match(message.text)
            if found:
                parts = found.groupdict()
                notice = Notice(message.channel, kind, parts["package"], parts.get("about") or "")
                self.sent[notice].append(message)
                if notice in self._arrivals:
                    self._arrivals[notice].set()
                if not self._is_true(notice):
                    self.early.append(f"{message.text} ({message.channel}, {message.ts})")
                return
        if not ANSWERS.match(message.text):
            self.others.append(message)

    def _is_true(self, notice: Notice) -> bool:
        """Tell whether Entra has already done what the message says is done."""
        if notice.kind in {"asked", "keeping", "part"}:
            return True
        world = self.outside.tenant.world
        if notice.kind == "canceled":
            # A person has one request for a package here.
            return any(
                each.state == "canceled"
                and world.packages[each.package_id].display_name == notice.package
                and self.place(self._user_of(each.target_id)) == notice.place
                for each in world.requests.values()
            )
        user = notice.about or f"U{notice.place[1:]}"
        email = self.outside.workspace.person(user).email
        held = [
            each
            for each in world.assignments.values()
            if world.users[each.target_id].mail == email
            and world.packages[each.package_id].display_name == notice.package
        ]
        if notice.kind == "given":
            return any(each.state in {"delivered", "expired"} for each in held)
        if notice.kind == "extended":
            return any(each.is_extended for each in held)
        return bool(held) and not any(each.is_live for each in held)

    def _user_of(self, entra_id: str) -> str:
        """Return who somebody of the tenant is in Slack."""
        email = self.outside.tenant.world.users[entra_id].mail
        people = self.outside.workspace.people.values()
        return next(each.id for each in people if each.email == email)
