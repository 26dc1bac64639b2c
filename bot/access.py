"""
The desk: what people ask of Latchkey, taken down before anybody is told that it was.

Each method is one short transaction and nothing remote: whoever waits for an answer in Slack gets it at once,
and what must be read elsewhere to judge the wish is read afterwards, by the jobs.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot import clock, naming
from bot.authority import Actor, Authority, may
from bot.errors import NotAllowed, ReasonNeeded, TooLate, UnknownPackage
from bot.models import (
    MOVES,
    Assignment,
    AssignmentState,
    Decision,
    Kind,
    Package,
    Request,
    State,
    Verb,
    read_ask_id,
)
from bot.store import Store, Transaction, assignments, audit, catalog, decisions, requests


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A wish that is on disk; *is_new* is False when the same one was open already."""

    request: Request
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A click on Approve or Deny that still lacks its reason."""

    decision: Decision
    request: Request


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What one person has and waits for; *extendable* by package id."""

    held: list[Assignment]
    waiting: list[Request]
    extendable: dict[str, bool]


class Desk:
    """Where every wish and every decision is taken."""

    def __init__(self, *, store: Store, authority: Authority, wake: Callable[[], None]) -> None:
        self._store = store
        self._authority = authority
        self._wake = wake

    async def ask(self, *, slack_user: str, text: str, reason: str | None = None) -> Taken:
        """
        Take down a request for the package that *text* names.

        Args:
            text: What was typed: a slug or a name in any spelling, perhaps "… because …".
            reason: From a form; otherwise the one in the text counts.

        Raises:
            UnknownPackage: With the nearest names.
            ReasonNeeded: The policy wants a reason.
        """
        taken = await self._store.run(_ask, slack_user, text, reason)
        self._wake()
        return taken

    async def package(self, package_id: str) -> Package | None:
        return await self._store.run(catalog.get, package_id)

    async def offer(self) -> list[Package]:
        """What may be asked for in this workspace, by name; who may, is checked when they do."""
        return await self._store.run(_offer)

    async def standing_of(self, slack_user: str) -> Standing:
        """What somebody has, until when, and what they wait for."""
        return await self._store.run(_standing, slack_user)

    async def decide(
        self,
        *,
        ask_id: str,
        verb: Verb,
        slack_user: str,
        team: str | None,
        channel: str | None,
    ) -> Draft | None:
        """
        Take down a click on Approve or Deny; it is judged right after, and answered either way.

        A decision that needs a reason is kept as a draft until `explain` brings it; that draft is returned.

        Args:
            ask_id: What the button carried; a card of an earlier round or stage decides nothing.
            team: The clicker's own workspace, as Slack says; the judge insists on ours.
            channel: Where the card is, for an answer that only the clicker sees.

        Raises:
            TooLate: There is no such request.
        """
        try:
            request_id, round_, stage = read_ask_id(ask_id)
        except ValueError:
            raise TooLate("I do not know that request any more.") from None
        decision = Decision(
            id=new_id(),
            request_id=request_id,
            verb=verb,
            slack_user=slack_user,
            at=clock.now(),
            round=round_,
            stage=stage,
            team=team,
            channel=channel,
        )
        draft = await self._store.run(_take_decision, decision)
        if draft is None:
            self._wake()
        return draft

    async def explain(self, *, decision_id: str, slack_user: str, reason: str) -> None:
        """
        Complete a draft with its reason.

        Raises:
            TooLate: There is no such draft of this person's, or it has been completed.
        """
        await self._store.run(_explain, decision_id, slack_user, naming.clean(reason))
        self._wake()

    async def request(self, request_id: str) -> Request | None:
        return await self._store.run(requests.get, request_id)

    async def cancel(self, *, slack_user: str, request_id: str) -> Request:
        """
        Withdraw a wish that has not been sent to Entra.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: It has gone on already.
        """
        canceled = await self._store.run(_cancel, slack_user, request_id)
        self._wake()
        return canceled

    async def extend(self, *, slack_user: str, assignment_id: str) -> Taken:
        """
        Take down that the holder wants an access longer.

        Raises:
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        taken = await self._store.run(_extend, slack_user, assignment_id)
        self._wake()
        return taken

    async def give_back(self, *, slack_user: str, assignment_id: str) -> Taken:
        """
        Take down that the holder does not need an access any more.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        taken = await self._store.run(_remove, slack_user, assignment_id, Verb.RETURN, None)
        self._wake()
        return taken

    async def remove(
        self, *, slack_user: str, assignment_id: str, reason: str | None = None
    ) -> Taken:
        """
        Take down that an admin removes somebody's access; whether they are one is read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        self._authority.lists_for(slack_user)
        taken = await self._store.run(_remove, slack_user, assignment_id, Verb.REMOVE, reason)
        self._wake()
        return taken

    async def let_end(self, *, slack_user: str, assignment_id: str) -> Assignment:
        """
        Take down that the holder is fine with the end: no more reminders for it.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        assignment = await self._store.run(_let_end, slack_user, assignment_id)
        self._wake()
        return assignment

    async def pending(self, *, slack_user: str) -> list[Request]:
        """
        What waits for a decision, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
        """
        await self._for_admins(slack_user)
        return await self._store.run(requests.pending)

    async def assignments(
        self, *, slack_user: str, package: str | None = None, holder: str | None = None
    ) -> tuple[list[Assignment], Package | None]:
        """
        Who holds what, for an admin's list; *package* as typed.

        Raises:
            NotAllowed: Not an admin.
            UnknownPackage: With the nearest names.
        """
        await self._for_admins(slack_user)
        return await self._store.run(_assignments, package, holder)

    async def _for_admins(self, slack_user: str) -> None:
        try:
            self._authority.lists_for(slack_user)
        except NotAllowed as refused:
            await self._store.run(_refused_list, slack_user, str(refused))
            raise


