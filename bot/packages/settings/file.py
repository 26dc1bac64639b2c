"""Says what holds for a package by a package settings file, and which names in it nothing bears."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from bot.packages.names import clean
from bot.packages.settings.bindings import (
    CATALOGS,
    PACKAGES,
    Bindings,
    EntryBinding,
    EntryNames,
    LatestBindings,
    names_of,
)
from bot.packages.settings.blocks import (
    BreakGlassBlock,
    PackageBlock,
    QuietHoursBlock,
    SettingsBlock,
    SettingsFile,
)
from bot.packages.settings.model import (
    BreakGlass,
    BreakGlassPeople,
    DelegationLimits,
    PackageNames,
    PackageSettings,
    QuietHours,
    ReasonRule,
    Reminders,
)
from bot.packages.settings.remembered import remembered_block
from bot.packages.settings.strictest import strictest
from bot.packages.settings.values import ENTRA
from bot.source import Place, Source
from bot.suggestions import nearest

# What Entra knows nothing of, so that it cannot hold where Entra decides: each with what takes it back.
NOT_WITH_ENTRA: Final[Mapping[str, str]] = {
    "quorum": "quorum: 1",
    "escalate_after": "escalate_after: none",
    "break_glass": "break_glass: none",
}
# Words of the file that are fields of `PackageSettings` under the same name.
PLAIN: Final = (
    "channel",
    "quorum",
    "nudge_after",
    "nudge_before_deadline",
    "escalate_after",
    "delivery_note",
    "owner",
    "digest",
    "reminders",
    "auth_context",
)

# A package's id and name, its catalog's name, and a policy's.
PolicyNames = tuple[str, str, str, str | None]


class _PutTogether:
    """The settings of packages that were put together under one state of the bindings, for as long as it is the newest."""

    def __init__(self) -> None:
        # Replaced as a whole: several threads read it.
        self._under: tuple[Bindings | None, dict[PolicyNames, PackageSettings]] = (None, {})

    def under(self, bindings: Bindings) -> dict[PolicyNames, PackageSettings]:
        """Return what is known under *bindings*, to be added to."""
        known, found = self._under
        if known is not bindings:
            found = {}
            self._under = (bindings, found)
        return found


@dataclass(frozen=True, kw_only=True)
class PackageSettingsFile:
    """
    A package settings file that was read; without a file, nothing is set for any package.

    Attributes:
        always_approved: An admin approves where a policy asks nobody.  A setting of the environment
            (LATCHKEY_APPROVAL), here because it holds for every package as a default of the file does.
        said: What it says in YAML's words.
        bindings: For which package each entry was written.
    """

    source: Source = field(default_factory=lambda: Source(name="no file"))
    content: SettingsFile = field(default_factory=SettingsFile)
    always_approved: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)
    bindings: LatestBindings = field(default_factory=LatestBindings, compare=False, repr=False)
    _put_together: _PutTogether = field(
        default_factory=_PutTogether, init=False, compare=False, repr=False
    )

    @cached_property
    def entries(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what it says of catalogs and packages, in YAML's words, by section and name."""
        return {
            section: {clean(name): words for name, words in (self.said.get(section) or {}).items()}
            for section in (PACKAGES, CATALOGS)
        }

    @property
    def has_entries(self) -> bool:
        """Tell whether it says anything of a package or a catalog by name."""
        return any(self.entries.values())

    def settings_for(
        self, package: str, *, package_id: str, catalog: str = "", policy: str | None = None
    ) -> PackageSettings:
        """
        Return what holds for a package: what it says itself, then its catalog, then the defaults.

        An entry that was written for this package goes on holding when the package was renamed.  Where its new name has an entry, too,
        where the entry was taken out of the file or renamed there, and where it was written for another package, the stricter holds.

        Args:
            package, catalog: Display names, letter by letter as in Entra.
            package_id: Its object id, which stays whatever it is called.
            policy: The display name of the policy, where it is known which applies.
        """
        bindings = self.bindings.now
        known = self._put_together.under(bindings)
        names = (package_id, package, catalog, policy)
        found = known.get(names)
        if found is None:
            found = known[names] = self._put_settings_together(*names, bindings)
        return found

    def _put_settings_together(
        self, package_id: str, package: str, catalog: str, policy: str | None, bindings: Bindings
    ) -> PackageSettings:
        own = self._named(clean(package), clean(catalog))
        binding = bindings.of(package_id)
        bound = binding.names
        now = self._layered(own, binding, policy)
        foreign = {name for name in own.packages if bindings.is_of_another(name, package_id)}
        lost_package = not set(bound.packages) <= set(own.packages)
        lost_catalog = not set(bound.catalogs) <= set(own.catalogs)
        if not (foreign or lost_package or lost_catalog):
            return now
        without = tuple(name for name in own.packages if name not in foreign)
        kept_names = EntryNames(
            bound.packages if lost_package else without,
            bound.catalogs if lost_catalog else own.catalogs,
        )
        kept = self._layered(kept_names, binding, policy)
        is_renamed_only = (
            not foreign
            and set(own.packages) <= set(bound.packages)
            and not (lost_catalog and own.catalogs)
            and self._has(bound)
        )
        if is_renamed_only:
            return kept
        return strictest(kept, now, entra_decides=kept.entra_decides)

    def _has(self, names: EntryNames) -> bool:
        """Tell whether all these entries are in the file."""
        return self.content.packages.keys() >= set(
            names.packages
        ) and self.content.catalogs.keys() >= set(names.catalogs)

    def _named(self, package: str, catalog: str) -> EntryNames:
        """Return the entries that bear a package's names."""
        return EntryNames(
            tuple(name for name in names_of(package, catalog) if name in self.content.packages),
            (catalog,) if catalog in self.content.catalogs else (),
        )

    def _layered(
        self, names: EntryNames, bound: EntryBinding, policy: str | None
    ) -> PackageSettings:
        """Return what these entries say together."""
        catalogs = [
            self.content.catalogs.get(name) or remembered_block(SettingsBlock, bound.catalogs[name])
            for name in names.catalogs
        ]
        packages = [
            self.content.packages.get(name) or remembered_block(PackageBlock, bound.packages[name])
            for name in names.packages
        ]
        values: dict[str, Any] = {}
        for block in (self.content.defaults, *catalogs, *packages):
            values |= _values(block)
        for block in packages:
            of_policy = block.policies.get(clean(policy or ""))
            if of_policy and "channel" in of_policy.model_fields_set:
                values["channel"] = of_policy.channel
        if values.get("quorum") is None:
            values.pop("quorum", None)
        return PackageSettings(**values)

    def reminders(self) -> list[Reminders]:
        """List the reminders that it sets, of whatever package."""
        return [block.reminders for block, _ in self._placed() if block.reminders is not None]

    @property
    def has_quorums(self) -> bool:
        """Tell whether it says of any package how many must approve."""
        return any(block.quorum is not None for block, _ in self._placed())

    @property
    def has_digests(self) -> bool:
        """Tell whether some owner may get a digest."""
        blocks = [block for block, _ in self._placed()]
        return any(each.owner for each in blocks) and any(each.digest for each in blocks)

    def fresh_sign_ins(self) -> list[Place]:
        """List the places where it asks for a fresh sign-in."""
        return [
            (*place, "approval") for block, place in self._placed() if block.approval is not None
        ]

    def entra_decides(self) -> list[Place]:
        """List the places where it has Entra decide."""
        return [(*place, "decides") for block, place in self._placed() if block.decides == ENTRA]

    def delegation_limits(self) -> DelegationLimits:
        """Return what delegates cannot decide, in some packages, or only once whoever lets them has signed in for it."""
        said = [block for block, _ in self._placed()]
        contexts = {each.auth_context for each in said if each.auth_context is not None}
        takes_sign_in = bool(self.fresh_sign_ins())
        return DelegationLimits(
            takes_sign_in=takes_sign_in,
            # "c2" before "c10".
            contexts=tuple(sorted(contexts, key=lambda each: (len(each), each)))
            if takes_sign_in
            else (),
            entra_decides=bool(self.entra_decides()),
        )

    def contradictions(self) -> list[str]:
        """Return a sentence for each setting that cannot hold because Entra decides."""
        found: dict[str, None] = {}
        for chain in self._chains():
            said: dict[str, tuple[Any, Place]] = {}
            for block, place in chain:
                for name in block.model_fields_set:
                    said[name] = (getattr(block, name), (*place, name))
            if said.get("decides", (None,))[0] != ENTRA:
                continue
            for name, instead in NOT_WITH_ENTRA.items():
                value, place = said.get(name, (None, ()))
                if value not in (None, (1,)):
                    sentence = (
                        f"“{name}” cannot hold where Entra decides, which knows no such thing; write “{instead}” "
                        "for that package, or “decides: latchkey”."
                    )
                    found[self.source.problem(place, sentence)] = None
        return list(found)

    def _chains(self) -> Iterator[list[tuple[SettingsBlock, Place]]]:
        """Yield the blocks that may hold together for a package, the nearest last."""
        first: list[tuple[SettingsBlock, Place]] = [(self.content.defaults, ("defaults",))]
        yield first
        catalogs: list[tuple[SettingsBlock, Place]] = [
            (block, ("catalogs", name)) for name, block in self.content.catalogs.items()
        ]
        for catalog in catalogs:
            yield [*first, catalog]
        for name, package in self.content.packages.items():
            own: tuple[SettingsBlock, Place] = (package, ("packages", name))
            yield [*first, own]
            for catalog in catalogs:
                yield [*first, catalog, own]

    def channels(self) -> list[tuple[str, Place]]:
        """List the Slack channels that it names for cards, each with one place where it does."""
        found: dict[str, Place] = {}
        for block, place in self._placed():
            if block.channel is not None:
                found.setdefault(block.channel, (*place, "channel"))
            for name, policy in getattr(block, "policies", {}).items():
                if policy.channel is not None:
                    found.setdefault(policy.channel, (*place, "policies", name, "channel"))
        return list(found.items())

    def on_call_places(self) -> list[Place]:
        """Return where it lets those on call have access in an emergency."""
        return [
            ("packages", name, "break_glass")
            for name, block in self.content.packages.items()
            if block.break_glass is not None
            and block.break_glass.people is BreakGlassPeople.ON_CALL
        ]

    def _placed(self) -> Iterator[tuple[SettingsBlock, Place]]:
        yield self.content.defaults, ("defaults",)
        for name, block in self.content.catalogs.items():
            yield block, ("catalogs", name)
        for name, block in self.content.packages.items():
            yield block, ("packages", name)
        for each in self.bindings.now:
            for section, kind, known, remembered in (
                (CATALOGS, SettingsBlock, self.content.catalogs, each.catalogs),
                (PACKAGES, PackageBlock, self.content.packages, each.packages),
            ):
                for name, words in remembered.items():
                    if name not in known:
                        yield remembered_block(kind, words), (section, name)

    def warnings(self, offered: Iterable[PackageNames]) -> list[str]:
        """Return a sentence for each name in the file that nothing in the tenant has, or that several packages have."""
        known = list(offered)
        catalogs = {each.catalog for each in known}
        found = [
            self.source.problem(
                ("catalogs", name),
                f"There is no catalog “{name}” that has packages.{nearest(name, catalogs)}",
            )
            for name in self.content.catalogs
            if name not in {clean(each) for each in catalogs}
        ]
        for name, block in self.content.packages.items():
            meant = [
                each for each in known if name in names_of(clean(each.package), clean(each.catalog))
            ]
            place: Place = ("packages", name)
            if not meant:
                hint = nearest(name, [each.package for each in known])
                found.append(
                    self.source.problem(place, f"There is no access package “{name}”.{hint}")
                )
                continue
            if len(meant) > 1:
                those = " and ".join(f"“{each.package} ({each.catalog})”" for each in meant)
                found.append(
                    self.source.problem(
                        place, f"“{name}” holds for several access packages: {those}."
                    )
                )
            policies = {each for one in meant for each in one.policies}
            found += [
                self.source.problem(
                    (*place, "policies", policy),
                    f"“{name}” has no policy “{policy}”.{nearest(policy, policies)}",
                )
                for policy in block.policies
                if policy not in {clean(each) for each in policies}
            ]
        return found


