"""Say what a form that was sent is about: a package, the policy that it shows, which forms follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.messages.requests import package_menu

NO_POLICY: Final = "-"
FOR_WHOM: Final = "for_whom"
OTHER: Final = "other"


@dataclass(frozen=True, kw_only=True)
class FormSubject:
    """
    Say what a form is about; it travels with the form as words, ids and nothing else.

    Attributes:
        shown_policy: The policy whose questions it shows.
        asked: The fingerprint of those questions.
        offered: The policies that it offers, as far as it is known which admit the person; empty: all.
        has_menu: The package is chosen in the form itself.
        following: Packages whose own forms follow this one.
        for_others: It asks for whom the access is.
        for_other: It offers what there is for somebody else.
    """

    package_id: str
    shown_policy: str | None = None
    asked: str | None = None
    locale: str | None = None
    offered: tuple[str, ...] = ()
    has_menu: bool = False
    following: tuple[str, ...] = ()
    for_others: bool = False
    for_other: bool = False

    def words(self) -> str:
        parts = (
            self.package_id,
            self.shown_policy,
            self.asked,
            self.locale,
            ",".join(self.offered),
            package_menu.MENU if self.has_menu else None,
            ",".join(self.following),
            FOR_WHOM if self.for_others else None,
            OTHER if self.for_other else None,
        )
        return " ".join(part or NO_POLICY for part in parts)


def subject_in(view: Mapping[str, Any]) -> FormSubject:
    """Read what a form that came back is about."""
    words = str(view.get("private_metadata") or "").split(" ")
    parts = [word if word and word != NO_POLICY else None for word in (*words, *[""] * 9)]
    return FormSubject(
        package_id=parts[0] or "",
        shown_policy=parts[1],
        asked=parts[2],
        locale=parts[3],
        offered=tuple((parts[4] or "").split(",")) if parts[4] else (),
        has_menu=parts[5] is not None,
        following=tuple((parts[6] or "").split(",")) if parts[6] else (),
        for_others=parts[7] is not None,
        for_other=parts[8] is not None,
    )