def new_id() -> str:
    """An opaque id of 128 random bits, for rows and for the buttons that name them."""
    return secrets.token_hex(16)


def _ask(db: Transaction, slack_user: str, text: str, reason: str | None) -> Taken:
    packages = catalog.everything(db)
    wish = naming.read_wish(text)
    # A hidden package can be asked for by those who know its name, as in Entra; it is not offered.
    askable = [package for package in packages if package.can_be_asked_for]
    package = naming.find(wish.name, askable) or naming.find(text, askable)
    if package is None:
        shown = [each for each in askable if not each.is_hidden]
        near = [each.slug for each in naming.nearest(wish.name, shown)]
        raise UnknownPackage(wish.name[:80], near)
    reason = naming.clean(reason or wish.reason or "")[: naming.LONGEST_REASON] or None
    if package.needs_reason and reason is None:
        raise ReasonNeeded(package.id, package.name, package.slug)
    return _take(
        db,
        Request(
            id=new_id(),
            kind=Kind.ADD,
            state=State.RECEIVED,
            holder=slack_user,
            asked_by=slack_user,
            package_id=package.id,
            package_name=package.name,
            justification=reason,
            asked_at=clock.now(),
            updated_at=clock.now(),
            due_at=clock.real(),
        ),
    )


def _take(db: Transaction, request: Request) -> Taken:
    added = requests.add(db, request)
    if added is not None:
        return Taken(request=added, is_new=True)
    for other in (
        requests.open_of(db, request.holder, request.package_id, request.kind)
        if request.holder
        else None,
        *(
            each
            for each in requests.open_for_assignment(db, request.assignment_id or "")
            if each.kind is request.kind
        ),
    ):
        if other is not None:
            return Taken(request=other, is_new=False)
    raise TooLate("That has just been done. Please look again.")


def _offer(db: Transaction) -> list[Package]:
    return [each for each in catalog.everything(db) if each.can_be_asked_for and not each.is_hidden]


def _standing(db: Transaction, slack_user: str) -> Standing:
    return Standing(
        held=assignments.held_by(db, slack_user),
        waiting=requests.open_for(db, slack_user),
        extendable={each.id: bool(each.can_extend) for each in catalog.everything(db)},
    )


def _take_decision(db: Transaction, decision: Decision) -> Draft | None:
    request = requests.get(db, decision.request_id)
    if request is None:
        raise TooLate("I do not know that request any more.")
    stage = request.current_stage
    # Somebody who may not decide anyway, or comes too late, is told so without being asked for a reason.
    current = request.state is State.PENDING and request.ask_id == _ask_id_of(decision)
    needs_reason = decision.verb is Verb.DENY or bool(stage and stage.reason_required)
    is_draft = current and needs_reason and decision.slack_user != request.holder
    decisions.add(
        db, decision, holder=request.holder, holder_entra_id=request.entra_id, is_draft=is_draft
    )
    return Draft(decision=decision, request=request) if is_draft else None


