"""Reads policy tests as people write them."""

import re
from dataclasses import dataclass
from typing import Final

from bot.provisioning.file_format.grammar import read_expiration, read_role, read_subject
from bot.suggestions import nearest

_PERSON: Final = r"(?P<person>\S.*?)"
_PACKAGE: Final = r"(?P<package>\S.*?)"

# Kind of sentence: how it reads.  The first that fits wins, so the longer forms come first.
PATTERNS: Final[dict[str, str]] = {
    "suppose member": rf"suppose {_PERSON} is (?P<no>not )?in group (?P<value>.+)",
    "suppose manager": rf"suppose (?P<value>.+?) is the manager of {_PERSON}",
    "suppose guest": rf"suppose {_PERSON} is (?P<no>not )?a guest",
    "may ask": rf"{_PERSON} may (?P<no>not )?ask for {_PACKAGE}",
    "approvers": (
        rf"(?P<which>fallback |escalation )?approvers of {_PACKAGE}"
        rf"(?: in stage (?P<stage>[1-3]))?(?: for {_PERSON})? "
        r"(?:(?P<yes>include)|(?P<no>do not include)) (?P<value>.+)"
    ),
    "approval": rf"(?:{_PACKAGE} )?needs (?P<no>no )?approval",
    "reason": rf"(?:{_PACKAGE} )?needs (?:a|(?P<no>no)) reason",
    "extend": rf"(?:{_PACKAGE} )?may (?P<no>not )?be extended",
    "ends": rf"(?:{_PACKAGE} )?ends (?:in )?(?P<value>\d.+|until .+)",
    "never ends": rf"(?:{_PACKAGE} )?never ends",
    "gives": rf"(?:{_PACKAGE} )?(?:gives|(?P<no>does not give)) (?P<value>.+)",
}
_COMPILED: Final = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in PATTERNS.items()}
EXAMPLES: Final = (
    "… may ask for …",
    "… may not ask for …",
    "approvers of … include …",
    "approvers of … do not include …",
    "… ends in 30 days",
    "… never ends",
    "… needs approval",
    "… needs no approval",
    "… needs a reason",
    "… may be extended",
    "… gives Member of group …",
    "suppose … is in group …",
    "suppose … is the manager of …",
    "suppose … is a guest",
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """
    One policy test, or a supposition that the tests after it rest on.

    Attributes:
        kind: A key of ``PATTERNS``.
        person, package: Whom and what it is about; None: as in the sentence before.
        value: What is said of them: a group, somebody, a duration, a role.
        holds: Whether it says that it is so, or that it is not.
        which: For approvers: primary, fallback or escalation.
        stage: For approvers: which stage, from 1; None: any.
    """

    kind: str
    text: str
    person: str | None = None
    package: str | None = None
    value: str = ""
    holds: bool = True
    which: str = "primary"
    stage: int | None = None

    @property
    def is_supposed(self) -> bool:
        return self.kind.startswith("suppose")


def read_sentence(text: str) -> Sentence:
    """
    Take a policy test apart.

    Raises:
        ValueError: It reads like none that we know.
    """
    said = " ".join(text.split()).rstrip(".")
    for kind, pattern in _COMPILED.items():
        found = pattern.fullmatch(said)
        if found is None:
            continue
        parts = found.groupdict()
        sentence = Sentence(
            kind=kind,
            text=said,
            person=parts.get("person"),
            package=parts.get("package"),
            value=parts.get("value") or "",
            holds=not parts.get("no"),
            which=(parts.get("which") or "primary").strip().casefold(),
            stage=int(parts["stage"]) if parts.get("stage") else None,
        )
        _check(sentence)
        return sentence
    hint = nearest(said, EXAMPLES) or (
        " Write one like “ann@contoso.example may ask for marketing-campaign” or “ends in 30 days”."
    )
    raise ValueError(f"“{text}” is no policy test.{hint}")


def _check(sentence: Sentence) -> None:
    if sentence.kind == "ends":
        read_expiration(sentence.value)
    elif sentence.kind == "gives":
        read_role(sentence.value)
    elif sentence.kind == "approvers" and sentence.value.casefold().startswith(
        ("group ", "person ", "manager ")
    ):
        read_subject(sentence.value)