def _values(block: SettingsBlock) -> dict[str, Any]:
    """Return what a block says, as fields of `PackageSettings`; what it takes back is None."""
    said = block.model_fields_set
    values: dict[str, Any] = {name: getattr(block, name) for name in PLAIN if name in said}
    if "open" in said:
        values["opens"] = block.open
    if "approval" in said:
        values["fresh_sign_in"] = block.approval is not None
    if "decides" in said:
        values["entra_decides"] = block.decides == ENTRA
    if "quiet_hours" in said:
        values["quiet_hours"] = _quiet_hours(block.quiet_hours)
    if "reason_pattern" in said:
        pattern, hint = block.reason_pattern, block.reason_hint
        values["reason"] = ReasonRule(pattern=pattern, hint=hint) if pattern and hint else None
    if "break_glass" in said:
        values["break_glass"] = _break_glass(getattr(block, "break_glass", None))
    return values


def _quiet_hours(block: QuietHoursBlock | None) -> QuietHours | None:
    if block is None:
        return None
    start, end = block.hours or (None, None)
    return QuietHours(start=start, end=end, weekends=block.weekends)


def _break_glass(block: BreakGlassBlock | None) -> BreakGlass | None:
    if block is None:
        return None
    return BreakGlass(
        lasts=timedelta(minutes=block.minutes),
        review_within=block.review_within,
        people=block.people,
        most_a_week=block.most_a_week,
    )


NO_FILE: Final = PackageSettingsFile()
