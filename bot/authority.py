"""Who may do what: one default-deny rule, and the facts it is given."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from bot import clock
from bot.errors import NotAllowed
from bot.models import Request, Stage, Verb
from bot.people import People
from bot.slack import Slack
from graph import Graph
from graph.errors import NotFound
from graph.models import User

# For answers that must come at once; what changes anything is checked afresh.
ROSTER_IS_GOOD_FOR: Final = timedelta(minutes=5)

OWN: Final = frozenset({Verb.CANCEL, Verb.EXTEND, Verb.RETURN})
DECISIONS: Final = frozenset({Verb.APPROVE, Verb.DENY})
ADMINS: Final = frozenset({Verb.REMOVE, Verb.LIST, Verb.RETRY, Verb.GIVE_UP, Verb.REPROCESS})


@dataclass(frozen=True, kw_only=True)
class Actor:
    """
    Somebody who wants to do something, as known at this moment.

    Attributes:
        not_a_person: Why we cannot accept them as a known person, in a sentence; None if we can.
        is_admin: One of the configured admins.
        is_approver: Named by the policy for the stage that is being decided.
    """

    slack_user: str
    entra_id: str | None = None
    name: str | None = None
    not_a_person: str | None = None
    is_admin: bool = False
    is_approver: bool = False


def may(actor: Actor, verb: Verb, *, holder: str | None, holder_entra_id: str | None) -> str | None:
    """
    Why *actor* may not *verb* what concerns *holder*; None if they may.

    Everything that is not allowed here is forbidden.  The holder is whose access it is; for a cancellation,
    whoever asked.
    """
    if verb in OWN:
        # A request is of whoever asked; access is of an Entra user, whatever Slack account shows it.
        is_theirs = (
            actor.slack_user == holder
            if verb is Verb.CANCEL
            else actor.entra_id is not None and actor.entra_id == holder_entra_id
        )
        if is_theirs:
            return None
        return "Only the person whose access or request it is can do that."
    if actor.not_a_person:
        return actor.not_a_person
    if verb in ADMINS:
        if not actor.is_admin:
            return "Only Latchkey's admins can do that."
        is_own = actor.slack_user == holder or (
            actor.entra_id is not None and actor.entra_id == holder_entra_id
        )
        if verb is Verb.GIVE_UP and is_own:
            # What is given up may be the removal of their access.
            return "You cannot give up what is about your own access; another admin can."
        return None
    if verb not in DECISIONS:
        return "That is not something anybody may do."
    if actor.slack_user == holder:
        return "You cannot decide your own request."
    if actor.entra_id is None or holder_entra_id is None:
        return "I cannot tell who you are in Entra, so I cannot take a decision from you."
    if actor.entra_id == holder_entra_id:
        return "You cannot decide your own request, from another Slack account either."
    if actor.is_admin or actor.is_approver:
        return None
    return "You are not among those who may decide this request."


@dataclass
class _Members:
    users: frozenset[str] = frozenset()
    read_at: Any = None


@dataclass
class Authority:
    """Reads the facts that `may` judges."""

    slack: Slack
    graph: Graph
    people: People
    admins: Collection[str]
    _roster: _Members = field(default_factory=_Members)

    async def refresh(self) -> None:
        """Read the admin user groups again, for answers that cannot wait."""
        users = await self._admin_users()
        await self.slack.learn_ids(users)
        self._roster = _Members(users=users, read_at=clock.real())

    def lists_for(self, slack_user: str) -> None:
        """
        Let an admin see a list, by what was read lately; nothing remote.

        Raises:
            NotAllowed: Not an admin, or it was too long ago that we could tell.
        """
        if self.is_known_admin(slack_user):
            if clock.real() - self._roster.read_at <= ROSTER_IS_GOOD_FOR:
                return
            raise NotAllowed(
                "I cannot check just now who is an admin. Please try again in a minute."
            )
        raise NotAllowed("Only Latchkey's admins can do that. Your own access is at /my-access.")

    def is_known_admin(self, slack_user: str) -> bool:
        return not self._roster.users.isdisjoint(self.slack.ids_of(slack_user))

    @property
    def known_admins(self) -> frozenset[str]:
        return self._roster.users

    async def _admin_users(self) -> frozenset[str]:
        users = {admin for admin in self.admins if not admin.startswith("S")}
        groups = [admin for admin in self.admins if admin.startswith("S")]
        for members in await asyncio.gather(*map(self.slack.group_members, groups)):
            users |= members
        return frozenset(users)

    async def actor(
        self,
        slack_user: str,
        *,
        team: str | None = None,
        home_team: str | None = None,
        request: Request | None = None,
    ) -> Actor:
        """
        Who is doing this, read from Slack and Graph now.

        Args:
            team: The workspace the click came from, as Slack says (``user.team_id``).
            home_team: Ours.
            request: What is being decided; its stage names approvers.

        Raises:
            SlackError, GraphError: It could not be read, so nothing can be allowed now.
        """
        if team is not None and home_team is not None and team != home_team:
            return Actor(
                slack_user=slack_user,
                not_a_person="Only members of this workspace can do that; you are from another one.",
            )
        try:
            found = await self.people.find(slack_user)
        except NotAllowed as refused:
            return Actor(slack_user=slack_user, not_a_person=str(refused))
        # On Enterprise Grid a user group may list another id of theirs than a click names.
        is_admin = not found.slack_ids.isdisjoint(await self._admin_users())
        approver = False
        if request is not None and request.current_stage is not None and not is_admin:
            users = await self.approvers(request.current_stage, request)
            approver = any(user.id == found.user.id for user in users)
        return Actor(
            slack_user=slack_user,
            entra_id=found.user.id,
            name=found.person.entra_name,
            is_admin=is_admin,
            is_approver=approver,
        )

    async def approvers(self, stage: Stage, request: Request) -> list[User]:
        """
        The Entra users whom the policy names for *stage*, read now.

        The fallback counts when the first choice names nobody (a requester without a manager); the
        escalation approvers join when the stage has been escalated.  Kinds of approvers that we do not
        understand name nobody: then the admins decide.
        """
        users = await self._users(stage.approvers, request)
        if not users:
            users = await self._users(stage.fallback, request)
        if request.escalated:
            users += await self._users(stage.escalation, request)
        # Entra lets nobody approve their own request, and neither do we.
        unique = {user.id: user for user in users if user.id != request.entra_id}
        return [user for user in unique.values() if user.account_enabled is not False]

    async def _users(self, subjects: Collection[Mapping[str, Any]], request: Request) -> list[User]:
        users: list[User] = []
        for subject in subjects:
            # The policy may still name somebody, or a group, that has been deleted: nobody.
            with suppress(NotFound):
                users += await self._named_by(subject, request)
        return users

    async def _named_by(self, subject: Mapping[str, Any], request: Request) -> list[User]:
        kind = subject["kind"]
        if kind == "singleuser" and "user_id" in subject:
            return [await self.graph.directory.user(subject["user_id"])]
        if kind == "groupmembers" and "group_id" in subject:
            return await self.graph.directory.members(subject["group_id"])
        if kind == "requestormanager" and request.entra_id:
            return await self._manager(request.entra_id, subject.get("manager_level") or 1)
        return []

    async def _manager(self, entra_id: str, level: int) -> list[User]:
        above: list[User] = []
        for _ in range(level):
            manager = await self.graph.directory.manager(entra_id)
            if manager is None:
                return []
            above = [manager]
            entra_id = manager.id
        return above
