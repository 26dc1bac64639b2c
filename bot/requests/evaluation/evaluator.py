"""Judges requests: who is it, may they have it, who decides; and once more just before it is granted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.approvals.model import decided_before
from bot.approvals.store import decisions
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.sightings import progress_of
from bot.assignments.store import assignments
from bot.database import Store, audit, limits
from bot.errors import NotAllowed, NotAMember
from bot.messages.deciding import NOBODY_DECIDES
from bot.packages import eligibility, policy_terms, refusals
from bot.packages.bounds import EVERYWHERE, OUTSIDE, Bounds
from bot.packages.eligibility import Refusal
from bot.packages.facts import (
    allows_requests_for_others,
    is_request_for,
    policy_of,
    read_case,
    read_extension_case,
)
from bot.packages.mirrored_policies import offered_policy
from bot.packages.model import Terms
from bot.packages.offers import find_wrong_dates
from bot.people.approvers import NotUnderstood
from bot.people.identity import Identity, People
from bot.people.model import Verb
from bot.people.permissions import Actor, Permissions, may
from bot.requests import transitions
from bot.requests.evaluation.facts import Look, Shelf
from bot.requests.holder_lists import HolderLists
from bot.requests.model import Kind, Request, State
from bot.requests.store import claims, request_lists, requests
from bot.timing import WAITS, Waits
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage, AssignmentPolicy
from graph.models import Assignment as GraphAssignment

# From so many people on, one question about all of them is cheaper than one for each.
WORTH_ONE_QUESTION: Final = 2


class Refused(Exception):
    """The request cannot go on; the sentence is for the person."""

    def __init__(self, why: str, *, tell_admins: bool = False) -> None:
        super().__init__(why)
        self.tell_admins = tell_admins


@dataclass(frozen=True, kw_only=True)
class Standing:
    """
    What holds for a request right now: the person, the terms, and the end it would get.

    Attributes:
        on_behalf: A policy of the package lets some people ask for others.
    """

    found: Identity
    terms: Terms
    ends_at: datetime | None
    on_behalf: bool = False


class Review:
    """Judges requests and the clicks of those who decide them."""

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
        waits: Waits = WAITS,
    ) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._permissions = permissions
        self._always = always_approve
        self._removed_for = removed_for
        self._bounds = bounds
        self._waits = waits
        self._shelf = Shelf(graph, holders)
        self._looks: dict[str, Look] = {}

    async def look_up(self, judged: Sequence[Request]) -> None:
        """
        Read the accounts of many who ask together, for the looks that follow at once.

        Raises:
            GraphError: Nobody's could be read; each is read by itself then.
        """
        asking = {
            each.id: (each, each.holder)
            for each in judged
            if each.kind is not Kind.REMOVE and each.holder and each.id not in self._looks
        }
        if len(asking) < WORTH_ONE_QUESTION:
            return
        at = clock.real()
        seen = await self._people.read_accounts(sorted({holder for _, holder in asking.values()}))
        for request, holder in asking.values():
            if holder in seen:
                since = _decided_at(request)
                look = Look(self._graph, self._shelf, at=at, seen=seen[holder], since=since)
                self._keep(request.id, look)

    def _look_at(self, request: Request) -> Look:
        """The look that was begun for it a moment ago, which serves once more; or a new one."""
        begun = self._looks.pop(request.id, None)
        if begun is not None and begun.is_fresh:
            return begun
        since = _decided_at(request)
        return Look(self._graph, self._shelf, at=clock.real(), seen=None, since=since)

    def _keep(self, request_id: str, look: Look) -> None:
        for old in [each for each, kept in self._looks.items() if not kept.is_fresh]:
            del self._looks[old]
        self._looks[request_id] = look

    async def receive(self, request: Request) -> Request | None:
        """
        Judge a request that has just come in: refused, pending or approved.  None if somebody was first.

        One that nobody has to decide stays claimed: whoever has judged it carries it out at once.

        Raises:
            SlackError, GraphError: Something could not be read; the request stays as it is.
        """
        look = self._look_at(request)
        try:
            if request.kind is Kind.REMOVE:
                return await self._receive_removal(request)
            standing = await self._judged(request, look)
        except NotAMember as refused:
            await self._store.run(limits.note_guest, request.asked_by, str(refused))
            return await self._refuse(request, str(refused))
        except NotAllowed as refused:
            return await self._refuse(request, str(refused))
        except Refused as refused:
            return await self._refuse(request, str(refused), tell_admins=refused.tell_admins)
        pinned = replace(
            request,
            entra_id=standing.found.user.id,
            holder_name=standing.found.person.entra_name,
            terms=standing.terms,
            ends_at=standing.ends_at,
        )
        try:
            moved = await self._on_to_stage(
                pinned, known=request, stage=0, actor=audit.LATCHKEY, stays_claimed=True
            )
        except requests.AlreadyOpen:
            return await self._refuse(
                request, "You have already asked for it, from another Slack account of yours."
            )
        if moved is not None and moved.state is State.APPROVED:
            # Granted at once, it need not be looked at twice in the same moment.
            self._keep(request.id, look)
        return moved

    async def _judged(self, request: Request, look: Look) -> Standing:
        """
        What holds for a request, if nothing is in its way.

        Raises:
            NotAllowed, Refused: They may not have it, have it already, or have asked for it in Entra.
        """
        standing = await self.standing(request, look)
        if request.kind is Kind.ADD:
            await self._nothing_held_or_asked(request, standing, look)
        return standing

    async def standing(self, request: Request, look: Look | None = None) -> Standing:
        """
        Who asks, and under which terms they would get it, by *look* and by what our own tables say now.

        Args:
            look: What has been read for it in this moment; a new one without.

        Raises:
            NotAllowed, Refused: They may not have it; the sentence says why.
        """
        if request.holder is None:
            raise Refused("I do not know whose access this is.")
        look = look or self._look_at(request)
        if look.found is None:
            look.found = await self._people.identify(request.holder, seen=look.seen)
        found = look.found
        if request.entra_id is not None and request.entra_id != found.user.id:
            raise Refused("Your Slack profile points to another Entra account than when you asked.")
        try:
            package = await look.package(request.package_id)
        except NotFound:
            raise Refused("That package no longer exists.") from None
        self._bounds.insist(package)
        if request.kind is Kind.EXTEND:
            return await self._standing_longer(request, found, package)
        known = await self._store.read(request_lists.known_to_have, found.user.id, but=request.id)
        case = await read_case(look, package, found.user, known=known)
        agreed = request.terms.policy_id if request.terms else None
        admitted = eligibility.evaluate_request(
            case, wanted=request.wanted_policy_id, agreed=agreed
        )
        if isinstance(admitted, Refusal):
            raise _refused(admitted)
        lacking = eligibility.find_missing_details(
            admitted, justification=request.justification, answers=request.answers
        )
        if lacking is not None:
            raise _refused(lacking)
        _check_dates(request, package, admitted.policy)
        terms = policy_terms.terms_of(
            package,
            admitted.policy,
            extending=False,
            always=self._always,
            questions=admitted.questions,
            answers=request.answers,
            starts_at=request.starts_at,
            excluded=case.excluded,
        )
        terms = await self._after_a_removal(terms, request, found)
        await self._check_deciders(replace(request, entra_id=found.user.id), terms)
        return Standing(
            found=found,
            terms=terms,
            ends_at=request.ends_at,
            on_behalf=allows_requests_for_others(package),
        )

    async def _after_a_removal(self, terms: Terms, request: Request, found: Identity) -> Terms:
        """What an admin has taken away for a reason, nobody gets back without an admin's word."""
        if not self._removed_for:
            return terms
        # By when it was asked for: the terms must not change because days pass.
        removal = await self._store.read(
            request_lists.removal_of,
            found.user.id,
            request.package_id,
            since=request.asked_at - self._removed_for,
        )
        return terms if removal is None else policy_terms.after_removal(terms, removal)

    async def _standing_longer(
        self, request: Request, found: Identity, package: AccessPackage
    ) -> Standing:
        """What holds for an extension: by the policy of the assignment itself."""
        held = await self._held(request)
        case, under = await read_extension_case(self._graph, package, found.user, held)
        admitted = eligibility.evaluate_extension(case, held, under)
        if isinstance(admitted, Refusal):
            raise _refused(admitted)
        terms = policy_terms.terms_of(
            package,
            admitted.policy,
            extending=True,
            always=self._always,
            questions=admitted.questions,
        )
        await self._check_deciders(replace(request, entra_id=found.user.id), terms)
        # Once promised, the end stays: a request that waited for approval gets what was shown.  Under other
        # terms nothing was promised.
        is_as_agreed = request.terms_hash in (None, policy_terms.hash_of(terms))
        ends_at = _later_end(
            request, held, admitted.policy, promised=request.ends_at if is_as_agreed else None
        )
        return Standing(found=found, terms=terms, ends_at=ends_at)

    async def _check_deciders(self, request: Request, terms: Terms) -> None:
        """
        Refuse what nobody can decide, before anybody is asked.

        Raises:
            Refused: Who decides cannot be told; or it is nobody, and the admins may not.
        """
        approvers = self._permissions.approvers
        try:
            await approvers.check_understood(terms.stages, request)
            if self._permissions.admins_decide == "never":
                # What an admin has taken away is for an admin to give back, whatever the setting.
                own = terms.stages[:-1] if terms.removal is not None else terms.stages
                for stage in own:
                    every = replace(request, escalated=True)
                    if not await approvers.has_any(stage, every):
                        raise Refused(NOBODY_DECIDES, tell_admins=True)
        except NotUnderstood:
            unclear = Refusal(
                reason=eligibility.RefusalReason.NOT_UNDERSTOOD, details=("who approves",)
            )
            raise _refused(unclear) from None

    async def _held(self, request: Request) -> GraphAssignment:
        """The assignment that an extension is about."""
        try:
            held = await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            held = None
        if held is None or held.is_expired or held.is_failed:
            raise Refused("That access has already ended. You can ask for it again.")
        if not held.is_delivered:
            raise Refused(
                "Microsoft Entra is still at work on that access, so it cannot be extended just now. "
                "Nothing has changed; please try again in an hour."
            )
        if (
            held.target is not None
            and request.entra_id
            and held.target.object_id != request.entra_id
        ):
            raise Refused("That access is somebody else's.")
        return held

    async def _nothing_held_or_asked(
        self, request: Request, standing: Standing, look: Look
    ) -> None:
        entra_id = standing.found.user.id
        live = await look.access_to(request.package_id, entra_id)
        if live:
            await self._store.run(
                assignments.save_live,
                Assignment(
                    id=live[0].id,
                    entra_id=entra_id,
                    package_id=request.package_id,
                    package_name=request.package_name,
                    policy_id=live[0].assignment_policy.id if live[0].assignment_policy else None,
                    state=AssignmentState.LIVE,
                    holder=request.holder,
                    holder_name=standing.found.person.entra_name,
                    starts_at=live[0].schedule.start_date_time if live[0].schedule else None,
                    ends_at=live[0].ends_at(),
                    progress=progress_of(live[0]),
                ),
            )
            raise Refused(
                "You have it already. /my-access shows until when, and lets you extend it."
            )
        for other in await look.open_requests(request.package_id):
            if other.is_partially_delivered:
                continue
            if is_request_for(other, entra_id, on_behalf=standing.on_behalf):
                raise Refused(
                    "You have already asked for it in Entra; that request is still under way there."
                )

    async def _receive_removal(self, request: Request) -> Request | None:
        verb = Verb.RETURN if request.is_given_back else Verb.REMOVE
        actor = await self._remover(request)
        why = may(actor, verb, holder=request.holder, holder_entra_id=request.entra_id)
        if why is None and request.is_given_back:
            refusal = await self._refusal_of_return(request)
            why = refusals.to_person(refusal) if refusal else None
        if why:
            return await self._refuse(request, why)
        if not await self._may_remove_from(request.package_id):
            return await self._refuse(request, OUTSIDE)
        return await self._store.run(transitions.approve_removal, request)

    async def _refusal_of_return(self, request: Request) -> Refusal | None:
        try:
            held = await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            # Then it is over, which is what they want.
            return None
        return eligibility.evaluate_return(await policy_of(self._graph, held))

    async def _may_remove_from(self, package_id: str) -> bool:
        """Whether the package is within the bounds, where there are any."""
        if not self._bounds.are_set:
            return True
        try:
            return self._bounds.has(await self._graph.packages.get(package_id))
        except NotFound:
            return False

    async def _remover(self, request: Request) -> Actor:
        """Who wants the access gone, read now: its holder by their own binding, anybody else as an admin."""
        if not request.is_given_back:
            return await self._permissions.actor(request.asked_by)
        found = await self._people.identify(request.asked_by)
        return Actor(slack_user=request.asked_by, entra_id=found.user.id)

    async def _refuse(
        self, request: Request, why: str, *, tell_admins: bool = False
    ) -> Request | None:
        return await self._store.run(transitions.refuse, request, why, tell_admins=tell_admins)

    async def _on_to_stage(
        self,
        request: Request,
        *,
        known: Request,
        stage: int,
        actor: str,
        stays_claimed: bool = False,
        **more: Any,
    ) -> Request | None:
        """
        Move to a stage, or to approved when there are no more; *known* is the row as it is.

        Args:
            stays_claimed: What is approved remains with whoever has it in hand.
        """
        changes = stage_changes(request, stage=stage) | more
        if "deciders" not in changes and stays_claimed:
            changes["lease_until"] = clock.real() + self._waits.lease
        return await self._store.run(
            transitions.reach_stage, known, changes, actor=actor, fence=True
        )

    async def recheck(self, request: Request) -> Request | None:
        """
        Just before the effect: does everything that was approved still hold?  None if it does not.

        What a look has read within the last moment (`bot.requests.shared_reads.FRESH`) counts; our own tables are read again.

        What changed goes back for approval; what is no longer allowed is refused; a decider who has lost the
        right to decide does not count any more.

        Raises:
            SlackError, GraphError: It could not be read; nothing may be posted now.
        """
        if request.kind is Kind.REMOVE:
            if await self._may_remove_from(request.package_id):
                return request
            await self._refuse(request, OUTSIDE)
            return None
        try:
            standing = await self._judged(request, self._look_at(request))
        except NotAllowed as refused:
            await self._refuse(request, str(refused))
            return None
        except Refused as refused:
            await self._refuse(request, str(refused), tell_admins=refused.tell_admins)
            return None
        if policy_terms.hash_of(
            standing.terms
        ) == request.terms_hash and await self._still_entitled(request):
            return request
        if not standing.terms.stages:
            # Nobody has to decide: the terms of this moment count.
            return await self._renew(request, standing)
        again = replace(request, terms=standing.terms, ends_at=standing.ends_at)
        await self._on_to_stage(
            again, known=request, stage=0, actor=audit.LATCHKEY, round=request.round + 1
        )
        return None

    async def _renew(self, request: Request, standing: Standing) -> Request | None:
        terms, terms_hash = standing.terms, policy_terms.hash_of(standing.terms)
        ours = await self._store.run(
            claims.update,
            request,
            terms=asdict(terms),
            terms_hash=terms_hash,
            ends_at=standing.ends_at,
        )
        if not ours:
            return None
        return replace(request, terms=terms, terms_hash=terms_hash, ends_at=standing.ends_at)

    async def _still_entitled(self, request: Request) -> bool:
        if request.terms is None:
            return False
        counted = await self._store.read(decisions.accepted_of, request)
        if len(counted) != len(request.terms.stages):
            return False
        for decision in counted:
            # Whoever counted as a stand-in for the first approvers was one then.
            then = replace(request, stage=decision.stage, escalated=True)
            actor = await self._permissions.actor(
                decision.slack_user,
                request=then,
                decided=decided_before(counted, decision.stage),
            )
            if may(actor, decision.verb, holder=request.holder, holder_entra_id=request.entra_id):
                return False
            if actor.decides_as_admin and not decision.as_admin:
                # What was said to be an approver's is no approver's any more.
                return False
        return True


