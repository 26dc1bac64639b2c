"""The kinds of value in a package settings file: how each is read, and how an editor checks it."""

import re
from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema, WrapValidator
from pydantic_core import PydanticCustomError

from bot.packages.characters import unseen
from bot.packages.opening import LONGEST_ADDRESS, is_web_address
from bot.packages.patterns import Pattern, UnsupportedPattern
from bot.packages.settings.model import RESOURCES, Reminders, WeeklyTime

# Takes back what the catalog or the defaults say.
NONE: Final = "none"
UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LENGTH: Final = re.compile(r"(\d{1,6}) ?([mhd])", re.IGNORECASE)
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=365)
# The jobs find what is due, and there are minutes between two looks.
SHORTEST_RUNG: Final = timedelta(minutes=5)
MOST_RUNGS: Final = 10
PERCENT: Final = re.compile(r"(\d{1,2}) ?%")
CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{2,}")
FRESH_SIGN_IN: Final = "fresh sign-in"
ENTRA: Final = "entra"
LATCHKEY: Final = "latchkey"
# Source: Microsoft Graph reference, "authenticationContextClassReference resource type": c1 to c99.
AUTH_CONTEXT: Final = re.compile(r"c[1-9][0-9]?")
OWNER: Final = re.compile(r"[UWCG][A-Z0-9]{2,}")
HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?[-–] ?([01]\d|2[0-3]):([0-5]\d)")
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKLY: Final = re.compile(rf"({'|'.join(WEEKDAYS)}),? +([01]\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
MOST_APPROVALS: Final = 20
MOST_STAGES: Final = 10
LONGEST_NOTE: Final = 500
LONGEST_HINT: Final = 200
# Of an address that cannot be one, in the sentence that says so.
SHOWN: Final = 80
# Read on the way of an answer to Slack: a reason of 1,000 characters takes a tenth of a second at worst.
LONGEST_REASON_PATTERN: Final = 200
MOST_PATTERN_STATES: Final = 100


def unless_none(value: Any, read: Callable[[Any], Any]) -> Any:
    if value is None:
        raise PydanticCustomError("nothing", "says nothing")
    if isinstance(value, str) and value.strip().casefold() == NONE:
        return None
    return read(value)


def or_none(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, {"const": NONE}]})


def read_length(value: Any) -> timedelta:
    """
    Read “90m”, “4h” or “1d” as a duration.

    Raises:
        ValueError: It is none, or is not between a minute and a year.
    """
    found = LENGTH.fullmatch(_text(value))
    length = int(found[1]) * UNITS[found[2].lower()] if found else timedelta()
    if not SHORTEST <= length <= LONGEST:
        raise ValueError(
            f"“{value}” is no length of time; write minutes (90m), hours (4h) or days (1d), from 1m to 365d."
        )
    return length


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "text")
    return " ".join(value.split())


def _channel(value: Any) -> str:
    said = _text(value)
    if CHANNEL.fullmatch(said):
        return said
    if said.startswith("#"):
        raise ValueError(
            f"“{said}” is a channel's name, which anybody may change; write its id (C…), which stands at the bottom of "
            "the channel's details in Slack."
        )
    raise ValueError(f"“{said}” is no Slack channel; write its id (C…).")


def _owner(value: Any) -> str:
    said = _text(value)
    if not OWNER.fullmatch(said):
        raise ValueError(
            f"“{said}” is neither a Slack user id (U…) nor a channel id (C…); copy it from the profile or from the "
            "channel's details."
        )
    return said


def _quorum(value: Any) -> tuple[int, ...]:
    given = value if isinstance(value, list) else [value]
    numbers = [
        int(each) if isinstance(each, str) and each.isascii() and each.isdigit() else 0
        for each in given
    ]
    if not 0 < len(numbers) <= MOST_STAGES or not all(
        0 < each <= MOST_APPROVALS for each in numbers
    ):
        raise ValueError(
            f"Write how many people must approve, from 1 to {MOST_APPROVALS}: “2” for every stage, or a list such as "
            "“[2, 1]” for the stages in turn."
        )
    return tuple(numbers)


def _approval(value: Any) -> str:
    said = _text(value).casefold()
    if said != FRESH_SIGN_IN:
        raise ValueError(
            f"“{value}” is no way to approve; write “{FRESH_SIGN_IN}”, or “none” for a press of the button alone."
        )
    return said


