"""Evaluate a request to end access: who wants it gone, and may they?"""

from bot.errors import NotAllowed, NotAMember
from bot.packages import eligibility, refusals
from bot.packages.bounds import Bounds, find_refusal
from bot.packages.eligibility import Refusal
from bot.packages.facts import policy_of
from bot.packages.settings.file import PackageSettingsFile
from bot.people.actors import Permissions
from bot.people.identity import People
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests.evaluation.rules import Refused, check_whose
from bot.requests.model import Request
from bot.words import N_
from graph import Graph
from graph.errors import NotFound


class RemovalEvaluator:
    """Evaluates requests to return access, and those of admins to remove it."""

    def __init__(
        self,
        *,
        graph: Graph,
        people: People,
        permissions: Permissions,
        bounds: Bounds,
        package_settings: PackageSettingsFile,
    ) -> None:
        self._graph = graph
        self._people = people
        self._permissions = permissions
        self._bounds = bounds
        self._package_settings = package_settings

    async def is_sent_in_own_name(self, request: Request) -> bool:
        """
        Tell whether somebody gives back what Entra decides about: that is sent in their own name.

        Raises:
            GraphError: The package could not be read.
        """
        if not request.is_given_back or not self._package_settings.entra_decides():
            return False
        try:
            package = await self._graph.packages.get(request.package_id)
        except NotFound:
            return False
        catalog = package.catalog.display_name if package.catalog else None
        settings = self._package_settings.settings_for(
            package.display_name or request.package_name,
            package_id=package.id,
            catalog=catalog or "",
        )
        return settings.entra_decides

    async def find_refusal(self, request: Request) -> str | None:
        """
        Return why the access may not be ended, for whoever wants it gone; None if it may.

        Raises:
            NotAllowed, SlackError, GraphError: Who they are is not known, or could not be read.
            NotClear: Graph does not say whose the access is that they give back.
        """
        verb = Verb.RETURN if request.is_given_back else Verb.REMOVE
        actor = await self._remover(request)
        why = may(actor, verb, holder=request.holder, holder_entra_id=request.entra_id)
        if why is None and request.is_given_back:
            try:
                refusal = await self._refusal_of_return(request)
            except Refused as refused:
                return str(refused)
            why = refusals.to_person(refusal) if refusal else None
        if why:
            return why
        return await self.find_bounds_refusal(request)

    async def find_bounds_refusal(self, request: Request) -> str | None:
        """Return why Latchkey may not touch the package; None if it is within the bounds, where there are any."""
        return await find_refusal(self._bounds, self._graph, request.package_id)

    async def _refusal_of_return(self, request: Request) -> Refusal | None:
        try:
            assignment = await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            # Then it is over, which is what they want.
            return None
        check_whose(assignment, request.entra_id)
        return eligibility.evaluate_return(await policy_of(self._graph, assignment))

    async def _remover(self, request: Request) -> Actor:
        """Return who wants the access gone, read now: its holder by their own binding, anybody else as an admin."""
        if not request.is_given_back:
            return await self._permissions.actor(request.asked_by)
        try:
            found = await self._people.identify(request.asked_by)
        except NotAMember as refused:
            raise NotAllowed(
                N_(
                    "Only full members of this Slack workspace can give access back here, and this account is {member}. "
                    "Please ask one of Latchkey's admins to remove it."
                ).format(member=refused.member)
            ) from None
        return Actor(slack_user=request.asked_by, entra_id=found.user.id)
