"""Match a Slack profile to exactly one enabled user in Entra."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.configuration.addresses import Addresses, same_address
from bot.database import Store
from bot.errors import NotAllowed, NotAMember
from bot.people.model import CONNECTED_ELSEWHERE, Person
from bot.people.store import people
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy, SlackError, SlackRefused
from bot.slack.profiles import SlackUser
from bot.timing import a_few_at_once
from bot.words import N_
from graph import Graph
from graph.errors import NotFound
from graph.models import User

UNKNOWN_TO_SLACK: Final = frozenset({"user_not_found", "user_not_visible"})
# A message is out within seconds; until then nothing is decided.
ANNOUNCING_TAKES: Final = timedelta(seconds=3)

DISABLED: Final = N_("Your account in Entra is disabled.")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """
    A person whose both accounts were read just now.

    Attributes:
        slack_ids: Every id by which Slack names them.
    """

    person: Person
    user: User
    slack_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """
    The two accounts of a person, read together with other people's; nothing is decided yet.

    Attributes:
        users: Everybody in Entra, disabled or not, whose address the profile's is.
    """

    profile: SlackUser
    users: tuple[User, ...]


class SecondAccountUnannounced(SlackBusy):
    """A second Slack account of somebody: nothing is done for it before the first account and the admins were told."""

    def __init__(self) -> None:
        super().__init__("telling of a second account", retry_after=ANNOUNCING_TAKES)


class People:
    """Matches Slack users to Entra users by the e-mail address that Slack has confirmed."""

    def __init__(self, *, slack: Slack, graph: Graph, store: Store, addresses: Addresses) -> None:
        self._slack = slack
        self._graph = graph
        self._store = store
        self._addresses = addresses

    async def identify(
        self, slack_user: str, *, seen: Accounts | None = None, to_prove: bool = False
    ) -> Identity:
        """
        Return the person behind a Slack user id, read from Slack and Graph now, and bound for good at first use.

        Of somebody who has signed in to Microsoft, no address says any more who they are.

        Args:
            seen: What `read_accounts` has just read of them.
            to_prove: It is to be told whether the account that somebody has signed in to is theirs.

        Raises:
            NotAllowed: Not a full member, no confirmed address, or not exactly one enabled Entra user;
                the sentence is for the person.
            SecondAccountUnannounced: They are found, but have another Slack account that is still to be told of this one.
            SlackError, GraphError: It could not be read.
        """
        profile = seen.profile if seen is not None else await self._profile(slack_user)
        ids = profile.ids | {slack_user}
        proven = await self._store.read(people.proven_among, ids)
        if proven:
            entra_id = proven.get(slack_user, next(iter(proven.values()))).entra_id
            user = await self._proven_user(profile, entra_id)
        else:
            user = await self._entra_user(profile, known=seen.users if seen is not None else None)
        person = Person(
            # The id that clicks and commands name, whatever else Slack calls them.
            slack_user=slack_user,
            slack_name=profile.name,
            entra_id=user.id,
            entra_name=user.display_name or profile.name,
        )
        bound = await self._store.run(people.bind, person, same=ids)
        if bound.person.entra_id.casefold() != user.id.casefold():
            raise NotAllowed(
                N_(
                    "Your Slack profile now points to another Entra account than the one I know you by. "
                    "Please ask your identity team to look at it."
                )
            )
        if bound.is_proven_elsewhere and not to_prove:
            raise NotAllowed(CONNECTED_ELSEWHERE)
        if not bound.is_announced:
            raise SecondAccountUnannounced
        return Identity(person=bound.person, user=user, slack_ids=ids)

    async def read_accounts(self, slack_users: Collection[str]) -> dict[str, Accounts]:
        """
        Read many people's accounts together, for `identify`; whoever is not found this way is left out.

        Raises:
            GraphError: Nobody's could be read in Entra.
        """
        if self._addresses.with_proxies:
            # Each of those is a question of its own.
            return {}
        read = await a_few_at_once(self._accounts_in_slack, slack_users)
        return await self._accounts_in_entra(
            {each: profile for each, profile in zip(slack_users, read, strict=True) if profile}
        )

    async def _accounts_in_entra(self, profiles: Mapping[str, SlackUser]) -> dict[str, Accounts]:
        spellings = {
            each: self._addresses.spellings(profile.email or "")
            for each, profile in profiles.items()
            if not profile.not_a_member and self._addresses.in_entra(profile.email or "")
        }
        asked = [one for spelled in spellings.values() for one in spelled]
        found = await self._graph.users.find_any(asked)
        seen = {}
        for each, spelled in spellings.items():
            users = {user.id: user for one in spelled for user in found[one]}
            if users:
                # That there is nobody, only a question about them alone says.
                seen[each] = Accounts(profile=profiles[each], users=tuple(users.values()))
        return seen

    async def members_page(self, cursor: str | None) -> tuple[list[SlackUser], str]:
        """Return one page of the people of the workspace, and where the next begins; empty behind the last."""
        return await self._slack.users.page(cursor)

    async def identify_owners(self, profiles: Sequence[SlackUser]) -> dict[str, str]:
        """
        Return those of *profiles*, read just now, that are certainly somebody's in Entra, and whose: by Slack id.

        By the rules of `identify`, which also binds them.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        by_id = {each.id: each for each in profiles}
        if self._addresses.with_proxies:
            # Each of those is a question of its own.
            seen = {
                each.id: Accounts(
                    profile=each, users=tuple(await self.entra_users(each.email or ""))
                )
                for each in profiles
            }
        else:
            seen = await self._accounts_in_entra(by_id)
        for slack_user in await self._store.read(people.proven_among, by_id):
            # Whatever their address is by now.
            seen.setdefault(slack_user, Accounts(profile=by_id[slack_user], users=()))
        found: dict[str, str] = {}
        for slack_user, each in seen.items():
            try:
                found[slack_user] = (await self.identify(slack_user, seen=each)).person.entra_id
            except NotAllowed:
                continue
            except SecondAccountUnannounced:
                bound = await self._store.read(people.find, slack_user)
                if bound is not None:
                    found[slack_user] = bound.entra_id
        return found

    async def _accounts_in_slack(self, slack_user: str) -> SlackUser | None:
        """Return a profile; None for one that cannot be read now, whose trouble shows when it is read by itself."""
        try:
            return await self._slack.users.get(slack_user)
        except SlackError:
            return None

    async def _profile(self, slack_user: str) -> SlackUser:
        try:
            return await self._slack.users.get(slack_user)
        except SlackRefused as refused:
            if refused.error in UNKNOWN_TO_SLACK:
                raise NotAllowed(N_("Slack does not show me who you are.")) from None
            raise

    async def belongs_to(self, slack_user: str, entra_id: str) -> bool:
        """
        Tell whether a Slack account is certainly that Entra user's, by what both say now.

        Raises:
            SlackError, GraphError: It could not be read.
        """
        try:
            found = await self.identify(slack_user)
        except NotAllowed:
            return False
        except SecondAccountUnannounced:
            bound = await self._store.read(people.find, slack_user)
            return bound is not None and bound.entra_id.casefold() == entra_id.casefold()
        return found.user.id.casefold() == entra_id.casefold()

    async def slack_member_of(self, user: User) -> SlackUser | None:
        """
        Return the full member behind an Entra user, or None; for cards and reminders, not for rights.

        Somebody whom we know as another Entra user is not meant, whatever address they have; and nobody is by an
        address that is not this one user's alone.  Where somebody has signed in to Microsoft as that user, only they are.
        """
        proven = await self._store.read(people.proven_as, user.id)
        for person in proven:
            with suppress(NotAllowed):
                theirs = await self._profile(person.slack_user)
                if not theirs.not_a_member:
                    return theirs
        if proven:
            return None
        for address in self.addresses_of(user):
            profile = await self._slack.users.by_email(address)
            if profile is None or profile.not_a_member or not same_address(profile.email, address):
                continue
            bound = await self._store.read(people.find, profile.id)
            if bound is not None:
                is_meant = bound.entra_id.casefold() == user.id.casefold()
            else:
                is_meant = [each.id for each in await self.entra_users(address)] == [user.id]
            if is_meant:
                return profile
        return None

    def addresses_of(self, user: User) -> list[str]:
        """Return the addresses by which Slack may know an Entra user, in small letters."""
        told = (user.mail, user.user_principal_name)
        spelled = [each for one in told if one for each in self._addresses.in_slack(one)]
        return list(dict.fromkeys(each.lower() for each in spelled))

    async def entra_users(self, address: str) -> list[User]:
        """Return everybody in Entra, disabled or not, whose address is the one that Slack shows; each once."""
        found: dict[str, User] = {}
        for spelled in self._addresses.spellings(address):
            users = await self._graph.users.find(
                email=spelled, with_proxies=self._addresses.with_proxies
            )
            found |= {user.id: user for user in users}
        return list(found.values())

    async def _proven_user(self, profile: SlackUser, entra_id: str) -> User:
        """Return the Entra user that somebody has signed in as."""
        _check_member(profile)
        try:
            user = await self._graph.users.get(entra_id)
        except NotFound:
            raise NotAllowed(
                N_(
                    "Your account in Entra is not there any more. Please ask your identity team to look at "
                    "it."
                )
            ) from None
        if not user.account_enabled:
            raise NotAllowed(DISABLED)
        return user

    async def _entra_user(self, profile: SlackUser, *, known: Sequence[User] | None = None) -> User:
        _check_member(profile)
        if not profile.email:
            raise NotAllowed(
                N_(
                    "Your Slack profile has no confirmed e-mail address, so I cannot tell who you are in "
                    "Entra."
                )
            )
        if not self._addresses.in_entra(profile.email):
            raise NotAllowed(
                N_("The e-mail address of your Slack profile is not of a domain that counts here.")
            )
        users = await self.entra_users(profile.email) if known is None else known
        enabled = [user for user in users if user.account_enabled]
        if not users:
            raise NotAllowed(
                N_(
                    "Nobody in Entra has the e-mail address of your Slack profile. Please ask your "
                    "identity team to correct it."
                )
            )
        if len(users) > 1:
            raise NotAllowed(
                N_(
                    "More than one account in Entra has the e-mail address of your Slack profile, and I "
                    "must not guess. Please ask your identity team to correct it."
                )
            )
        if not enabled:
            raise NotAllowed(DISABLED)
        return enabled[0]


def why_not_a_member(profile: SlackUser) -> str | None:
    """Return why somebody can do nothing here whom Slack calls no full member, for them; None for a member."""
    if not profile.not_a_member:
        return None
    return N_(
        "Only full members of this Slack workspace can ask for access or decide about it, and this account is {member}."
    ).format(member=profile.not_a_member)


def _check_member(profile: SlackUser) -> None:
    why = why_not_a_member(profile)
    if why is not None and profile.not_a_member is not None:
        raise NotAMember(why, member=profile.not_a_member)