def _ask_id_of(decision: Decision) -> str:
    return f"{decision.request_id}{decision.round:02x}{decision.stage:02x}"


def _explain(db: Transaction, decision_id: str, slack_user: str, reason: str) -> None:
    if not decisions.explain(db, decision_id, slack_user=slack_user, reason=reason):
        raise TooLate("That decision has been sent already. Please look at the card.")


def _cancel(db: Transaction, slack_user: str, request_id: str) -> Request:
    request = requests.get(db, request_id)
    if request is None:
        raise TooLate("I do not know that request any more.")
    _insist(slack_user, Verb.CANCEL, request.holder)
    if request.state is State.CANCELED:
        raise TooLate("You have withdrawn that request already.")
    if State.CANCELED not in MOVES.get(request.state, ()) or request.intent_at is not None:
        raise TooLate(f"That request cannot be withdrawn any more: it is {request.state}.")
    moved = requests.move(db, request, State.CANCELED, actor=slack_user)
    if moved is None:
        raise TooLate("That request has just gone on. Please look again.")
    return moved


def _insist(slack_user: str, verb: Verb, holder: str | None) -> None:
    why = may(Actor(slack_user=slack_user), verb, holder=holder, holder_entra_id=None)
    if why:
        raise NotAllowed(why)


def _held(db: Transaction, assignment_id: str) -> Assignment:
    assignment = assignments.get(db, assignment_id)
    if assignment is None or assignment.state is AssignmentState.ENDED:
        raise TooLate("That access has ended already.")
    return assignment


def _extend(db: Transaction, slack_user: str, assignment_id: str) -> Taken:
    assignment = _held(db, assignment_id)
    _insist(slack_user, Verb.EXTEND, assignment.holder)
    if assignment.state is AssignmentState.REMOVING:
        raise TooLate("That access is being taken back already.")
    if assignment.ends_at is None:
        raise TooLate(f"{assignment.package_name} has no end date, so there is nothing to extend.")
    package = catalog.get(db, assignment.package_id)
    if package is None or not package.can_extend:
        raise NotAllowed(
            f"{assignment.package_name} cannot be extended: its policy does not allow it. "
            "You can ask for it again when it has ended."
        )
    return _take(db, _about(assignment, Kind.EXTEND, asked_by=slack_user))


def _remove(
    db: Transaction, slack_user: str, assignment_id: str, verb: Verb, reason: str | None
) -> Taken:
    assignment = _held(db, assignment_id)
    if verb is Verb.RETURN:
        _insist(slack_user, verb, assignment.holder)
    return _take(db, _about(assignment, Kind.REMOVE, asked_by=slack_user, reason=reason))


def _about(
    assignment: Assignment, kind: Kind, *, asked_by: str, reason: str | None = None
) -> Request:
    return Request(
        id=new_id(),
        kind=kind,
        state=State.RECEIVED,
        holder=assignment.holder,
        holder_name=assignment.holder_name,
        asked_by=asked_by,
        entra_id=assignment.entra_id,
        package_id=assignment.package_id,
        package_name=assignment.package_name,
        assignment_id=assignment.id,
        justification=reason,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )


def _let_end(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    assignment = _held(db, assignment_id)
    _insist(slack_user, Verb.RETURN, assignment.holder)
    assignments.let_end(db, assignment)
    return assignment


def _assignments(
    db: Transaction, package: str | None, holder: str | None
) -> tuple[list[Assignment], Package | None]:
    found = None
    if package:
        packages = catalog.everything(db)
        found = naming.find(package, packages)
        if found is None:
            near = [each.slug for each in naming.nearest(package, packages)]
            raise UnknownPackage(naming.clean(package)[:80], near)
    return assignments.live(db, package_id=found.id if found else None, holder=holder), found


def _refused_list(db: Transaction, slack_user: str, why: str) -> None:
    audit.record(db, at=clock.now(), actor=slack_user, verb="list-refused", why=why)
