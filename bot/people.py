"""Who somebody is: a Slack profile, and exactly one enabled user in Entra behind it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bot.errors import NotAllowed, NotAMember
from bot.models import Person
from bot.slack import Slack, SlackRefused, SlackUser
from bot.store import Store, people
from graph import Graph
from graph.models import User

UNKNOWN_TO_SLACK: Final = frozenset({"user_not_found", "user_not_visible"})


@dataclass(frozen=True, kw_only=True)
class Found:
    """A person whose both accounts were read just now."""

    person: Person
    user: User


class People:
    """Matches Slack users to Entra users by the e-mail address that Slack has confirmed."""

    def __init__(
        self, *, slack: Slack, graph: Graph, store: Store, email_domains: Collection[str]
    ) -> None:
        self._slack = slack
        self._graph = graph
        self._store = store
        self._domains = frozenset(email_domains)

    async def find(self, slack_user: str) -> Found:
        """
        The person behind a Slack user id, read from Slack and Graph now, and bound for good at first use.

        Raises:
            NotAllowed: Not a full member, no confirmed address, or not exactly one enabled Entra user;
                the sentence is for the person.
            SlackError, GraphError: It could not be read.
        """
        try:
            profile = await self._slack.user(slack_user)
        except SlackRefused as refused:
            if refused.error in UNKNOWN_TO_SLACK:
                raise NotAllowed("Slack does not show me who you are.") from None
            raise
        user = await self._entra_user(profile)
        person = Person(
            slack_user=profile.id,
            slack_name=profile.name,
            entra_id=user.id,
            entra_name=user.display_name or profile.name,
        )
        bound = await self._store.run(people.bind, person)
        if bound.entra_id != user.id:
            raise NotAllowed(
                "Your Slack profile now points to another Entra account than the one I know you by. "
                "Please ask your identity team to look at it."
            )
        return Found(person=bound, user=user)

    async def in_slack(self, user: User) -> SlackUser | None:
        """The full member behind an Entra user, or None; for cards and reminders, not for rights."""
        addresses = dict.fromkeys(
            address.lower() for address in (user.mail, user.user_principal_name) if address
        )
        for address in addresses:
            if not self._domain_counts(address):
                continue
            profile = await self._slack.user_by_email(address)
            if profile and not profile.not_a_member and (profile.email or "").lower() == address:
                return profile
        return None

    async def _entra_user(self, profile: SlackUser) -> User:
        if profile.not_a_member:
            raise NotAMember(
                f"Only full members of this Slack workspace can do that, and this account is {profile.not_a_member}."
            )
        if not profile.email:
            raise NotAllowed(
                "Your Slack profile has no confirmed e-mail address, so I cannot tell who you are in Entra."
            )
        if not self._domain_counts(profile.email):
            raise NotAllowed(
                "The e-mail address of your Slack profile is not of a domain that counts here."
            )
        users = await self._graph.directory.find_users(email=profile.email)
        enabled = [user for user in users if user.account_enabled]
        if not users:
            raise NotAllowed(
                "Nobody in Entra has the e-mail address of your Slack profile. "
                "Please ask your identity team to correct it."
            )
        if len(users) > 1:
            raise NotAllowed(
                "More than one account in Entra has the e-mail address of your Slack profile, and I must "
                "not guess. Please ask your identity team to correct it."
            )
        if not enabled:
            raise NotAllowed("Your account in Entra is disabled.")
        return enabled[0]

    def _domain_counts(self, address: str) -> bool:
        return not self._domains or address.rpartition("@")[2].lower() in self._domains
