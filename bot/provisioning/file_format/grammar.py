"""Reads and writes the file's small language: how long, who, and which role, read from words and written as words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.suggestions import is_guess, nearest
from graph.models import Expiration
from graph.values import in_zone, same_word

UNITS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "year": timedelta(days=365),
}
NO_END: Final = "no end"
# "until 31 January" means that the whole of that day still counts, by UTC.
END_OF_DAY: Final = time(23, 59, 59, tzinfo=UTC)
GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

NAMED: Final = ("group", "person", "connected organization", "service principal", "rule")
NEVER_DECIDING: Final = ("connected organization", "service principal", "rule")
UNNAMED: Final = {  # the file's word: the subject set's type in Graph
    "manager": "requestorManager",
    "manager of who gets it": "targetManager",
    "internal sponsors": "internalSponsors",
    "external sponsors": "externalSponsors",
    "sponsors of who gets it": "targetUserSponsors",
}
DECIDING: Final = (*(each for each in NAMED if each not in NEVER_DECIDING), *UNNAMED)
ENTRA_ROLE: Final = "Entra role"
THINGS: Final = {  # the file's word: Graph's origin system
    "group": "AadGroup",
    "application": "AadApplication",
    "site": "SharePointOnline",
    ENTRA_ROLE: "DirectoryRole",
}
_KINDS_OF_THING: Final = {system.casefold(): kind for kind, system in THINGS.items()}
# What the address bar of a browser shows for a site.
_SITE_PAGE: Final = re.compile(
    r"(https?://.+?)/(?:SitePages/|_layouts/|Forms/|[^/?]+\.aspx).*", re.IGNORECASE
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS: Final = frozenset({"month", "mo"})
_DURATION: Final = re.compile(r"(\d{1,6}) *([a-z]+?)s?", re.IGNORECASE)
# The first kind of thing ends the role's name; roles may have an "of" of their own.
_ROLE: Final = re.compile(
    rf"(?P<role>.+?) of (?:the )?(?P<thing>(?:{'|'.join(THINGS)}) .+)", re.IGNORECASE
)
_LIKE_A_ROLE: Final = re.compile(r".+? of (?:the )?(?P<thing>\w+ .+)")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Somebody, or a rule that stands for people: ``group Marketing``, ``manager level 2``."""

    kind: str
    name: str = ""
    level: int = 1

    def __str__(self) -> str:
        if self.kind == "manager" and self.level != 1:
            return f"manager level {self.level}"
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that a catalog may hand out: ``group Marketing``, ``application Ledger``, ``Entra role …``."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def origin_system(self) -> str:
        return THINGS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Role:
    """One role of one thing: ``Reader of application Ledger``."""

    role: str
    thing: Thing

    def __str__(self) -> str:
        return f"{self.role} of {self.thing}"


def read_duration(text: str) -> timedelta:
    """
    Read "30 days", "8 hours" or "2 weeks" as a duration.

    Raises:
        ValueError: It is none; the sentence says what one looks like.
    """
    said = text.strip()
    if _DATE.match(said):
        raise ValueError(f"“{text}” is a date, not a duration; write “30 days” or “8 hours”.")
    found = _DURATION.fullmatch(said)
    if not found:
        raise ValueError(f"“{text}” is no duration; write one like “30 days” or “8 hours”.")
    count, unit = int(found[1]), found[2].casefold()
    if unit in _MONTHS:
        raise ValueError(
            f"“{text}” is not the same number of days in every year; write “{count * 30} days”."
        )
    if unit not in UNITS:
        raise ValueError(f"“{text}” is no duration.{nearest(unit, UNITS)}")
    return count * UNITS[unit]


def say_duration(duration: timedelta) -> str:
    """Say a duration in the largest unit that needs no fraction, days at most."""
    for unit in ("day", "hour", "minute"):
        count, rest = divmod(duration, UNITS[unit])
        if not rest:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{round(duration / UNITS['minute'])} minutes"


def read_expiration(text: str) -> Expiration:
    """
    Read "30 days", "until 2027-01-31", "until 2027-01-31 18:00" (UTC), or "no end".

    Raises:
        ValueError: It is none of these.
    """
    said = " ".join(text.split())
    if said.casefold() == NO_END:
        return Expiration.never()
    if said.casefold().startswith("until "):
        return Expiration.at(_moment(said[6:]))
    day = _DATE.match(said)
    if day:
        raise ValueError(f"“{text}” is a date; write “until {day[0]}”.")
    if not said[:1].isdigit():
        raise ValueError(
            f"“{text}” says no duration; write “30 days”, “until 2027-01-31” or “no end”."
        )
    duration = read_duration(said)
    if not duration:
        raise ValueError(f"Access for {said} is none; write “no end” if it shall not end.")
    return Expiration.after(duration)


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), END_OF_DAY)
    except ValueError:
        # It is no day alone.
        moment = _read_moment(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else in_zone(moment, UTC)


def _read_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text}” is no date; write one like “2027-01-31”.") from None


def is_untold(expiration: Expiration | None) -> bool:
    """Tell whether Graph does not say how long access lasts: beta has one spelling for no end and for hours."""
    return expiration is not None and expiration.is_unsaid


def say_expiration(expiration: Expiration | None) -> str:
    """Say an end as the file does; see ``is_untold`` for what this cannot tell from "no end"."""
    if expiration and same_word(expiration.type, "afterDuration") and expiration.duration:
        return say_duration(expiration.duration)
    if expiration and same_word(expiration.type, "afterDateTime") and expiration.end_date_time:
        moment = expiration.end_date_time
        if moment.timetz() == END_OF_DAY:
            return f"until {moment:%Y-%m-%d}"
        return f"until {moment:%Y-%m-%d %H:%M}" + (f":{moment:%S}" if moment.second else "")
    return NO_END


