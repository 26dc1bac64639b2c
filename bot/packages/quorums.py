"""Fill in how many people must approve each stage of a package that was synced, as the package settings say now."""

from dataclasses import replace

from bot.packages.model import Package
from bot.packages.named_stages import NamedStage
from bot.packages.offers import OfferedPolicy
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings


def with_quorums(package: Package, settings: PackageSettingsFile) -> Package:
    """
    Return *package* with the quorum of each stage, as `policy_terms.with_settings` asks it of a request.

    It is filled in whenever a package is read, and never saved: a changed file holds as soon as it is read.
    """
    if not settings.has_quorums:
        return package
    return replace(
        package, policies=tuple(_of_policy(package, each, settings) for each in package.policies)
    )


def _of_policy(
    package: Package, policy: OfferedPolicy, settings: PackageSettingsFile
) -> OfferedPolicy:
    said = settings.settings_for(package.name, catalog=package.catalog, policy=policy.name)
    return replace(
        policy,
        stages=None if policy.stages is None else _of_each(policy.stages, said),
        extension_stages=_of_each(policy.extension_stages, said),
    )


def _of_each(stages: tuple[NamedStage, ...], settings: PackageSettings) -> tuple[NamedStage, ...]:
    return tuple(
        replace(stage, quorum=settings.approvals_needed(place))
        for place, stage in enumerate(stages)
    )
