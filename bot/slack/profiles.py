"""Read Slack profiles: whether somebody is a member of our workspace, and which address is theirs for certain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.words import N_


@dataclass(frozen=True, kw_only=True)
class SlackUser:
    """
    A person as users.info describes them.

    Attributes:
        email: Only if it may count: Slack calls it confirmed, or says nothing and the settings trust that.
        shown_email: The address in the profile, confirmed or not; for lists, never for rights.
        is_confirmed: What Slack says of the address; None if it says nothing.
        not_a_member: Why this is no full member of the workspace ("a guest"), or None.
        ids: Every id by which Slack names this person: on Enterprise Grid there may be two.
        zone: The time zone that they have set, "Europe/Berlin"; for when to write to them.
    """

    id: str
    name: str
    email: str | None
    not_a_member: str | None
    shown_email: str | None = None
    is_confirmed: bool | None = None
    ids: frozenset[str] = frozenset()
    zone: str | None = None


def read_profile(
    user: Mapping[str, Any], *, team_id: str | None, trusts_provisioned: bool = False
) -> SlackUser:
    """
    Read a user object of Slack's.

    Args:
        team_id: Our workspace.
        trusts_provisioned: Let an address count of which Slack does not say whether it is confirmed, as for
            accounts that single sign-on or SCIM has made.  One that Slack calls unconfirmed never counts.
    """
    profile = _mapping(user.get("profile"))
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name")
    said = user.get("is_email_confirmed")
    confirmed = None if said is None else said is True
    counts = trusts_provisioned if confirmed is None else confirmed
    email = profile.get("email") or None
    ids = (user["id"], _mapping(user.get("enterprise_user")).get("id"))
    return SlackUser(
        id=user["id"],
        name=name or user.get("name") or user["id"],
        email=email if counts else None,
        not_a_member=_not_a_member(user, team_id=team_id),
        shown_email=email,
        is_confirmed=confirmed,
        ids=frozenset(each for each in ids if isinstance(each, str) and each),
        zone=user["tz"] if isinstance(user.get("tz"), str) else None,
    )


def _not_a_member(user: Mapping[str, Any], *, team_id: str | None) -> str | None:
    if user.get("deleted"):
        return N_("a deactivated account")
    if user.get("is_bot") or user["id"] == "USLACKBOT":
        return N_("a bot")
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return N_("a guest")
    if user.get("is_stranger") or team_id is None or team_id not in _teams(user):
        return N_("a member of another workspace")
    return None


def _teams(user: Mapping[str, Any]) -> frozenset[str]:
    """
    Return the workspaces that somebody is a member of, as far as Slack names them.

    On Enterprise Grid ``team_id`` is one of several, and not always there; ``enterprise_user.teams`` has them all.
    """
    listed = _mapping(user.get("enterprise_user")).get("teams")
    teams = [user.get("team_id"), *(listed if isinstance(listed, list) else [])]
    return frozenset(team for team in teams if isinstance(team, str) and team)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class KnownIds:
    """The ids of people whom Slack calls by more than one, as far as their profiles were read."""

    def __init__(self) -> None:
        self._by_id: dict[str, frozenset[str]] = {}

    def learn(self, asked: str, profile: SlackUser) -> None:
        """Remember by which ids Slack knows somebody; *asked* is the one that it was asked about."""
        ids = profile.ids | {asked}
        for each in ids:
            self._by_id[each] = ids

    def of(self, slack_user: str) -> frozenset[str]:
        return self._by_id.get(slack_user, frozenset({slack_user}))

    def __contains__(self, slack_user: object) -> bool:
        return slack_user in self._by_id
