"""Evaluate a request for access or for its extension: who is it, and under which terms may they have it?"""

from dataclasses import replace

from bot.packages.bounds import Bounds
from bot.packages.refusals import PACKAGE_GONE
from bot.people.identity import Identity, People
from bot.requests.evaluation.askers import Askers
from bot.requests.evaluation.extension import ExtensionEvaluator
from bot.requests.evaluation.fact_cache import FactCache
from bot.requests.evaluation.facts import RequestFacts
from bot.requests.evaluation.new_access import NewAccessEvaluator
from bot.requests.evaluation.rules import Evaluation, Refused
from bot.requests.model import Kind, Request
from bot.words import N_
from graph.errors import NotFound


class AccessEvaluator:
    """Evaluates requests that give somebody something, the same way when they come in and before the grant."""

    def __init__(
        self,
        *,
        people: People,
        facts: FactCache,
        bounds: Bounds,
        askers: Askers,
        new_access: NewAccessEvaluator,
        extension: ExtensionEvaluator,
    ) -> None:
        self._people = people
        self._facts = facts
        self._bounds = bounds
        self._askers = askers
        self._new_access = new_access
        self._extension = extension

    async def evaluate(self, request: Request, facts: RequestFacts) -> Evaluation:
        """
        Return the result for a request that nothing stands against.

        Raises:
            NotAllowed, Refused: They may not have it, have it already, or have asked for it in Entra.
        """
        evaluation = await self.find_terms(request, facts)
        if request.kind is Kind.ADD:
            await self._new_access.check_no_existing_access(request, evaluation, facts)
        return evaluation

    async def find_terms(self, request: Request, facts: RequestFacts | None = None) -> Evaluation:
        """
        Return who asks, and under which terms they would get it, by *facts* and by what our own tables say now.

        Args:
            facts: What has been read for it in this moment; without, they are read now.

        Raises:
            NotAllowed, Refused: They may not have it; the sentence says why.
        """
        facts = facts or self._facts.take(request)
        if request.is_on_behalf:
            if facts.asker is None:
                facts.asker = await self._askers.read(request)
            facts.found = facts.asker.beneficiary
            request = replace(request, holder=request.wanted_for)
        if request.holder is None:
            raise Refused(N_("I do not know whose access this is."))
        if facts.found is None:
            facts.found = await self._people.identify(request.holder, seen=facts.seen)
        identity = facts.found
        _check_same_account(request, identity)
        if request.kind is Kind.ADD:
            facts.begin(request.package_id)
        try:
            package = await facts.package(request.package_id)
        except NotFound:
            raise Refused(PACKAGE_GONE) from None
        self._bounds.insist(package)
        if request.kind is Kind.EXTEND:
            return await self._extension.evaluate(request, identity, package)
        return await self._new_access.evaluate(request, identity, package, facts)

    async def check_person(self, request: Request) -> None:
        """
        Insist that whoever asks still is whom they were, and that the package is one that Latchkey may touch.

        Raises:
            NotAllowed, Refused: They are not, or it is not; the sentence says why.
        """
        if request.holder is not None:
            _check_same_account(request, await self._people.identify(request.holder))
        if self._bounds.are_set:
            try:
                package = await self._facts.take(request).package(request.package_id)
            except NotFound:
                # What is gone gives nothing; that is for Entra to say.
                return
            self._bounds.insist(package)


def _check_same_account(request: Request, identity: Identity) -> None:
    if request.entra_id is not None and request.entra_id != identity.user.id:
        raise Refused(
            N_("Their Slack profile points to another Entra account than when you asked.")
            if request.is_on_behalf
            else N_("Your Slack profile points to another Entra account than when you asked.")
        )
