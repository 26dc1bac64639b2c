"""Fill in what the settings of Latchkey add to the approval of a package that was synced: how many, and an admin."""

from dataclasses import replace
from typing import Final

from bot.packages.model import Package
from bot.packages.named_stages import NamedStage
from bot.packages.offers import OfferedPolicy
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings

# Where the policy asks nobody, and a human decides all the same.
BY_AN_ADMIN: Final = (NamedStage(is_added=True),)


def with_local_approval(package: Package, settings: PackageSettingsFile) -> Package:
    """
    Return *package* with who approves it here, as `bot.packages.policy_terms` asks it of a request.

    It is filled in whenever a package is read, and never saved: changed settings hold as soon as they are read.
    """
    if not settings.has_quorums and not settings.always_approved:
        return package
    return replace(
        package,
        needs_approval=package.needs_approval or settings.always_approved,
        policies=tuple(_of_policy(package, each, settings) for each in package.policies),
        other_policies=tuple(
            _of_policy(package, each, settings) for each in package.other_policies
        ),
    )


def _of_policy(
    package: Package, policy: OfferedPolicy, settings: PackageSettingsFile
) -> OfferedPolicy:
    # Not known, which is not the same as nobody.
    if policy.stages is None:
        return policy
    said = settings.settings_for(
        package.name, package_id=package.id, catalog=package.catalog, policy=policy.name
    )
    none = BY_AN_ADMIN if settings.always_approved else ()
    return replace(
        policy,
        stages=_of_each(policy.stages or none, said),
        extension_stages=_of_each(policy.extension_stages or none, said),
    )


def _of_each(stages: tuple[NamedStage, ...], settings: PackageSettings) -> tuple[NamedStage, ...]:
    return tuple(
        replace(stage, quorum=settings.approvals_needed(place))
        for place, stage in enumerate(stages)
    )
