"""The people, channels and groups that the sandbox starts with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.crowd import Colleague
from sandbox.slack.model import SLACKBOT, Channel, Person, UserGroup

if TYPE_CHECKING:
    from sandbox.slack.state import State

OTHER_TEAM = "T0OTHER"
"""The workspace at the other end of Slack Connect."""


def seed(workspace: "State") -> None:
    """Put the tutorial's people and channels into an empty workspace."""
    home = workspace.team_id
    everyone = [
        Person(
            id=workspace.bot_user_id,
            name=workspace.app_name.lower(),
            real_name=workspace.app_name,
            email=None,
            team_id=home,
            tz="America/Los_Angeles",
            is_bot=True,
            color="#1f3a5f",
        ),
        # Slack's own bot says of itself that it is none.
        Person(id=SLACKBOT, name="slackbot", real_name="Slackbot", email=None, team_id=home),
        Person(
            id="U0ANN",
            name="ann",
            real_name="Ann Abara",
            email="ann@contoso.example",
            team_id=home,
            title="Campaign lead, Marketing",
            color="#b4472e",
            role_hint="asks for access",
        ),
        Person(
            id="U0CY",
            name="cy",
            real_name="Cy Chen",
            email="cy@contoso.example",
            team_id=home,
            tz="America/New_York",
            title="Designer, Marketing",
            color="#2e7d5b",
            role_hint="asks for access, six hours behind",
        ),
        Person(
            id="U0BO",
            name="bo",
            real_name="Bo Berg",
            email="bo@contoso.example",
            team_id=home,
            title="Finance controller",
            color="#6a4fb3",
            role_hint="approves requests",
        ),
        Person(
            id="U0DANA",
            name="dana",
            real_name="Dana Diaz",
            email="dana@contoso.example",
            team_id=home,
            title="Identity administrator",
            is_admin=True,
            color="#b3701e",
            role_hint="administrator: decides and removes",
        ),
        Person(
            id="U0MIA",
            name="mia",
            real_name="Mia Moreau",
            email="mia@contoso.example",
            team_id=home,
            tz="Asia/Kolkata",
            title="Head of Marketing",
            color="#a33a75",
            role_hint="manager of Ann and Cy",
        ),
        Person(
            id="U0GUS",
            name="gus",
            real_name="Gus Guest",
            email="gus@fabrikam.example",
            team_id=home,
            tz="Europe/London",
            title="Agency partner",
            is_restricted=True,
            color="#5b6770",
            role_hint="guest: is refused",
        ),
        Person(
            id="U0EVE",
            name="eve",
            real_name="Eve Evans",
            email="eve@fabrikam.example",
            team_id=OTHER_TEAM,
            tz="America/Chicago",
            title="Works at Fabrikam",
            color="#39424e",
            role_hint="from another workspace, through Slack Connect",
        ),
    ]
    workspace.people.update({person.id: person for person in everyone})
    members = {"U0ANN", "U0CY", "U0BO", "U0DANA", "U0MIA"}
    channels = [
        Channel(
            id="C0GENERAL",
            name="general",
            members=members | {"U0GUS"},
            topic="Everyone at Contoso",
        ),
        Channel(
            id="C0MARKETING",
            name="marketing",
            members={"U0ANN", "U0CY", "U0MIA", "U0GUS"},
            topic="Campaigns and launches",
        ),
        Channel(
            id="C0APPROVALS",
            name="access-approvals",
            members={"U0BO", "U0DANA", "U0MIA", workspace.bot_user_id},
            topic="Who may have what",
        ),
        Channel(
            id="C0PARTNERS",
            name="partners-fabrikam",
            members={"U0ANN", "U0DANA", "U0EVE", workspace.bot_user_id},
            is_ext_shared=True,
            topic="Shared with Fabrikam",
        ),
    ]
    workspace.channels.update({channel.id: channel for channel in channels})
    workspace.usergroups["S0IAM"] = UserGroup(
        id="S0IAM", handle="iam", name="Identity team", users=["U0DANA"]
    )
    workspace.changed("people", users=frozenset(workspace.people))


def add_examples(workspace: "State") -> None:
    """Add a channel for the requests of one package, beside the one for all others."""
    workspace.channels["C0PRODUCTION"] = Channel(
        id="C0PRODUCTION",
        name="production-access",
        members={"U0BO", "U0DANA", "U0MIA", workspace.bot_user_id},
        topic="Who may operate production",
    )


def add_colleagues(workspace: "State", colleagues: Sequence[Colleague]) -> None:
    """Put more members into the workspace: they are in #general, and nobody acts as them."""
    for each in colleagues:
        person = Person(
            id=f"U1{each.number:06d}",
            name=each.nickname,
            real_name=each.name,
            email=each.email,
            team_id=workspace.team_id,
            tz=each.tz,
            title=each.team,
            color="#5b6770",
        )
        workspace.people[person.id] = person
        workspace.channels["C0GENERAL"].members.add(person.id)
    workspace.changed("people", users=frozenset(workspace.people))


ORGANIZATION = "E0CONTOSO"
"""The organization of the workspace, where it is on Enterprise Grid."""


def join_grid(workspace: "State", *, org_install: bool = False) -> None:
    """Make the workspace one of an organization's, with people of several workspaces and with two ids.

    Shapes: docs.slack.dev, "User object" (`enterprise_user`) and "Developing for Enterprise orgs".
    """
    home = workspace.team_id
    workspace.enterprise_id = ORGANIZATION
    workspace.is_org_install = org_install
    for person in workspace.people.values():
        if person.team_id == home and not person.is_bot:
            person.teams = (home,)
    colleagues = [
        # Slack calls people of several workspaces by any one of them.
        ("W0WANDA", "wanda", "Wanda Wolf", OTHER_TEAM, (home, OTHER_TEAM), True),
        ("W0NOLA", "nola", "Nola Novak", home, (home, OTHER_TEAM), False),
        ("W0OTTO", "otto", "Otto Olsen", OTHER_TEAM, (OTHER_TEAM,), True),
        ("W0OLGA", "olga", "Olga Orlova", OTHER_TEAM, (OTHER_TEAM,), False),
    ]
    for user, name, real_name, team, teams, shows_team in colleagues:
        workspace.people[user] = Person(
            id=user,
            name=name,
            real_name=real_name,
            email=f"{name}@contoso.example",
            team_id=team,
            teams=teams,
            shows_team=shows_team,
        )
        for channel in ("C0GENERAL", "C0APPROVALS"):
            workspace.channels[channel].members.add(user)
    # User groups may list another id than the one by which somebody acts.
    workspace.people["U0DANA"].org_id = "W0DANA"
    workspace.usergroups["S0IAM"].users = ["W0DANA"]
    workspace.changed("people", users=frozenset(workspace.people))
