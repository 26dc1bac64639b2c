"""Check each access package: whether its policies are understood, and who would decide."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from bot.doctor.deciders import Counts, judge_stage
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from bot.packages.approver_visibility import any_leaves_it_to_the_tenant
from bot.packages.eligibility import groups_named, is_extendable, is_requestable
from bot.packages.model import Stage
from bot.packages.names import clean
from bot.packages.policy_terms import stages_for, stages_with_settings
from bot.packages.settings.model import PackageNames, PackageSettings
from bot.packages.unsupported import unsupported_in_package, unsupported_in_policy
from bot.slack.errors import SlackError, SlackRefused
from graph.errors import GraphError, NotFound
from graph.models import AccessPackage, AssignmentPolicy

# Slack's words for a place that the app may post to, perhaps, and may not read.
NOT_ALLOWED_TO_LOOK: Final = frozenset({"missing_scope", "no_permission"})
# A tenant may have thousands; each is some calls.
MOST_PACKAGES: Final = 300
# Looked at side by side; the other calls of the bot's app have room beside them.
AT_ONCE: Final = 8
# Less than the table gives a check, so that what was found by then is said.
LONGEST_LOOK: Final = 90
HIDDEN: Final = (
    "a group by which it is told who may have it hides its members, so that requests are refused; grant the app "
    "Member.Read.Hidden (docs/how-to/entra-app.md)."
)


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Judge each package as a request for it would be judged, without anybody asking."""
    listed = subject.bounds.within(await subject.graph.packages.list(named=False))
    if not listed:
        where = "the catalogs of LATCHKEY_CATALOGS" if subject.bounds.are_set else "Entra"
        return [
            broken(f"There is no access package in {where} yet: make one and give it a policy.")
        ]
    looked_at = await _look_at(subject, listed[:MOST_PACKAGES])
    found = [finding for each in looked_at for finding in each.findings]
    # Of what is not looked at, it is not known.
    if len(looked_at) < len(listed) or any(each.leaves_it_to_tenant for each in looked_at):
        found = [*await _of_tenant(subject), *found]
    if len(looked_at) < len(listed):
        found.append(_not_all(len(looked_at), len(listed)))
    counts = sum((each.counts for each in looked_at), start=Counts())
    return found or [
        fine(
            f"{len(listed)} access packages can be read, and their policies are understood ({counts.sentence()})."
        )
    ]


@dataclass(kw_only=True)
class _LookedAt:
    """
    One package that was looked at.

    Attributes:
        leaves_it_to_tenant: Whether its approvers are shown may be the tenant's to say.
    """

    findings: list[CheckFinding]
    counts: Counts
    leaves_it_to_tenant: bool


async def _look_at(subject: CheckSubject, packages: Sequence[AccessPackage]) -> Sequence[_LookedAt]:
    """Look at some packages at a time, as far as there is time for; return what was found, in their order."""
    found: dict[int, _LookedAt] = {}
    left = iter(enumerate(packages))

    async def look_at_next() -> None:
        for place, each in left:
            found[place] = await _look_at_one(subject, each)

    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_LOOK), asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(look_at_next())
    return [found[place] for place in sorted(found)]


async def _look_at_one(subject: CheckSubject, listed: AccessPackage) -> _LookedAt:
    name = f"The package “{clean(listed.display_name or listed.id)}”"
    counts = Counts()
    try:
        package, policies = await read(subject, listed)
    except GraphError as error:
        unread = warning(f"{name} cannot be read: {error}")
        return _LookedAt(findings=[unread], counts=counts, leaves_it_to_tenant=True)
    return _LookedAt(
        findings=await _of_package(subject, name, package, policies, counts),
        counts=counts,
        leaves_it_to_tenant=any_leaves_it_to_the_tenant(policies),
    )