def _decides(value: Any) -> str:
    said = _text(value).casefold()
    if said not in {ENTRA, LATCHKEY}:
        raise ValueError(f"“{value}” decides nothing; write “{ENTRA}” or “{LATCHKEY}”.")
    return said


def _opens(value: Any) -> str:
    said = _text(value)
    if said.casefold() == RESOURCES:
        return RESOURCES
    if not is_web_address(said):
        raise ValueError(
            f"“{said[:SHOWN]}” is no address that people can open; write one that begins with https://, has the name of a "
            f"host and no spaces, and has at most {LONGEST_ADDRESS:,} characters; or “{RESOURCES}”, or “none”."
        )
    return said


def _auth_context(value: Any) -> str:
    said = _text(value).casefold()
    if not AUTH_CONTEXT.fullmatch(said):
        raise ValueError(f"“{value}” is no authentication context; write its id, c1 to c99.")
    return said


def read_hours(value: Any) -> tuple[time, time]:
    """
    Read “20:00-07:00”.

    Raises:
        ValueError: It is no two times of a day.
    """
    found = HOURS.fullmatch(_text(value))
    if not found:
        raise ValueError(f"“{value}” is no time of the day; write one like “20:00-07:00”.")
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError(f"“{value}” begins when it ends; then there would be no time for a nudge.")
    return start, end


def _weekly(value: Any) -> WeeklyTime:
    said = _text(value)
    found = WEEKLY.fullmatch(said)
    if not found:
        raise ValueError(
            f"“{said}” is no day of the week with a time; write one like “monday 09:00”."
        )
    return WeeklyTime(WEEKDAYS.index(found[1].lower()), time(int(found[2]), int(found[3])))


def _reminders(value: Any) -> Reminders:
    given = value if isinstance(value, list) else re.split(r"[\s,]+", _text(value))
    lengths, percents = set(), set()
    for each in given:
        said = _text(each)
        share = PERCENT.fullmatch(said)
        if share and int(share[1]) > 0:
            percents.add(int(share[1]))
            continue
        try:
            length = read_length(said)
        except ValueError:
            length = timedelta()
        if length < SHORTEST_RUNG:
            raise ValueError(
                f"“{said}” is no time before the end; write “7d, 1d, 2h” (at least 5m), or a share of the duration "
                "such as “10%”."
            )
        lengths.add(length)
    if len(lengths) + len(percents) > MOST_RUNGS:
        raise ValueError(f"These are more than {MOST_RUNGS} reminders.")
    return Reminders(
        lengths=tuple(sorted(lengths, reverse=True)), percents=tuple(sorted(percents, reverse=True))
    )


def _sentence(longest: int) -> BeforeValidator:
    def read(value: Any) -> str:
        said = _text(value)
        if not said:
            raise ValueError(
                "This must not be empty; write “none” to take back what is set elsewhere."
            )
        if len(said) > longest:
            raise ValueError(f"This has {len(said)} characters; {longest} are possible.")
        found = unseen(said)
        if found:
            raise ValueError(f"This holds a character that nobody sees: {found}.")
        return said

    return BeforeValidator(read)


def read_reason_pattern(value: Any) -> Pattern:
    """
    Read a regular expression that a reason must contain, for a matcher whose time grows with the reason and nothing else.

    Raises:
        ValueError: It is none, or uses what that matcher does not understand.
    """
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "text")
    if len(value) > LONGEST_REASON_PATTERN:
        raise ValueError(
            f"This has {len(value)} characters; a pattern may have {LONGEST_REASON_PATTERN}."
        )
    ignores_case = value.startswith("(?i)")
    inside = value.removeprefix("(?i)")
    try:
        Pattern(inside)
        # Anywhere in the reason, as people expect of a search; ^ and $ hold it to an end.
        pattern = Pattern(f"{'(?i)' if ignores_case else ''}[\\s\\S]*(?:{inside})[\\s\\S]*")
    except UnsupportedPattern as error:
        raise ValueError(f"“{value}” cannot be used as a pattern: {error}.") from None
    if pattern.size > MOST_PATTERN_STATES:
        raise ValueError(f"“{value}” cannot be used as a pattern: the pattern is too intricate.")
    return pattern


def _name(value: str) -> str:
    found = unseen(value)
    if found:
        raise ValueError(f"This name holds a character that nobody sees: {found}.")
    if not value:
        raise ValueError("A name must not be empty.")
    return value


