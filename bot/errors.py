"""
Things that go wrong which a person can be told about.

``str(error)`` of every LatchkeyError is plain text, fit for Slack and for a terminal.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.words import N_, N_ngettext


class LatchkeyError(Exception):
    """Something we can explain, with what to do about it."""


@dataclass(frozen=True, kw_only=True)
class PackageName:
    """A package to choose: *catalog* tells packages of one name apart."""

    id: str
    name: str
    catalog: str

    def __str__(self) -> str:
        return f"{self.name} ({self.catalog})" if self.catalog else self.name


class UnknownPackage(LatchkeyError):
    """
    Nobody knows an access package of that name.

    Attributes:
        asked: What the person typed, shortened.
        near: Packages that it may have meant, best first.
        more: How many others have what was typed in their names.
        reason: What the person has said besides, if one of those was meant.
        or_person: It might have named a person as well, and nobody is known by that name.
    """

    def __init__(
        self,
        asked: str,
        near: Sequence[PackageName],
        *,
        more: int = 0,
        reason: str | None = None,
        or_person: bool = False,
    ) -> None:
        self.asked = asked
        self.reason = reason
        self.near = tuple(near)
        self.more = more
        self.or_person = or_person
        sentence = (
            N_(
                "I know nobody and no access package called “{asked}”. People are found by their whole name, its "
                "beginning, or that of their surname, as they stand in Entra."
            )
            if or_person
            else N_("There is no access package called “{asked}”.")
        )
        super().__init__(sentence.format(asked=asked))


class WhichPackage(LatchkeyError):
    """
    Several access packages bear the name, or may be meant by it: the person must say which.

    Attributes:
        choices: All of them.
        reason: What the person has said already.
        are_listed: The person has named each of them, and may need several.
    """

    def __init__(
        self,
        asked: str,
        choices: Sequence[PackageName],
        *,
        reason: str | None = None,
        are_listed: bool = False,
    ) -> None:
        self.asked = asked
        self.reason = reason
        self.are_listed = are_listed
        self.choices = tuple(choices)
        names = " or ".join(f"“{choice}”" for choice in self.choices)
        super().__init__(
            N_("“{asked}” may be {names}. Please write the one that you mean like this.").format(
                asked=asked, names=names
            )
        )


class ReasonNeeded(LatchkeyError):
    """The package's policy wants to know why, and the person has not said."""

    def __init__(self, package_id: str, package_name: str, slug: str) -> None:
        self.package_id = package_id
        self.package_name = package_name
        super().__init__(
            N_(
                "“{package}” is only given with a reason. Say why: /request-access {slug} because …"
            ).format(package=package_name, slug=slug)
        )


class ReasonIncomplete(LatchkeyError):
    """
    The reason lacks what the package's settings want in it.

    Attributes:
        reason: What the person has said already.
    """

    def __init__(self, package_id: str, package_name: str, reason: str | None, hint: str) -> None:
        self.package_id = package_id
        self.package_name = package_name
        self.reason = reason
        sentence = (
            N_("Your reason for “{package}” lacks something. {hint}")
            if reason
            else N_("Your reason for “{package}” is missing. {hint}")
        )
        super().__init__(sentence.format(package=package_name, hint=hint))


class FormNeeded(LatchkeyError):
    """
    The package asks what a command cannot answer: its form must be filled in.

    Attributes:
        reason: What the person has said already.
    """

    def __init__(
        self,
        package_id: str,
        package_name: str,
        reason: str | None,
        *,
        is_for_others_only: bool = False,
    ) -> None:
        """
        Args:
            is_for_others_only: Managers ask for it for their people, and nobody for themselves.
        """
        self.package_id = package_id
        self.reason = reason
        sentence = (
            N_(
                "Managers ask for “{package}” for the people who report to them, and nobody for themselves. If it is for one of "
                "yours, please choose them in the form."
            )
            if is_for_others_only
            else N_("To ask for “{package}”, please fill in a short form.")
        )
        super().__init__(sentence.format(package=package_name))


class WrongFields(LatchkeyError):
    """
    A form cannot be taken as it is filled in.

    Attributes:
        fields: What is wrong, a sentence by the name of the field.
        answers: The same, by question id.
    """

    def __init__(self, fields: Mapping[str, str], answers: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields)
        self.answers = dict(answers or {})
        super().__init__(" ".join((*self.fields.values(), *self.answers.values())))


class NotAllowed(LatchkeyError):
    """The person may not do that; the sentence says why."""


class NotAMember(NotAllowed):
    """
    Slack says that they are a guest, a bot, deactivated or of another workspace.

    Args:
        member: Which of these, "a guest".
    """

    def __init__(self, why: str, *, member: str) -> None:
        self.member = member
        super().__init__(why)


class TooOften(LatchkeyError):
    """
    Somebody does more in an hour than one person may; the sentence says when again.

    Args:
        what: What they do too often, "You have asked for access too often".
    """

    def __init__(self, what: str, *, again_in: timedelta) -> None:
        minutes = max(1, math.ceil(again_in.total_seconds() / 60))
        super().__init__(
            N_ngettext(
                "{what}. Please try again in {count} minute.",
                "{what}. Please try again in {count} minutes.",
                minutes,
            ).format(what=what, count=minutes)
        )


class TooLate(LatchkeyError):
    """Somebody or something was first; the sentence says who and when."""


class SeenBefore(LatchkeyError):
    """The very same click or command has come in already; whoever did it has been answered."""


class NotClear(LatchkeyError):
    """Microsoft Entra answers, and it cannot be told from that how a request stands."""


class TooSlow(LatchkeyError):
    """A step of a request took longer than a step may; nobody refused it, and it came to no end."""


class ConfigurationError(LatchkeyError):
    """Latchkey cannot start as it is configured; every problem, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class EmergencyNotOffered(LatchkeyError):
    """An ask that cannot be made as an emergency; a sentence, and nothing was asked for."""
