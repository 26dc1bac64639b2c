"""The rules that every evaluation shares: its result, the refusal, and the rule that somebody must be able to decide."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.errors import NotClear
from bot.messages.admins.alarms import NOBODY_DECIDES
from bot.packages import policy_terms, refusals
from bot.packages.eligibility import Refusal, RefusalReason
from bot.packages.model import Terms
from bot.packages.settings.file import PackageSettingsFile
from bot.people.actors import Permissions
from bot.people.approvers import HiddenApprovers, UnresolvedApprovers
from bot.people.identity import Identity
from bot.requests.model import Request
from bot.words import N_
from graph.models import AccessPackage, AccessPackageAssignment


class Refused(Exception):
    """The request cannot go on; the sentence is for the person."""

    def __init__(self, why: str, *, tell_admins: bool = False) -> None:
        super().__init__(why)
        self.tell_admins = tell_admins


class AccessEnded(Refused):
    """The access that was to be extended has ended."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """
    The result for a request that nothing stands against: the person, the terms, and the end that they would get.

    Attributes:
        on_behalf: A policy of the package lets some people ask for others.
    """

    identity: Identity
    terms: Terms
    ends_at: datetime | None
    on_behalf: bool = False


def refused(refusal: Refusal, *, whose: str | None = None) -> Refused:
    """
    Return the exception that says *refusal* to whoever asked.

    Args:
        whose: The name of whom they ask for; None: themselves.
    """
    sentence = refusals.to_person(refusal) if whose is None else refusals.to_asker(refusal, whose)
    return Refused(sentence, tell_admins=refusals.needs_admin(refusal))


def with_settings(
    terms: Terms, settings: PackageSettingsFile, package: AccessPackage, *, agreed: Terms | None
) -> Terms:
    """
    Return the terms with the number of people who must approve each stage, as the package settings say now.

    Args:
        agreed: The terms under which it was asked for; what was required then is never lowered.
    """
    said = settings.settings_for(
        package.display_name or "",
        package_id=package.id,
        catalog=terms.catalog,
        policy=terms.policy_name,
    )
    return policy_terms.with_settings(terms, said, agreed=agreed)


def check_whose(found: AccessPackageAssignment, entra_id: str | None) -> None:
    """
    Insist that an assignment, read just now, is that person's.

    Raises:
        NotClear: Graph does not say whose it is, which is not to say that it is theirs.
        Refused: It is somebody else's.
    """
    if found.target is None or found.target.object_id is None:
        raise NotClear("Microsoft Entra shows an assignment, and not whose it is.")
    if found.target.object_id != entra_id:
        raise Refused(N_("That access is somebody else's."))


async def check_deciders(permissions: Permissions, request: Request, terms: Terms) -> None:
    """
    Refuse what nobody can decide, before anybody is asked.

    Raises:
        Refused: Who decides cannot be told; or it is nobody, and the admins may not.
    """
    approvers = permissions.approvers
    try:
        await approvers.check_understood(terms.stages, request)
        if permissions.admins_decide == "never":
            # What an admin has taken away is for an admin to give back, whatever the setting.
            own = terms.stages[:-1] if terms.removal is not None else terms.stages
            for stage in own:
                every = replace(request, escalated=True)
                if not await approvers.has_any(stage, every):
                    raise Refused(NOBODY_DECIDES, tell_admins=True)
    except HiddenApprovers:
        raise refused(_unclear("who approves, as a group of approvers hides its members")) from None
    except UnresolvedApprovers:
        raise refused(_unclear("who approves")) from None


def _unclear(what: str) -> Refusal:
    return Refusal(reason=RefusalReason.UNSUPPORTED, details=(what,))
