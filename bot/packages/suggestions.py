"""Suggest packages while somebody types: those first that they may have, as far as our own rows know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy

# Scopes that admit every member of the directory: all members, all users.
FOR_MEMBERS: Final = frozenset({2, 3})
# Slack's limit for the options of one answer.
MOST_SUGGESTED: Final = 100
# Of what was typed; a display name has 256 characters at most.
LONGEST_TYPED: Final = 300


class Prospect(IntEnum):
    """The prospect of somebody who asks for a package, as far as our own rows know; the best first."""

    OPEN = 0
    UNKNOWN = 1
    ASKED_ALREADY = 2
    HAS_ALREADY = 3
    FOR_OTHERS_ONLY = 4
    NOT_FOR_THEM = 5


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """
    Somebody who looks for a package, as our own rows know them.

    Attributes:
        entra_id: None until they are bound to an Entra user.
        has: Ids of the packages that they have, or are about to be given.
        asked: Ids of the packages that they have an open request for.
        refusal: Why they can ask for nothing, a sentence, by what was read a moment ago; None: they can.
        guest_sentence: The same by what Slack has said of them within a day: they are shown nothing to ask for.
        is_connected_elsewhere: Another Slack account has signed in as them, and what they have is shown there alone.
    """

    entra_id: str | None = None
    has: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    refusal: str | None = None
    guest_sentence: str | None = None
    is_connected_elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A package to choose, with the prospect of whoever looks for it."""

    package: Package
    prospect: Prospect


def prospect_of(package: Package, applicant: Applicant) -> Prospect:
    """Return what is known of whether *applicant* may have *package*; whoever judges the request decides."""
    if package.id in applicant.has:
        return Prospect.HAS_ALREADY
    if package.id in applicant.asked:
        return Prospect.ASKED_ALREADY
    return prospect_under_policies(package, applicant)


def prospect_under_policies(package: Package, applicant: Applicant) -> Prospect:
    """Return what is known of whether the policies of *package* admit *applicant*, whatever they have or have asked for."""
    found = [_prospect_under(policy, applicant) for policy in package.policies]
    return min(found) if found else Prospect.UNKNOWN


def is_for_some(package: Package) -> bool:
    """Tell whether every policy of *package* names single people, so that our own rows tell who they are."""
    return bool(package.policies) and all(
        policy.only_users is not None and policy.rank not in FOR_MEMBERS
        for policy in package.policies
    )


def _prospect_under(policy: OfferedPolicy, applicant: Applicant) -> Prospect:
    if not policy.for_oneself:
        # Who manages somebody is Entra's to say.
        return Prospect.FOR_OTHERS_ONLY
    if policy.rank in FOR_MEMBERS:
        return Prospect.OPEN
    if policy.only_users is None or applicant.entra_id is None:
        return Prospect.UNKNOWN
    return Prospect.OPEN if applicant.entra_id in policy.only_users else Prospect.NOT_FOR_THEM


def offered_to(packages: Iterable[Package], applicant: Applicant) -> tuple[Package, ...]:
    """
    Return those of *packages* that somebody may have as far as our own rows know, what they have or asked for last.

    Whoever knows the name of another may ask for it all the same.
    """
    found = [(prospect_of(package, applicant), package) for package in packages]
    found = [each for each in found if each[0] is not Prospect.NOT_FOR_THEM]
    # Stable: within one prospect they stay in the order of their names.
    return tuple(package for _, package in sorted(found, key=lambda each: each[0]))


def suggest(index: PackageIndex, typed: str, applicant: Applicant) -> list[Suggestion]:
    """
    Return what to suggest for *typed*, best first; everything, where nothing is typed.

    Args:
        index: What is shown in this workspace; hidden packages are not among it.
    """
    if applicant.refusal is not None:
        return []
    text = package_names.clean(package_names.unescaped(typed[:LONGEST_TYPED]))
    found: Sequence[Package] = index.search(text) if text else index.packages
    if text and not found:
        found = index.nearest(text)
    suggestions = [
        Suggestion(package=package, prospect=prospect_of(package, applicant)) for package in found
    ]
    # Stable: within one prospect they stay in the order of their names.
    suggestions.sort(key=lambda each: each.prospect)
    return suggestions[:MOST_SUGGESTED]
