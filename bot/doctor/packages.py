"""Check each access package: whether its policies are understood, and who would decide."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot import chance, clock
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from bot.packages.approver_visibility import any_leaves_it_to_the_tenant
from bot.packages.eligibility import groups_named, is_automatic, is_requestable
from bot.packages.model import Stage
from bot.packages.names import clean
from bot.packages.policy_terms import stages_for, stages_with_settings
from bot.packages.settings.model import PackageNames, PackageSettings
from bot.packages.unsupported import unsupported_in_package, unsupported_in_policy
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.requests.model import Kind, Request, State
from bot.slack.errors import SlackError, SlackRefused
from graph.errors import GraphError, NotFound
from graph.models import AccessPackage, AssignmentPolicy

# Slack's words for a place that the app may post to, perhaps, and may not read.
NOT_ALLOWED_TO_LOOK: Final = frozenset({"missing_scope", "no_permission"})
# A tenant may have thousands; each is some calls.
MOST_PACKAGES: Final = 300
# Fewer than these are one vacation away from nobody.
ENOUGH_DECIDERS: Final = 2
# Approvers of these kinds are the same people, whoever asks.
SAME_FOR_ALL: Final = frozenset({"singleuser", "groupmembers"})
HIDDEN: Final = (
    "a group by which it is told who may have it hides its members, so that requests are refused; grant the app "
    "Member.Read.Hidden (docs/how-to/entra-app.md)."
)


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Judge each package as a request for it would be judged, without anybody asking."""
    listed = subject.bounds.within(await subject.graph.packages.list(named=False))
    if not listed:
        return [broken("There is no access package in Entra yet: make one and give it a policy.")]
    found: list[CheckFinding] = []
    # Of what is not looked at, it is not known.
    is_left_to_tenant = len(listed) > MOST_PACKAGES
    for each in listed[:MOST_PACKAGES]:
        name = f"The package “{clean(each.display_name or each.id)}”"
        try:
            package, policies = await read(subject, each)
        except GraphError as error:
            found.append(warning(f"{name} cannot be read: {error}"))
            is_left_to_tenant = True
            continue
        found += await _of_package(subject, name, package, policies)
        is_left_to_tenant = is_left_to_tenant or any_leaves_it_to_the_tenant(policies)
    if is_left_to_tenant:
        found = [*await _of_tenant(subject), *found]
    if len(listed) > MOST_PACKAGES:
        found.append(note(f"Only {MOST_PACKAGES} of {len(listed)} access packages were looked at."))
    return found or [
        fine(
            f"{len(listed)} access packages can be read; their policies are understood, and two people or more decide."
        )
    ]


async def _of_tenant(subject: CheckSubject) -> list[CheckFinding]:
    """Judge whether it can be read if the tenant shows approvers, which policies leave to it."""
    try:
        await subject.graph.tenant_settings.end_user()
    except NotFound:
        # Then Entra cannot hide them, either.
        return []
    except GraphError as error:
        return [
            warning(
                "Whether this tenant shows approvers to whoever asks (endUserSettings) cannot be read, so nobody who asks "
                f"is told who decides, unless a policy says that its approvers are visible: {error}"
            )
        ]
    return []


async def read(
    subject: CheckSubject, listed: AccessPackage
) -> tuple[AccessPackage, list[AssignmentPolicy]]:
    """
    Return a package of the list with its policies, both whole.

    Raises:
        GraphError: One of them cannot be read.
    """
    package = await subject.graph.packages.get(listed.id)
    policies = [await subject.graph.policies.get(each.id) for each in package.assignment_policies]
    return package, policies


def settings_of(
    subject: CheckSubject, package: AccessPackage, policy: AssignmentPolicy
) -> PackageSettings:
    """Return what the file of package settings says of a package's policy."""
    return subject.package_settings.settings_for(
        package.display_name or "",
        package_id=package.id,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
        policy=policy.display_name,
    )


async def _of_package(
    subject: CheckSubject, name: str, package: AccessPackage, policies: Sequence[AssignmentPolicy]
) -> list[CheckFinding]:
    found = [
        warning(f"{name} cannot be asked for here: {why}.")
        for why in unsupported_in_package(package)
    ]
    if not policies:
        return [*found, warning(f"{name} has no policy: nobody can ask for it.")]
    askable = [each for each in policies if is_requestable(each) and not is_automatic(each)]
    if not askable:
        return [*found, note(f"{name} has no policy that lets people ask.")]
    try:
        groups = groups_named(askable) | {
            each.id for each in await subject.graph.incompatibilities.groups(package.id)
        }
        is_hidden = bool(await subject.graph.hidden_members.among(groups))
    except GraphError as error:
        found.append(warning(f"{name}: what does not go with it cannot be read: {error}"))
        is_hidden = False
    if is_hidden:
        found.append(warning(f"{name}: {HIDDEN}"))
    for policy in askable:
        found += await _of_policy(subject, name, policy, settings_of(subject, package, policy))
    return found


