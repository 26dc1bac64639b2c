"""A policy under which a package can be asked for, with all that a request form needs to know of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.packages.named_stages import NamedDeciders, NamedStage
from bot.packages.questions import Question
from bot.words import N_
from bot.words.formats import kept_moment
from graph.values import moment_after


@dataclass(frozen=True, kw_only=True)
class OfferedPolicy:
    """
    One way to a package, synced from Graph.

    Attributes:
        rank: How specific its scope is; the lowest that admits a person applies, and policies of one rank are equal.
        lasts: For people: "30 days", "until 31 Jan 2027", "no end date".
        stages: Who must approve, stage by stage; empty: nobody has to; None: it is not known yet.
        not_askable: Why it cannot be asked for in Slack, a sentence; None: it can be.
        has_own_dates: Whoever asks may say from when until when.
        longest_seconds: How long it lasts at most; None where the policy gives no length.
        latest_end: The day on which its access ends, whenever it began.
        extension_stages: Who must approve an extension; empty: nobody has to, or it is not known.
        open_to: Whom it is for, for people: "members of “Marketing”"; empty where it is not known.
        only_users: Entra ids of those whom it is for, where it names people and nothing else; None: it does not.
        for_oneself: Whoever it is for may ask themselves.
        managers_may_ask: The manager of whoever it is for may ask for them.
        deciders: Whom it names to decide, about new access or an extension; None: it is not known yet.
        may_extend: Whoever has access under it may extend that.
        may_return: Whoever has access under it may give it back.
    """

    id: str
    name: str
    rank: int
    lasts: str
    stages: tuple[NamedStage, ...] | None = None
    needs_reason: bool = False
    questions: tuple[Question, ...] = ()
    not_askable: str | None = None
    has_own_dates: bool = False
    longest_seconds: int | None = None
    latest_end: datetime | None = None
    extension_stages: tuple[NamedStage, ...] = ()
    open_to: str = ""
    only_users: tuple[str, ...] | None = None
    for_oneself: bool = True
    managers_may_ask: bool = False
    deciders: NamedDeciders | None = None
    may_extend: bool = True
    may_return: bool = True

    @property
    def has_required_questions(self) -> bool:
        return any(question.required for question in self.questions)

    def end_of(self, start: datetime) -> datetime | None:
        """Return when access from *start* on ends at the latest; None: never."""
        if self.latest_end is not None:
            return self.latest_end
        if self.longest_seconds is not None:
            return moment_after(start, timedelta(seconds=self.longest_seconds))
        return None


# By id, the policies under which people have access; None: they may extend it, and no more is known before the next sync.
PoliciesHeldUnder = Mapping[str, OfferedPolicy | None]


def lets_return(held_under: PoliciesHeldUnder, policy_id: str | None) -> bool:
    """Tell whether people may give back themselves what they have under a policy, as far as that is known."""
    policy = held_under.get(policy_id or "")
    return policy is None or policy.may_return


def needs_choice(policies: Iterable[OfferedPolicy]) -> bool:
    """Tell whether there are equal ones among them: then only a person can say which they want."""
    ranks = [policy.rank for policy in policies]
    return len(set(ranks)) < len(ranks)


# A moment that was picked and has just passed is meant to be now.
JUST_NOW: Final = timedelta(minutes=5)
NO_DATES: Final = N_("Its policy does not let you choose the dates.")


def find_wrong_dates(
    policy: OfferedPolicy, *, start: datetime | None, end: datetime | None, now: datetime
) -> dict[str, str]:
    """Return what is wrong with the dates that somebody wants, a sentence for "start", "end" or both."""
    wrong: dict[str, str] = {}
    if not policy.has_own_dates:
        return {name: NO_DATES for name, at in (("start", start), ("end", end)) if at}
    if start is not None and start < now - JUST_NOW:
        wrong["start"] = N_("Please choose a moment that is still to come.")
    begin = max(start or now, now)
    latest = policy.end_of(begin)
    if latest is not None and begin >= latest:
        wrong["start"] = N_("It ends {when} already.").format(when=kept_moment(latest))
    elif end is not None and end <= begin:
        wrong["end"] = N_("Please choose a later moment: this is no time at all.")
    elif end is not None and latest is not None and end > latest:
        wrong["end"] = N_("It lasts {lasts}, so {when} at the latest.").format(
            lasts=policy.lasts, when=kept_moment(latest)
        )
    return wrong


def agreed_dates(
    policy: OfferedPolicy, *, start: datetime | None, end: datetime | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return from when until when somebody gets it who chose these dates; None: at once, as long as the policy gives."""
    if start is not None and start <= now:
        start = None
    if start is not None and end is None:
        end = policy.end_of(start)
    return start, end
