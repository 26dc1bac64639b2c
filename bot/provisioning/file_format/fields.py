"""Define the fields of the file: the base of its blocks, and the kinds of value that they hold."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from bot.packages.characters import unseen
from bot.packages.names import clean
from bot.provisioning.file_format import grammar

YES: Final = frozenset({"yes", "true", "on"})
NO: Final = frozenset({"no", "false", "off"})
# Entra's own limit for the display names of people and groups.
LONGEST_TITLE: Final = 256
# YAML 1.1 reads a bare yes as a truth value, YAML 1.2 as text; people and editors may go by either.
YES_OR_NO: Final = {"enum": [True, False, "yes", "no", "on", "off"]}


class Part(BaseModel):
    """A block of the file: ``may ask`` outside, ``may_ask`` inside; unknown words are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", " "),
        # Editors show it: the file's own word.
        model_title_generator=lambda block: block.__name__.removeprefix("Described"),
    )

    @field_validator("*", mode="before")
    @classmethod
    def _says_something(cls, value: Any) -> Any:
        """Refuse a word with nothing behind it: read as its default, “decided by:” would mean that nobody decides."""
        if value is None:
            raise PydanticCustomError("nothing", "says nothing")
        return value


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in YES | NO:
        return value.casefold() in YES
    raise ValueError(f"“{value}” must be yes or no.")


def _on_one_line(value: str) -> str:
    said = " ".join(value.split())
    found = unseen(said)
    if found:
        raise ValueError(f"“{clean(said)}” holds a character that nobody sees: {found}.")
    return said


def _name(value: str) -> str:
    said = _on_one_line(value)
    if not said:
        raise ValueError("This must not be empty.")
    return said


def _title(value: str) -> str:
    said = _name(value)
    if len(said) > LONGEST_TITLE:
        raise ValueError(
            f"“{clean(said)[:40]}…” has {len(said)} characters; a name may have {LONGEST_TITLE}."
        )
    return said


def _described(value: str) -> str:
    if not value.strip():
        # Entra wants one: made without, a thing has its name for it.
        raise ValueError("“description” says nothing.")
    return value


def _some_time(value: str) -> str:
    if not grammar.read_duration(value):
        raise ValueError(f"“{value}” is no time at all.")
    return value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def checked(read: Callable[[str], object]) -> AfterValidator:
    """Keep text as it is written, after *read* has understood it."""

    def check(value: str) -> str:
        said = _on_one_line(value)
        read(said)
        return said

    return AfterValidator(check)


def one_or_more(pattern: str, examples: list[str]) -> WithJsonSchema:
    """Show in an editor: one of these, or a list of them."""
    one = {"type": "string", "pattern": pattern, "examples": examples}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


SUBJECT_PATTERN: Final = (
    rf"^(({'|'.join(grammar.NAMED)}) .+|manager level [1-4]|{'|'.join(grammar.UNNAMED)}|\S+@\S+)$"
)
DECIDER_PATTERN: Final = SUBJECT_PATTERN.replace(f"|{'|'.join(grammar.NEVER_DECIDING)}", "")
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no), WithJsonSchema(YES_OR_NO)]
Name = Annotated[str, AfterValidator(_name)]
# What something of the tenant's is called.
Title = Annotated[
    str,
    AfterValidator(_title),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE}),
]
Duration = Annotated[
    str,
    checked(grammar.read_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d+ *(minute|hour|day|week|year)s?$",
            "examples": ["14 days"],
        }
    ),
]
# How long somebody has for something.
Deadline = Annotated[
    Duration,
    AfterValidator(_some_time),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^0*[1-9]\d* *(minute|hour|day|week|year)s?$",
            "examples": ["14 days"],
        }
    ),
]
Description = Annotated[
    str, AfterValidator(_described), WithJsonSchema({"type": "string", "pattern": r"\S"})
]
Lasts = Annotated[
    str,
    checked(grammar.read_expiration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(no end|until .+|\d+ *(minute|hour|day|week|year)s?)$",
            "examples": ["30 days", "8 hours", "until 2027-01-31", "no end"],
        }
    ),
]
Subjects = Annotated[
    tuple[Annotated[str, checked(grammar.read_decider)], ...],
    BeforeValidator(_as_list),
    one_or_more(DECIDER_PATTERN, ["group Marketing", "person ann@contoso.example", "manager"]),
]
Roles = Annotated[
    tuple[Annotated[str, checked(grammar.read_role)], ...],
    BeforeValidator(_as_list),
    one_or_more(
        r"^(group .+|.+ of (the )?(group|application|site|Entra role) .+)$",
        ["Member of group Marketing", "Reader of application Ledger"],
    ),
]
NameList = Annotated[
    tuple[Name, ...], BeforeValidator(_as_list), one_or_more(r"\S", ["ann@contoso.example"])
]