async def _of_policy(
    subject: CheckSubject, package: str, policy: AssignmentPolicy, said: PackageSettings
) -> list[CheckFinding]:
    """
    Judge one policy.

    Args:
        said: The settings of its package.
    """
    name = f"{package}, policy “{clean(policy.display_name or policy.id)}”"
    unsupported = unsupported_in_policy(policy, extending=False)
    if unsupported:
        return [warning(f"{name}, refuses everybody: {each}.") for each in unsupported]
    found = []
    stages = stages_in_force(subject, policy, said)
    if not stages and said.approvals_needed(0) > 1:
        found.append(note(f"{name}: its quorum has no effect, because nobody has to approve."))
    for number, stage in enumerate(stages, start=1):
        at = f", stage {number}" if len(stages) > 1 else ""
        found += await _of_stage(subject, f"{name}{at}", stage, no_admins=_no_admins(subject, said))
    return found


def stages_in_force(
    subject: CheckSubject, policy: AssignmentPolicy, said: PackageSettings
) -> tuple[Stage, ...]:
    """Return the stages of a request under a policy: the policy's, with what the settings add or Entra does not know."""
    always = subject.settings.approval == "always" and not said.entra_decides
    stages = stages_with_settings(stages_for(policy, extending=False, always=always), said)
    if said.entra_decides:
        return tuple(replace(stage, quorum=1) for stage in stages)
    return stages


def _no_admins(subject: CheckSubject, said: PackageSettings) -> str | None:
    """Return why no admin decides where nobody else can; None where they do."""
    if said.entra_decides:
        return "Entra, which decides, knows no admins of Latchkey's"
    return "LATCHKEY_ADMINS_DECIDE is never" if subject.settings.admins_decide == "never" else None


async def _of_stage(
    subject: CheckSubject, name: str, stage: Stage, *, no_admins: str | None
) -> list[CheckFinding]:
    """
    Count who could decide, up to two, or to as many as must approve.

    Args:
        no_admins: Why no admin decides where nobody else can; None where they do.
    """
    subjects = (*stage.approvers, *stage.fallback)
    if not subjects:
        if no_admins is None:
            return [note(f"{name}: nobody is named, so the admins decide.")]
        return [broken(f"{name}: nobody is named, and {no_admins}: no request can be approved.")]
    if any(each["kind"] not in SAME_FOR_ALL for each in subjects):
        # Their manager, or their sponsors.
        return []
    approvers = Approvers(graph=subject.graph)
    try:
        await approvers.check_understood([stage], anybodys_request())
        people = await approvers.find(
            stage, anybodys_request(), most=max(ENOUGH_DECIDERS, stage.quorum)
        )
    except UnresolvedApprovers as error:
        return [warning(f"{name}: who decides cannot be told ({error}).")]
    except GraphError as error:
        return [warning(f"{name}: who decides cannot be read: {error}")]
    if people and len(people) < stage.quorum:
        can = f"{name}: {stage.quorum} different people must approve, and only {len(people)} can"
        if no_admins is None:
            return [warning(f"{can}; the admins give what is missing.")]
        return [broken(f"{can}, and {no_admins}: no request can be approved.")]
    if len(people) >= ENOUGH_DECIDERS:
        return []
    if people:
        # Whoever reads this need not know who.
        return [warning(f"{name}: only one person can decide.")]
    nobody = f"{name}: nobody whom the policy names is in the directory and enabled"
    if no_admins is None:
        return [warning(f"{nobody}, so only the admins can decide.")]
    return [broken(f"{nobody}, and {no_admins}: no request can be approved.")]


def anybodys_request() -> Request:
    """Return a request that nobody has made: nobody is left out for being whoever asks."""
    return Request(
        id=chance.new_id(),
        kind=Kind.ADD,
        state=State.RECEIVED,
        holder=None,
        asked_by="",
        package_id="",
        package_name="",
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=None,
    )


async def settings(subject: CheckSubject) -> CheckFinding:
    """Check that the names in the file of package settings are some of the tenant's, and its channels ours to post to."""
    file, path = subject.package_settings, subject.settings.package_settings
    if path is None:
        return fine("No package has settings of its own.")
    try:
        packages = await subject.graph.packages.list(named=False)
    except GraphError as error:
        return broken(f"{path.name} cannot be compared with Entra's packages: {error}")
    problems = file.warnings(
        PackageNames(
            package=package.display_name or "",
            catalog=(package.catalog.display_name if package.catalog else None) or "",
            policies=tuple(each.display_name or "" for each in package.assignment_policies),
        )
        for package in packages
    )
    unchecked = []
    for channel, place in file.channels():
        try:
            await subject.slack.check_channel(channel)
        except SlackRefused as refused:
            if refused.error in NOT_ALLOWED_TO_LOOK:
                unchecked.append(channel)
                continue
            why = f"Slack does not let me into the channel {channel} ({refused}): invite the app there, or correct the id."
            problems.append(file.source.problem(place, why))
        except SlackError as error:
            problems.append(
                file.source.problem(place, f"The channel {channel} could not be checked ({error}).")
            )
    if problems:
        return broken("\n  ".join(problems))
    sentence = f"{path.name} names only packages, catalogs and policies that are in Entra"
    if unchecked:
        sentence += f". Its channels ({', '.join(unchecked)}) could not be checked: the app may not read there"
    elif file.channels():
        sentence += ", and channels that the app is in"
    return fine(f"{sentence}.")