Length = Annotated[
    timedelta | None,
    BeforeValidator(read_length),
    WrapValidator(unless_none),
    or_none({"type": "string", "pattern": r"^\d+ ?[mhdMHD]$", "examples": ["90m", "4h", "1d"]}),
]
RequiredLength = Annotated[
    timedelta,
    BeforeValidator(read_length),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ ?[mhdMHD]$", "examples": ["24h"]}),
]
Channel = Annotated[
    str | None,
    BeforeValidator(_channel),
    WrapValidator(unless_none),
    or_none({"type": "string", "pattern": f"^{CHANNEL.pattern}$", "examples": ["C0123456789"]}),
]
Approval = Annotated[
    str | None,
    BeforeValidator(_approval),
    WrapValidator(unless_none),
    or_none({"const": FRESH_SIGN_IN}),
]
Decides = Annotated[str, BeforeValidator(_decides), WithJsonSchema({"enum": [ENTRA, LATCHKEY]})]
Opens = Annotated[
    str | None,
    BeforeValidator(_opens),
    WrapValidator(unless_none),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^https://[^\s<>|\"@]+$",
                    "maxLength": LONGEST_ADDRESS,
                    "examples": ["https://reports.contoso.example/"],
                },
                {"const": RESOURCES},
                {"const": NONE},
            ]
        }
    ),
]
AuthContext = Annotated[
    str | None,
    BeforeValidator(_auth_context),
    WrapValidator(unless_none),
    or_none({"type": "string", "pattern": f"^{AUTH_CONTEXT.pattern}$", "examples": ["c1"]}),
]
Owner = Annotated[
    str | None,
    BeforeValidator(_owner),
    WrapValidator(unless_none),
    or_none({"type": "string", "pattern": f"^{OWNER.pattern}$", "examples": ["U0123456789"]}),
]
Weekly = Annotated[
    WeeklyTime | None,
    BeforeValidator(_weekly),
    WrapValidator(unless_none),
    or_none(
        {
            "type": "string",
            "pattern": r"^([Mm]on|[Tt]ues|[Ww]ednes|[Tt]hurs|[Ff]ri|[Ss]atur|[Ss]un)day,? +([01]\d|2[0-3]):[0-5]\d$",
            "examples": ["monday 09:00"],
        }
    ),
]
_COUNT: Final = {"type": "integer", "minimum": 1, "maximum": MOST_APPROVALS}
Quorum = Annotated[
    tuple[int, ...] | None,
    BeforeValidator(_quorum),
    WrapValidator(unless_none),
    WithJsonSchema(
        {
            "anyOf": [
                _COUNT,
                {"type": "array", "items": _COUNT, "minItems": 1, "maxItems": MOST_STAGES},
                {"const": NONE},
            ]
        }
    ),
]
HOURS_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": f"^{HOURS.pattern}$",
    "examples": ["20:00-07:00"],
}
Hours = Annotated[tuple[time, time], BeforeValidator(read_hours), WithJsonSchema(HOURS_SCHEMA)]
_RUNG: Final = {"type": "string", "pattern": r"^(\d+ ?[mhdMHD]|\d{1,2} ?%)$"}
ReminderTimes = Annotated[
    Reminders | None,
    BeforeValidator(_reminders),
    WrapValidator(unless_none),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^(\d+ ?[mhdMHD]|\d{1,2} ?%)([\s,]+(\d+[mhdMHD]|\d{1,2}%))*$",
                    "examples": ["7d, 1d, 2h", "10%"],
                },
                {"type": "array", "items": _RUNG, "minItems": 1, "maxItems": MOST_RUNGS},
                {"const": NONE},
            ]
        }
    ),
]
Note = Annotated[
    str | None,
    _sentence(LONGEST_NOTE),
    WrapValidator(unless_none),
    or_none({"type": "string", "minLength": 1, "maxLength": LONGEST_NOTE}),
]
Hint = Annotated[
    str,
    _sentence(LONGEST_HINT),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_HINT}),
]
ReasonPattern = Annotated[
    Pattern | None,
    BeforeValidator(read_reason_pattern),
    WrapValidator(unless_none),
    or_none(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST_REASON_PATTERN,
            "examples": ["(CHG|INC)-[0-9]+"],
        }
    ),
]
DisplayName = Annotated[str, BeforeValidator(_name)]
