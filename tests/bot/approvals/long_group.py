"""A group of approvers with more members than one look searches for, some of whom are in Slack as well."""

from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User


def entra_id(number):
    return f"a1000000-0000-4000-8000-{number:012d}"


def named(numbers):
    """The accounts in Slack of members with these numbers."""
    return {f"U1{number}" for number in numbers}


def reviewers(harness, how_many, *, in_slack):
    """Put so many into the group whom the policy names; those with these numbers are in Slack as well."""
    world = harness.tenant.world
    members = world.groups[seed.SECURITY_REVIEWERS].members
    members.clear()
    for number in range(how_many):
        mail = f"nr{number}@contoso.example"
        one = User(entra_id(number), f"Nr {number}", mail, world.now(), mail=mail)
        world.users[one.id] = one
        members.append(one.id)
        if number in in_slack:
            join(harness, number)


def join(harness, number):
    """Let one of them join Slack."""
    mail = f"nr{number}@contoso.example"
    harness.workspace.people[f"U1{number}"] = Person(
        id=f"U1{number}",
        name=f"nr{number}",
        real_name=f"Nr {number}",
        email=mail,
        team_id="T0LATCH",
    )
