"""Evaluate requests for the jobs: when they come in, and once more just before they are granted."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final

from bot import clock
from bot.approvals.model import approvals_of, decided_before, voices_of
from bot.approvals.store import decisions
from bot.database import Store
from bot.database.audit_log import audit
from bot.database.replicas import limits
from bot.errors import NotAllowed, NotAMember, NotClear
from bot.packages import policy_terms
from bot.packages.bounds import EVERYWHERE, Bounds
from bot.packages.model import Terms
from bot.packages.settings.file import NO_FILE, PackageSettingsFile
from bot.people.actors import Permissions
from bot.people.identity import People
from bot.people.permissions import may
from bot.requests import state_machine
from bot.requests.approver_defaults import ApproverDefaults
from bot.requests.evaluation.access import AccessEvaluator
from bot.requests.evaluation.askers import Askers
from bot.requests.evaluation.emergencies import EmergencyEvaluator, NoEmergency
from bot.requests.evaluation.evidence import EvidenceReader
from bot.requests.evaluation.extension import ExtensionEvaluator
from bot.requests.evaluation.fact_cache import FactCache
from bot.requests.evaluation.new_access import NewAccessEvaluator
from bot.requests.evaluation.removal import RemovalEvaluator
from bot.requests.evaluation.rules import AccessEnded, Evaluation, Refused
from bot.requests.evaluation.stages import stage_changes
from bot.requests.holder_lists import HolderLists
from bot.requests.model import OWN_REMOVAL, Kind, Request, State
from bot.requests.store import claims, requests
from bot.timing import WAITS, Waits
from bot.words import N_
from graph import Graph

DECISION_UNKNOWN: Final = N_(
    "Microsoft Entra waits for a decision that the policy, as it is now, does not name."
)
# That begin because time passes: what is another thing each time that it is read is not asked about without end.
MOST_ROUNDS: Final = 20


class RequestEvaluator:
    """Evaluates a request and moves it by the result."""

    def __init__(
        self,
        *,
        store: Store,
        graph: Graph,
        people: People,
        permissions: Permissions,
        holders: HolderLists,
        always_approve: bool,
        removed_for: timedelta = timedelta(days=30),
        bounds: Bounds = EVERYWHERE,
        emergencies: EmergencyEvaluator,
        waits: Waits = WAITS,
        package_settings: PackageSettingsFile = NO_FILE,
    ) -> None:
        self._store = store
        self._people = people
        self._permissions = permissions
        self._waits = waits
        self._evidence = EvidenceReader(graph=graph, store=store)
        self._facts = FactCache(graph=graph, people=people, holders=holders)
        approver_defaults = ApproverDefaults(graph)
        self._removal = RemovalEvaluator(
            graph=graph,
            people=people,
            permissions=permissions,
            bounds=bounds,
            package_settings=package_settings,
        )
        self.access = AccessEvaluator(
            people=people,
            facts=self._facts,
            bounds=bounds,
            askers=Askers(people=people, permissions=permissions, graph=graph),
            new_access=NewAccessEvaluator(
                store=store,
                permissions=permissions,
                always_approve=always_approve,
                removed_for=removed_for,
                package_settings=package_settings,
                emergencies=emergencies,
                approver_defaults=approver_defaults,
            ),
            extension=ExtensionEvaluator(
                graph=graph,
                permissions=permissions,
                always_approve=always_approve,
                package_settings=package_settings,
                approver_defaults=approver_defaults,
            ),
        )

    async def read_accounts(self, received: Sequence[Request]) -> None:
        """
        Read the accounts of many who ask together, for their evaluations, which follow at once.

        Raises:
            GraphError: Nobody's could be read; each is read by itself then.
        """
        await self._facts.read_accounts(received)

    async def receive(self, request: Request) -> Request | None:
        """
        Evaluate a request that has just come in: refused, pending or approved.  None if somebody was first.

        One that nobody has to decide stays claimed: whoever has evaluated it carries it out at once.

        Raises:
            SlackError, GraphError: Something could not be read; the request stays as it is.
        """
        facts = self._facts.take(request)
        try:
            if request.kind is Kind.REMOVE:
                return await self._receive_removal(request)
            evaluation = await self.access.evaluate(request, facts)
        except NoEmergency as refused:
            await self._store.run(state_machine.make_ordinary, request, str(refused))
            return None
        except NotAMember as refused:
            await self._store.run(limits.note_guest, request.asked_by, str(refused))
            return await self._refuse(request, str(refused))
        except NotAllowed as refused:
            return await self._refuse(request, str(refused))
        except AccessEnded:
            return await self._store.run(state_machine.ask_anew_of_claimed, request)
        except Refused as refused:
            return await self._refuse(request, str(refused), tell_admins=refused.tell_admins)
        pinned = replace(
            request,
            holder=request.wanted_for or request.holder,
            entra_id=evaluation.identity.user.id,
            holder_name=evaluation.identity.person.entra_name,
            terms=evaluation.terms,
            ends_at=evaluation.ends_at,
        )
        if evaluation.terms.stages:
            evidence = await self._evidence.read(request, evaluation.identity.user)
            pinned = replace(pinned, evidence=evidence)
        try:
            moved = await self._reach_first_stage(pinned, known=request, stays_claimed=True)
        except requests.AlreadyOpen:
            return await self._refuse(
                request,
                N_("It has been asked for already, for {person}.").format(
                    person=evaluation.identity.person.entra_name
                )
                if request.is_on_behalf
                else N_("You have already asked for it, from another Slack account of yours."),
            )
        if moved is not None and moved.state is State.APPROVED:
            # Granted at once, it need not be looked at twice in the same moment.
            self._facts.keep(request, facts)
        return moved

    async def _receive_removal(self, request: Request) -> Request | None:
        why = await self._removal.find_refusal(request)
        if why is not None:
            return await self._refuse(request, why)
        is_own = await self._removal.is_sent_in_own_name(request)
        sent_as = OWN_REMOVAL if is_own else None
        return await self._store.run(state_machine.approve_removal, request, sent_as=sent_as)

    async def recheck(self, request: Request) -> Request | None:
        """
        Check just before the effect that everything that was approved still holds; None if it does not.

        What was read within the last moment (`bot.requests.shared_reads.FRESH`) counts; our own tables are read again.

        What changed goes back for approval; what is no longer allowed is refused; a decider who has lost the
        right to decide does not count any more.

        Raises:
            SlackError, GraphError: It could not be read; nothing may be posted now.
        """
        if request.kind is Kind.REMOVE:
            why = await self._removal.find_bounds_refusal(request)
            if why is None:
                return request
            await self._refuse(request, why)
            return None
        try:
            evaluation = await self.access.evaluate(request, self._facts.take(request))
        except NoEmergency as refused:
            await self._store.run(state_machine.make_ordinary, request, str(refused))
            return None
        except NotAllowed as refused:
            await self._refuse(request, str(refused))
            return None
        except AccessEnded:
            await self._store.run(state_machine.ask_anew_of_claimed, request)
            return None
        except Refused as refused:
            await self._refuse(request, str(refused), tell_admins=refused.tell_admins)
            return None
        if request.emergency:
            # Its time begins now, and nobody has approved other terms.
            return await self._renew(request, evaluation)
        if evaluation.terms.entra_decides != request.entra_decides:
            await self._store.run(state_machine.decide_elsewhere, request)
            return None
        is_unchanged = policy_terms.hash_of(evaluation.terms) == request.terms_hash
        if evaluation.terms.entra_decides:
            # Nobody has approved anything yet: that is done in Entra, under what holds there then.
            if is_unchanged:
                return await self._hide_by_now(request, evaluation)
            return await self._renew(request, evaluation)
        if is_unchanged and await self._deciders_still_may(request):
            return await self._hide_by_now(request, evaluation)
        if not evaluation.terms.stages:
            # Nobody has to decide: the terms of this moment count.
            return await self._renew(request, evaluation)
        await self._begin_anew(request, evaluation)
        return None

    async def begin_anew_if_changed(self, request: Request) -> bool:
        """
        Begin anew with what waits for its approvers if what they would approve, or who they are, is another by now.

        Where the same is found just before the grant, it is approved already: here, nobody approves what goes back at once,
        and nobody waits for an approver whom the policy does not name any more.  What whoever asked may not have any more,
        and what takes no approval any more, is left for that moment; so is what has begun anew too often.

        Returns:
            True if it has a new round.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        if request.round >= MOST_ROUNDS:
            return False
        try:
            evaluation = await self.access.find_terms(request)
        except (NotAllowed, Refused):
            return False
        terms = evaluation.terms
        if (
            terms.entra_decides
            or not terms.stages
            or policy_terms.hash_of(terms) == request.terms_hash
        ):
            return False
        return await self._begin_anew(request, evaluation, is_claimed=False) is not None

    async def _begin_anew(
        self, request: Request, evaluation: Evaluation, *, is_claimed: bool = True
    ) -> Request | None:
        """Have the first stage decided in a new round."""
        evidence = await self._evidence.read(request, evaluation.identity.user)
        # A new round begins with what was asked for: whoever set a shorter end decides anew.
        terms = replace(evaluation.terms, approved_until=None)
        again = replace(request, terms=terms, ends_at=evaluation.ends_at, evidence=evidence)
        return await self._reach_first_stage(
            again,
            known=request,
            is_claimed=is_claimed,
            round=request.round + 1,
            # That has been said in the round before; of this one it is said what has changed.
            no_emergency_why=None,
        )

    async def find_refusal(self, request: Request) -> str | None:
        """
        Return why an approval of what waits in Entra does not go there, as whoever asked would be told; None if it does.

        That is whose request it is, and which catalogs Latchkey may touch.  What the policy says by now, and whether they
        have what does not go with it, is for Entra to refuse: at My Access it is, too.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        try:
            await self.access.check_person(request)
        except (NotAllowed, Refused) as refused:
            return str(refused)
        return None

    async def read_terms_again(self, request: Request) -> Request | None:
        """
        Return a claimed request with the terms of this moment, because Entra waits for a decision that its terms do not know.

        None if somebody else has it in hand by now.

        Raises:
            NotClear: They name no such decision either, or whoever asks may not have it any more.
            SlackError, GraphError: It could not be read.
        """
        evaluation = await self._evaluate_in_entra(request)
        if evaluation is None:
            raise NotClear(DECISION_UNKNOWN)
        return await self._renew(request, evaluation)

    async def read_terms(self, request: Request) -> Terms | None:
        """
        Return the terms of this moment of what waits in Entra; None if they know no such decision.

        Raises:
            SlackError, GraphError: They could not be read.
        """
        evaluation = await self._evaluate_in_entra(request)
        return evaluation.terms if evaluation else None

    async def _evaluate_in_entra(self, request: Request) -> Evaluation | None:
        """Evaluate anew what waits in Entra; None if whoever asks may not have it by now, or nobody decides its stage."""
        try:
            evaluation = await self.access.find_terms(request)
        except (NotAllowed, Refused):
            return None
        terms = evaluation.terms
        return evaluation if terms.entra_decides and request.stage < len(terms.stages) else None

    async def _hide_by_now(self, request: Request, evaluation: Evaluation) -> Request | None:
        """Return a claimed request whose terms are as agreed, with what its policy hides from whoever asks by now."""
        if request.terms is None or request.terms.stages == evaluation.terms.stages:
            return request
        terms = replace(request.terms, stages=evaluation.terms.stages)
        ours = await self._store.run(claims.update, request, terms=asdict(terms))
        return replace(request, terms=terms) if ours else None

    async def _renew(self, request: Request, evaluation: Evaluation) -> Request | None:
        terms, terms_hash = evaluation.terms, policy_terms.hash_of(evaluation.terms)
        ours = await self._store.run(
            claims.update,
            request,
            terms=asdict(terms),
            terms_hash=terms_hash,
            ends_at=evaluation.ends_at,
        )
        if not ours:
            return None
        return replace(request, terms=terms, terms_hash=terms_hash, ends_at=evaluation.ends_at)

    async def _deciders_still_may(self, request: Request) -> bool:
        """Return True if each stage has been approved by as many people as it needs, who may all still decide it."""
        if request.terms is None:
            return False
        counted = await self._store.read(decisions.accepted_of, request)
        for stage, terms in enumerate(request.terms.stages):
            approvals = approvals_of(counted, stage)
            if len(approvals) < terms.quorum:
                return False
            if not all(each.is_proven_for(terms) for each in approvals):
                return False
        for place, decision in enumerate(counted):
            before = counted[:place]
            # Whoever counted as a stand-in for the first approvers was one then.
            then = replace(request, stage=decision.stage, escalated=True)
            actor = await self._permissions.actor(
                decision.slack_user,
                request=then,
                decided=decided_before(before, decision.stage),
                approved=voices_of(before, decision.stage),
                at=decision.at,
            )
            if may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id):
                return False
            if actor.decides_as_admin and not decision.as_admin:
                # What was said to be an approver's is no approver's any more.
                return False
            acts_for = actor.acts_for.entra_id if actor.acts_for else None
            if acts_for is not None and acts_for != decision.for_entra_id:
                # It was their own right, or another approver's, that has gone meanwhile.
                return False
        return True

    async def _refuse(
        self, request: Request, why: str, *, tell_admins: bool = False
    ) -> Request | None:
        return await self._store.run(state_machine.refuse, request, why, tell_admins=tell_admins)

    async def _reach_first_stage(
        self,
        request: Request,
        *,
        known: Request,
        stays_claimed: bool = False,
        is_claimed: bool = True,
        **more: Any,
    ) -> Request | None:
        """
        Move to the first stage, or to approved when there is none; *known* is the row as it is.

        Args:
            stays_claimed: What is approved remains with whoever has it in hand.
            is_claimed: Somebody has it in hand, and must have it still.
        """
        terms = request.terms
        # What Entra decides is sent to Entra first.
        is_sent = terms is not None and terms.entra_decides
        first = len(terms.stages) if terms is not None and is_sent else 0
        changes = stage_changes(request, stage=first) | {"stage": 0} | more
        if "deciders" not in changes and stays_claimed:
            changes["lease_until"] = clock.real() + self._waits.lease
        return await self._store.run(
            state_machine.reach_stage,
            known,
            changes,
            actor=audit.LATCHKEY,
            fence=is_claimed,
        )
