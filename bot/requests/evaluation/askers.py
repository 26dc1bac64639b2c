"""Check the right of somebody who asks for somebody else, before anything is said about whom they ask for."""

from dataclasses import dataclass, replace

from bot.errors import NotAllowed
from bot.packages.model import NamedObject
from bot.packages.policy_scope import managers_may_ask
from bot.people.actors import Permissions
from bot.people.identity import Identity, People
from bot.people.model import Verb
from bot.people.permissions import NOT_FOR_OTHERS, Actor, may
from bot.requests.evaluation.rules import Refused
from bot.requests.model import Request
from bot.words import N_
from graph import Graph
from graph.models import AccessPackage, AssignmentPolicy


@dataclass(frozen=True, kw_only=True)
class Asker:
    """
    Somebody who asks for somebody else, as Slack and Entra have them now.

    Attributes:
        actor: Without the policy, which says whether managers may ask at all.
        is_manager: They are the direct manager of the beneficiary in Entra.
        beneficiary: Who would get the access.
    """

    actor: Actor
    is_manager: bool
    beneficiary: Identity

    @property
    def named(self) -> NamedObject:
        """Return them as the terms of the request name them."""
        return NamedObject(id=self.actor.entra_id or "", name=self.actor.name or "")

    def check_package(self, package: AccessPackage) -> None:
        """
        Insist that they may ask for others under some policy of *package*; which one applies is not known yet.

        Raises:
            Refused: They may not.
        """
        if not self.actor.is_admin and not any(
            managers_may_ask(each.requestor_settings) for each in package.assignment_policies
        ):
            raise Refused(NOT_FOR_OTHERS)

    def check_policy(self, policy: AssignmentPolicy) -> None:
        """
        Insist that they may ask for the beneficiary under the policy that applies.

        Raises:
            Refused: They may not.
        """
        may_ask = self.is_manager and managers_may_ask(policy.requestor_settings)
        why = may(
            replace(self.actor, is_their_manager=may_ask),
            Verb.ASK_FOR,
            holder=self.beneficiary.person.slack_user,
            holder_entra_id=self.beneficiary.user.id,
        )
        if why is not None:
            raise Refused(why)


class Askers:
    """Reads who asks for somebody else, and whether they may."""

    def __init__(self, *, people: People, permissions: Permissions, graph: Graph) -> None:
        self._people = people
        self._permissions = permissions
        self._graph = graph

    async def read(self, request: Request) -> Asker:
        """
        Return who asks for somebody else, read now.

        Raises:
            Refused: They may not, by what does not depend on the package; of the beneficiary it says nothing then.
            SlackError, GraphError: It could not be read.
        """
        actor = await self._permissions.actor(request.asked_by)
        try:
            beneficiary = await self._people.identify(request.wanted_for or "")
        except NotAllowed:
            beneficiary = None
        known = beneficiary.user.id if beneficiary else request.entra_id
        manager = await self._graph.users.manager(known) if known is not None else None
        # Whoever was found to be their manager before may read that it has become impossible since; who is gone has none.
        is_gone = beneficiary is None and known is not None and manager is None
        is_manager = is_gone or (manager is not None and _same(manager.id, actor.entra_id))
        why = may(
            replace(actor, is_their_manager=is_manager),
            Verb.ASK_FOR,
            holder=request.wanted_for,
            holder_entra_id=known,
        )
        if why is not None:
            raise Refused(why)
        if beneficiary is None:
            raise Refused(
                N_(
                    "I cannot ask for them: they are no full member of this workspace with an enabled account in "
                    "Entra."
                )
            )
        if _same(beneficiary.user.id, actor.entra_id):
            raise Refused(N_("That is your own account in Entra: ask for yourself, please."))
        return Asker(actor=actor, is_manager=is_manager, beneficiary=beneficiary)


def _same(one: str, other: str | None) -> bool:
    # Graph writes an id in small letters or in capitals, as it likes.
    return other is not None and one.casefold() == other.casefold()