def is_said_exactly(expiration: Expiration | None) -> bool:
    """Tell whether the file's words for an end mean that end, to the second, and can be read."""
    kind = expiration.type if expiration else None
    if expiration is None or any(
        same_word(kind, each) for each in ("notSpecified", "noExpiration")
    ):
        return True
    try:
        read = read_expiration(say_expiration(expiration))
    except ValueError:
        return False
    if same_word(kind, "afterDuration"):
        return read.duration == expiration.duration is not None
    return same_word(kind, read.type) and _seconds(read) == _seconds(expiration)


def is_said_exactly_as_duration(duration: timedelta) -> bool:
    """The same of a duration that is no end."""
    try:
        return read_duration(say_duration(duration)) == duration
    except ValueError:
        return False


def _seconds(expiration: Expiration) -> datetime | None:
    end = expiration.end_date_time
    return end.replace(microsecond=0) if end else None


def read_subject(text: str, *, words: Iterable[str] = (*NAMED, *UNNAMED)) -> Subject:
    """
    Read "group Marketing", "person ann@contoso.example", "manager", "manager level 2" and so on.

    A bare e-mail address is a person.

    Args:
        words: Those that may stand there, for the sentence where none does.

    Raises:
        ValueError: It says nobody that Entra knows of.
    """
    said = " ".join(text.split())
    folded = said.casefold()
    if folded in UNNAMED:
        return Subject(kind=folded)
    level = re.fullmatch(r"manager level ([1-4])", folded)
    if level:
        return Subject(kind="manager", level=int(level[1]))
    for kind in NAMED:
        if folded.startswith(f"{kind} "):
            return Subject(kind=kind, name=said[len(kind) + 1 :])
    if re.fullmatch(r"\S+@\S+", said):
        return Subject(kind="person", name=said)
    known = list(words)
    first, whole = nearest(folded.partition(" ")[0], known), nearest(folded, known)
    hint = first if is_guess(first) and not is_guess(whole) else whole
    raise ValueError(
        f"“{text}” does not say who; write “group …” or “person …@…” or another of these words.{hint}"
    )


def read_decider(text: str) -> Subject:
    """
    Read somebody who can decide or review: people, groups, managers and sponsors.

    Raises:
        ValueError: It says nobody, or whom Entra lets ask and not decide.
    """
    subject = read_subject(text, words=DECIDING)
    if subject.kind in NEVER_DECIDING:
        raise ValueError(f"“{text}” may ask, but cannot decide.")
    return subject


def name_of_person(text: str) -> str:
    """Return whom “person ann@contoso.com” names, and the text itself where that word is left out."""
    word, _, name = text.partition(" ")
    return name.strip() if word.casefold() == "person" and name.strip() else text


def kind_of_thing(origin_system: str | None) -> str | None:
    """Return the file's word for what Graph calls an origin system; None: the file has none."""
    return _KINDS_OF_THING.get((origin_system or "").casefold())


def read_thing(text: str) -> Thing:
    """
    Read "group Marketing", "application Ledger", "site https://…" or "Entra role Helpdesk Administrator".

    Raises:
        ValueError: It is none of these.
    """
    said = " ".join(text.split())
    for kind in THINGS:
        if said.casefold().startswith(f"{kind.casefold()} "):
            name = said[len(kind) + 1 :]
            return Thing(kind=kind, name=_site(name) if kind == "site" else name)
        if said.casefold() == kind.casefold():
            raise ValueError(f"“{text}” does not say which; write “{kind} …”.")
    hint = nearest(said.partition(" ")[0], THINGS)
    raise ValueError(
        f"“{text}” names nothing that a catalog may hand out; write “group …”, “application …”, "
        f"“site …” or “Entra role …”.{hint}"
    )


def reads_back(said: str) -> bool:
    """Tell whether a thing that is said so is read as just that."""
    try:
        return str(read_thing(said)) == said
    except ValueError:
        return False


def _site(name: str) -> str:
    """
    Return a site's address as Entra has it, without the slash that a browser adds; a name as it is.

    Raises:
        ValueError: It is the address of a page in the site.
    """
    page = _SITE_PAGE.match(name)
    if page:
        raise ValueError(f"“{name}” is a page; write the address of its site, “{page[1]}”.")
    return name.rstrip("/") if "://" in name else name


def read_role(text: str) -> Role:
    """
    Read "Reader of application Ledger"; "group Marketing" alone means its Member role.

    Raises:
        ValueError: It names no role of anything.
    """
    said = " ".join(text.split())
    if said.casefold().startswith("group "):
        return Role(role="Member", thing=read_thing(said))
    found = _ROLE.fullmatch(said)
    if found:
        return Role(role=found["role"], thing=read_thing(found["thing"]))
    like = _LIKE_A_ROLE.fullmatch(said)
    if like:
        read_thing(like["thing"])
    raise ValueError(f"“{text}” is no role; write one like “Member of group Marketing”.")


def read_other(text: str) -> Thing:
    """
    Read "package Finance Reports" or "group Auditors": what a package does not go together with.

    Raises:
        ValueError: It is neither.
    """
    kind, _, name = " ".join(text.split()).partition(" ")
    if kind.casefold() not in ("package", "group") or not name:
        raise ValueError(f"“{text}” must be “package …” or “group …”.")
    return Thing(kind=kind.casefold(), name=name)