def _check_dates(request: Request, package: AccessPackage, under: AssignmentPolicy) -> None:
    """Insist that the dates that were asked for are still within the policy."""
    if request.starts_at is None and request.ends_at is None:
        return
    now = clock.now()
    # While it waited for a decision its start may have passed: then it begins at once.
    start = request.starts_at if request.starts_at and request.starts_at > now else None
    wrong = find_wrong_dates(
        offered_policy(package, under), start=start, end=request.ends_at, now=now
    )
    if wrong:
        why = " ".join(dict.fromkeys(wrong.values()))
        raise Refused(f"The dates that you asked for do not go. {why} Please ask again.")


def _decided_at(request: Request) -> datetime | None:
    """After what moment its facts must be read (real time), because somebody has decided; None: nobody has."""
    was_decided = request.state is State.APPROVED and request.terms and request.terms.stages
    return request.due_at if was_decided else None


def _refused(refusal: Refusal) -> Refused:
    return Refused(refusals.to_person(refusal), tell_admins=refusals.needs_admin(refusal))


def _later_end(
    request: Request,
    held: GraphAssignment,
    under: AssignmentPolicy,
    *,
    promised: datetime | None,
) -> datetime:
    current = held.ends_at()
    wanted = promised or policy_terms.extended_end(
        under.expiration, now=clock.now(), current=current
    )
    # An earlier POST of ours may have brought the wanted end already; else it must be later than now.
    brought = request.intent_at is not None and wanted == current
    if wanted is None or current is None or (wanted <= current and not brought):
        raise Refused("It cannot be made any longer than it is.")
    return wanted


def stage_changes(request: Request, *, stage: int) -> dict[str, Any]:
    """
    The columns of a request that enters *stage*; without "deciders" if nobody need decide any more.

    Whom to ask is found afterwards, by `bot.approvals.recipients`: the move waits for nobody.
    """
    terms = request.terms
    if terms is None:
        raise ValueError("a request without terms has no stages")
    changes: dict[str, Any] = {
        "entra_id": request.entra_id,
        "holder_name": request.holder_name,
        "terms": asdict(terms),
        "terms_hash": policy_terms.hash_of(terms),
        "ends_at": request.ends_at,
        "stage": stage,
        "escalated": False,
    }
    if stage >= len(terms.stages):
        return changes
    current = terms.stages[stage]
    escalates = current.escalation or current.fallback_escalation
    changes |= {
        "deciders": (),
        "unnamed": False,
        "lapses_at": _after(current.deny_after_seconds),
        "escalates_at": _after(current.escalate_after_seconds) if escalates else None,
    }
    return changes


def _after(seconds: int | None) -> datetime | None:
    return clock.now() + timedelta(seconds=seconds) if seconds else None
