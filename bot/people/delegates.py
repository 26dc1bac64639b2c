"""Find for whom somebody decides as a delegate, read afresh at each decision."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from bot.database import Store, Transaction
from bot.errors import NotAllowed
from bot.packages.model import Stage
from bot.people.identity import People
from bot.people.model import Delegation, Person
from bot.people.store import delegations, people

# Each is a look at Slack and Entra when a delegate decides.
MOST_LOOKED_AT: Final = 20


class Delegates:
    """Looks up delegations; who is behind an account is read in Slack and Entra each time."""

    def __init__(self, *, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    async def given_to(
        self,
        slack_ids: Collection[str],
        *,
        at: datetime,
        asked: Collection[str],
        stage: Stage | None = None,
    ) -> list[Delegation]:
        """
        Return by what others let somebody decide for them at a moment, one of each of these others.

        Args:
            slack_ids: Every id by which Slack names the delegate.
            asked: Who is asked to decide: they come first, so that what others have given keeps nobody from deciding.
            stage: If it takes a fresh sign-in, what is proven for it comes first.
        """
        given = await self._store.read(delegations.to_delegate, slack_ids, at=at)
        found = [each for each in given if each.is_given_freely(*slack_ids)]

        def place(each: Delegation) -> tuple[bool, bool]:
            return not counts_at(each, stage), each.delegator not in asked

        first: dict[str, Delegation] = {}
        for each in sorted(found, key=place):
            first.setdefault(each.delegator, each)
        return list(first.values())[:MOST_LOOKED_AT]

    async def freely_given(
        self, given: Sequence[Delegation], *concerned: str | None, entra_ids: Collection[str | None]
    ) -> list[Delegation]:
        """
        Return those of *given* that are from somebody who may choose the delegate, see `Delegation.is_given_freely`.

        Args:
            concerned: Slack ids of those who ask, or would get the access.
            entra_ids: Who they are in Entra: an admin may ask by one Slack account, and arrange who decides by another.
        """
        free = [each for each in given if each.is_given_freely(*concerned)]
        if not any(each.is_arranged for each in free):
            return free
        makers = await self._store.read(people.find_each, {each.made_by for each in free})
        known = {each.casefold() for each in entra_ids if each is not None}
        theirs = {user for user, maker in makers.items() if maker.entra_id.casefold() in known}
        return [each for each in free if not (each.is_arranged and each.made_by in theirs)]

    async def accounts_of(self, entra_id: str) -> frozenset[str]:
        """Return the Slack accounts by which an Entra user is known here."""
        bound = await self._store.read(people.for_entra_id, entra_id)
        return frozenset(each.slack_user for each in bound)

    async def has_decided_for(
        self, slack_ids: Collection[str], holder: str, entra_id: str, *, since: datetime
    ) -> bool:
        """Tell whether somebody lets one of *slack_ids* decide for them, or has since then, by any of their accounts."""
        return await self._store.read(_has_decided_for, slack_ids, holder, entra_id, since)

    async def find_person(self, slack_user: str) -> Person | None:
        """
        Return who lets somebody decide, read now; None if that is no full member, or cannot be told in Entra.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        try:
            found = await self._people.identify(slack_user)
        except NotAllowed:
            found = None
        return found.person if found else None


def counts_at(delegation: Delegation, stage: Stage | None) -> bool:
    """Tell whether a delegation is proven as a stage asks for; whose proof that is, is judged at the decision."""
    if stage is None or not stage.fresh_sign_in:
        return True
    return delegation.is_proven_for(stage.auth_context)


def _has_decided_for(
    db: Transaction, slack_ids: Collection[str], holder: str, entra_id: str, since: datetime
) -> bool:
    bound_here = [people.find(db, each) for each in slack_ids]
    # A delegation names one of the Slack accounts of a person, and they may come by another.
    every = {
        other.slack_user
        for each in bound_here
        if each is not None
        for other in people.for_entra_id(db, each.entra_id)
    } | set(slack_ids)
    delegators = delegations.delegators_since(db, every, since=since)
    bound = (people.find(db, each) for each in delegators)
    return holder in delegators or any(
        each is not None and each.entra_id.casefold() == entra_id.casefold() for each in bound
    )
