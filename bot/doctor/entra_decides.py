"""Check what it takes to decide in Entra from Slack: approvers with connected accounts, and an administrator's consent."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bot.accounts.connecting import APPROVER_SCOPES
from bot.accounts.model import ConnectedAccount, NotConnected
from bot.accounts.store import accounts
from bot.accounts.tokens import CONSENT_NEEDED, AccountTokens
from bot.doctor import deciders, packages
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from bot.packages.model import Stage
from bot.packages.names import clean
from bot.people.approvers import Approvers, UnresolvedApprovers
from graph.errors import AuthError, GraphError
from graph.models import AccessPackage, User
from graph.sign_in.web_signin import SignInRefused

# A stage may name a group of thousands; so many are looked for among the accounts.
MOST_APPROVERS: Final = 200
MOST_NAMED: Final = 5
# Somebody's sign-in may be over, or need more of them: then another's is tried.
MOST_TRIED: Final = 5
CONSENT: Final = f"the delegated permission {APPROVER_SCOPES[0]}"


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Count the approvers of each package that Entra decides who could do it in Slack, and see whether Entra lets them."""
    if not subject.package_settings.entra_decides():
        return [fine("Latchkey decides about every package, so nobody needs a connected account.")]
    found: list[CheckFinding] = []
    connected: dict[str, ConnectedAccount] = {}
    stages, left_out = 0, _LeftOut()
    async for name, stage in _stages(subject, left_out):
        people = await _people(subject, stage, left_out)
        if people is None:
            continue
        stages += 1
        ids = [each.id for each in people]
        theirs = await subject.store.read(accounts.connected_among, ids)
        connected |= {each.slack_user: each for each in theirs}
        found += _too_few(name, people, theirs)
    if not stages:
        nobody = note("Entra decides about no package whose approvers can be told.")
        return [nobody, *left_out.findings()]
    if not found:
        which = "each stage that was counted" if left_out.findings() else "each stage"
        found.append(
            fine(f"Where Entra decides, two approvers or more can do it in Slack at {which}.")
        )
    return [*found, *left_out.findings(), await _consent(subject, list(connected.values()))]


@dataclass(kw_only=True)
class _LeftOut:
    """
    Tell where nobody was counted.

    Attributes:
        of_the_asker: Stages whose approvers depend on who asks.
        unknown: Stages whose approvers cannot be told or are nobody; the findings of packages say which.
        unread: Packages that cannot be read; these say so, too.
        beyond: Packages beyond those that are looked at.
    """

    of_the_asker: int = 0
    unknown: int = 0
    unread: int = 0
    beyond: int = 0

    def findings(self) -> list[CheckFinding]:
        """Return what is to be said of it."""
        counted = {
            "stages where who decides depends on who asks": self.of_the_asker,
            "stages whose approvers cannot be told": self.unknown,
            "packages that cannot be read": self.unread,
            f"packages beyond the first {packages.MOST_PACKAGES}": self.beyond,
        }
        said = [f"{what}: {number}" for what, number in counted.items() if number]
        if not said:
            return []
        return [note(f"Who could decide in Slack was not counted for {'; '.join(said)}.")]


async def _stages(subject: CheckSubject, left_out: _LeftOut) -> AsyncIterator[tuple[str, Stage]]:
    """Yield the stages that Entra decides, with what to call them; what cannot be read is among the findings of packages."""
    everything = subject.bounds.within(await subject.graph.packages.list(named=False))
    listed = [each for each in everything if _may_be_decided_there(subject, each)]
    left_out.beyond = max(0, len(listed) - packages.MOST_PACKAGES)
    for each in listed[: packages.MOST_PACKAGES]:
        try:
            package, policies = await packages.read(subject, each)
        except GraphError:
            left_out.unread += 1
            continue
        for policy in policies:
            said = packages.settings_of(subject, package, policy)
            if not said.entra_decides:
                continue
            name = f"The package “{clean(package.display_name or package.id)}”, policy “{clean(policy.display_name or policy.id)}”"
            for which, stage in packages.stages_to_judge(subject, policy, said):
                yield f"{name}{which}", stage


def _may_be_decided_there(subject: CheckSubject, listed: AccessPackage) -> bool:
    """Tell whether Entra decides about a package under one of its policies, as lists name them: no other need be read."""
    return any(
        packages.settings_of(subject, listed, policy).entra_decides
        for policy in listed.assignment_policies
    )


async def _people(subject: CheckSubject, stage: Stage, left_out: _LeftOut) -> list[User] | None:
    """Return who may decide a stage; None where that depends on who asks, cannot be told, or is nobody."""
    subjects = (*stage.approvers, *stage.fallback)
    if any(each["kind"] not in deciders.SAME_FOR_ALL for each in subjects):
        left_out.of_the_asker += 1
        return None
    try:
        people = await Approvers(graph=subject.graph).find(
            stage, deciders.anybodys_request(), most=MOST_APPROVERS
        )
    except (UnresolvedApprovers, GraphError):
        people = []
    left_out.unknown += not people
    return people or None


def _too_few(
    name: str, people: Sequence[User], theirs: Sequence[ConnectedAccount]
) -> list[CheckFinding]:
    # Of whom Microsoft wants another sign-in decides nothing before it.
    able = {each.entra_id.casefold() for each in theirs if not each.must_sign_in_again}
    without = [each for each in people if each.id.casefold() not in able]
    can = len(people) - len(without)
    if can >= deciders.ENOUGH_DECIDERS:
        return []
    if not without:
        return [note(f"{name}, is decided in Entra by one approver alone, who can do it in Slack.")]
    names = [clean(each.display_name or each.user_principal_name or each.id) for each in without]
    named = ", ".join(islice(names, MOST_NAMED))
    if len(names) > MOST_NAMED:
        named += f" and {len(names) - MOST_NAMED} more"
    count = "nobody" if can == 0 else "only one"
    among = f"{len(people)}" if len(people) < MOST_APPROVERS else f"the first {len(people)}"
    return [
        warning(
            f"{name}, is decided in Entra, and {count} of {among} approvers can do it in Slack: {named} must connect their "
            "Microsoft account (`/my-access connect`), or decide at My Access."
        )
    ]


async def _consent(subject: CheckSubject, connected: Sequence[ConnectedAccount]) -> CheckFinding:
    """Ask Microsoft's login whether it gives an approver what Graph wants of one; nothing of the answer is kept."""
    tokens = subject.tokens
    if tokens is None or not connected:
        return note(
            f"Whether an administrator has consented to {CONSENT} shows once an approver has connected their account."
        )
    again = 0
    for each in connected[:MOST_TRIED]:
        match await _tried(tokens, each):
            case None:
                again += 1
            case finding:
                return finding
    return warning(
        f"{again} approvers whose account is connected must connect it again: Microsoft's login renews none of these sign-ins."
    )


async def _tried(tokens: AccountTokens, account: ConnectedAccount) -> CheckFinding | None:
    """Return what Microsoft's login says of the consent; None where it wants another sign-in first."""
    try:
        await tokens.check(account.slack_user, scopes=APPROVER_SCOPES)
    except SignInRefused as refused:
        if refused.code == CONSENT_NEEDED:
            return broken(
                f"No administrator has consented to {CONSENT} ({CONSENT_NEEDED}), so nobody can decide in Slack what Entra "
                "decides: grant admin consent (docs/how-to/entra-app.md). Meanwhile they decide at My Access."
            )
        return None
    except NotConnected:
        return None
    except AuthError as error:
        return warning(f"Whether an administrator has consented to {CONSENT} is not known: {error}")
    return fine(f"An administrator has consented to {CONSENT}.")