def _not_all(looked_at: int, listed: int) -> CheckFinding:
    said = f"{looked_at} of {listed} access packages were looked at"
    if looked_at >= MOST_PACKAGES:
        return note(f"Only {said}.")
    return warning(f"Only {said}: Graph was too slow for more in {LONGEST_LOOK} s.")


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
    Return a package of the list with its policies, both whole; each is read once, whichever check asks.

    Raises:
        GraphError: One of them cannot be read.
    """
    known = subject.packages_read.get(listed.id)
    if known is None:
        package = await subject.graph.packages.get(listed.id)
        policies = [
            await subject.graph.policies.get(each.id) for each in package.assignment_policies
        ]
        known = subject.packages_read[listed.id] = (package, policies)
    return known


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
    subject: CheckSubject,
    name: str,
    package: AccessPackage,
    policies: Sequence[AssignmentPolicy],
    counts: Counts,
) -> list[CheckFinding]:
    found = [
        warning(f"{name} cannot be asked for here: {why}.")
        for why in unsupported_in_package(package)
    ]
    if not policies:
        return [*found, warning(f"{name} has no policy: nobody can ask for it.")]
    askable = [each for each in policies if is_requestable(each)]
    if not askable:
        found.append(note(f"{name} has no policy that lets people ask."))
    in_use = [each for each in policies if is_requestable(each) or is_extendable(each)]
    if not in_use:
        return found
    try:
        groups = groups_named(in_use) | {
            each.id for each in await subject.graph.incompatibilities.groups(package.id)
        }
        is_hidden = bool(await subject.graph.hidden_members.among(groups))
    except GraphError as error:
        found.append(warning(f"{name}: what does not go with it cannot be read: {error}"))
        is_hidden = False
    if is_hidden:
        found.append(warning(f"{name}: {HIDDEN}"))
    for policy in in_use:
        said = settings_of(subject, package, policy)
        found += await _of_policy(subject, name, policy, said, counts)
    return found


async def _of_policy(
    subject: CheckSubject,
    package: str,
    policy: AssignmentPolicy,
    said: PackageSettings,
    counts: Counts,
) -> list[CheckFinding]:
    """
    Judge one policy.

    Args:
        said: The settings of its package.
    """
    name = f"{package}, policy “{clean(policy.display_name or policy.id)}”"
    found = not_understood(name, policy)
    stages = stages_to_judge(subject, policy, said)
    if not (stages or found):
        counts.unapproved += 1
        if said.approvals_needed(0) > 1:
            found.append(note(f"{name}: its quorum has no effect, because nobody has to approve."))
    for which, stage in stages:
        found += await judge_stage(
            subject, f"{name}{which}", stage, no_admins=_no_admins(subject, said), counts=counts
        )
    return found


def not_understood(name: str, policy: AssignmentPolicy) -> list[CheckFinding]:
    """Say what of a policy keeps everybody from asking under it, or from extending."""
    asking = unsupported_in_policy(policy, extending=False) if is_requestable(policy) else ()
    extending = unsupported_in_policy(policy, extending=True) if is_extendable(policy) else ()
    return [
        *(warning(f"{name}, refuses everybody: {each}.") for each in asking),
        *(
            warning(f"{name}, refuses every extension: {each}.")
            for each in extending
            if each not in asking
        ),
    ]


def stages_to_judge(
    subject: CheckSubject, policy: AssignmentPolicy, said: PackageSettings
) -> list[tuple[str, Stage]]:
    """Return the stages of requests under a policy, and those of extensions where these are others, each with what to call it."""
    asked = _stages_if_understood(subject, policy, said, extending=False)
    extended = _stages_if_understood(subject, policy, said, extending=True)
    return [
        *_numbered("", asked),
        *(_numbered(", extensions", extended) if extended != asked else ()),
    ]


def _stages_if_understood(
    subject: CheckSubject, policy: AssignmentPolicy, said: PackageSettings, *, extending: bool
) -> tuple[Stage, ...]:
    is_for_people = is_extendable(policy) if extending else is_requestable(policy)
    if not is_for_people or unsupported_in_policy(policy, extending=extending):
        return ()
    return stages_in_force(subject, policy, said, extending=extending)


def _numbered(what: str, stages: Sequence[Stage]) -> list[tuple[str, Stage]]:
    return [
        (f"{what}, stage {number}" if len(stages) > 1 else what, stage)
        for number, stage in enumerate(stages, start=1)
    ]


def stages_in_force(
    subject: CheckSubject, policy: AssignmentPolicy, said: PackageSettings, *, extending: bool
) -> tuple[Stage, ...]:
    """Return the stages of a request under a policy: the policy's, with what the settings add or Entra does not know."""
    always = subject.settings.approval == "always" and not said.entra_decides
    stages = stages_with_settings(stages_for(policy, extending=extending, always=always), said)
    if said.entra_decides:
        return tuple(replace(stage, quorum=1) for stage in stages)
    return stages


def _no_admins(subject: CheckSubject, said: PackageSettings) -> str | None:
    """Return why no admin decides where nobody else can; None where they do."""
    if said.entra_decides:
        return "Entra, which decides, knows no admins of Latchkey's"
    return "LATCHKEY_ADMINS_DECIDE is never" if subject.settings.admins_decide == "never" else None


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
