"""Provision policies: who may ask for a package, who decides, for how long."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from bot import clock
from bot.packages.characters import is_plain
from bot.provisioning.file_format.file import Document
from bot.provisioning.file_format.grammar import GUID, Subject, is_untold, say_duration
from bot.provisioning.file_format.model import DescribedPackage, File
from bot.provisioning.file_format.policy_model import Policy
from bot.provisioning.kinds.base import ChangeableKind, DeletableKind, PackageLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    FileScope,
    ImportContext,
    Inventory,
    PackageScope,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.policy_translation.compare import both_by_id, by_id, differing_words
from bot.provisioning.policy_translation.from_graph import (
    Say,
    Words,
    in_words,
    left_out_of,
    subject_of,
    subject_sets_of,
    unreadable,
)
from bot.provisioning.policy_translation.merge import merge
from bot.provisioning.policy_translation.read_back import lost_in_words
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.provisioning.tenant.live_access import LiveAccess, say_assignments
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import FoundPackage, Located, Snapshot, by_name_or_former_name
from bot.provisioning.writing.diff import (
    Change,
    Difference,
    Operation,
    compare_as,
    flatten,
    notes_on_new,
    say_renamed,
)
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from bot.source import FileError, Place
from graph import Graph
from graph.beta.versions import dialect
from graph.errors import Conflict, GraphError, NotFound, Unsupported
from graph.models import AccessPackage, AssignmentPolicy

# What Entra has been seen to keep although it took a change: reviews, and when they began.
MAY_STAY: Final = frozenset({"reviews"})


class PolicyKind(PackageLevelKind, ChangeableKind, DeletableKind):
    """Policies; they are made last, for from then on people may ask for the package."""

    name = "policy"
    stage = 3
    is_listed_when_left_alone = True
    has_former_name = True
    stays_with_it = "Whom it lets ask may ask as before"

    def title(self, *names: str) -> str:
        return f"policy {names[2]} of package {names[1]}"

    def keys(self, file: File) -> Iterable[Key]:
        for catalog in file.catalogs:
            for package in catalog.packages:
                for each in package.policies:
                    yield (self.name, catalog.name, package.name, each.name)

    async def refresh(self, context: RefreshContext) -> None:
        """Read whole the policies that the file names, and note the names of the others."""
        document = context.document
        wanted: dict[str, tuple[FoundPackage, str]] = {}
        for at, catalog in enumerate(document.file.catalogs):
            found = context.snapshot.catalogs.get(catalog.name)
            for number, described in enumerate(catalog.packages):
                package = found.packages.get(described.name) if found else None
                if package is None:
                    continue
                place: Place = ("catalogs", at, "packages", number, "policies")
                for policy_id, name in _match(document, place, described, package).items():
                    wanted[policy_id] = (package, name)
        ids = list(wanted)
        for policy_id, policy in zip(ids, await context.graph.policies.each(ids), strict=True):
            if isinstance(policy, GraphError):
                raise policy
            package, name = wanted[policy_id]
            package.policies[name] = policy

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        package = snapshot.find_package(key)
        policy = package.policies.get(key[3]) if package else None
        return (policy.id, {}) if policy else None

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        known = {each.id for package in inventory.packages for each in package.assignment_policies}
        return {each.identity for each in entries if each.id in known}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        await graph.policies.get(entry.id or "")
        return True

    async def plan(self, scope: PackageScope) -> Sequence[Change]:
        catalog, package, found = scope.catalog, scope.package, scope.found_package
        changes = []
        for at, policy in enumerate(package.policies):
            wanted = to_graph(policy, ids=scope.names.subject_id, package_id="?")
            actual = found.policies.get(policy.name) if found else None
            differences = await _differences(actual, wanted, scope.names)
            if actual and not differences:
                continue
            refusal = unsupported_by(scope.version, wanted)
            if refusal:
                scope.refuse(refusal, "policies", at)
                continue
            if (
                actual
                and is_untold(actual.expiration)
                and "durations" not in differing_words(actual, wanted)
            ):
                # Replacing it would make no end of what may be hours.
                scope.refuse(
                    f"Policy “{policy.name}” has no end or lasts some hours: the beta API does not say which, and "
                    "would make the second the first. Change it with --api v1.0.",
                    "policies",
                    at,
                )
                continue
            key = (self.name, catalog.name, package.name, policy.name)
            alike: tuple[str, ...] = ()
            if actual is None:
                await self.refuse_second(scope, key, "policies", at, was=policy.was)
                alike = notes_on_new(policy.name, found.others.values() if found else ())
            title = self.title(catalog.name, package.name, policy.name)
            changes.append(
                Change(
                    operation=Operation.CHANGE if actual else Operation.CREATE,
                    key=key,
                    title=f"{title}{say_renamed(differences)}",
                    line=scope.line("policies", at),
                    differences=differences,
                    want=policy,
                    object_id=actual.id if actual else None,
                    notes=(*_notes(actual, wanted), *alike),
                )
            )
        for name, actual in found.policies.items() if found else ():
            if is_untold(actual.expiration):
                scope.notes.append(
                    f"policy {name} of package {package.name}: Graph does not say whether its access has no end, "
                    "or lasts hours; v1.0 tells (--api v1.0)"
                )
        return changes

    async def read_for_import(self, context: ImportContext) -> None:
        """Read whole every policy of the packages that are written."""
        packages = context.written_packages()
        ids = [policy.id for each in packages for policy in each.assignment_policies]
        for policy_id, policy in zip(ids, await context.graph.policies.each(ids), strict=True):
            if isinstance(policy, GraphError):
                raise policy
            context.policies[policy_id] = policy
            for subject in map(subject_of, subject_sets_of(policy)):
                if subject.kind in ("person", "group") and GUID.fullmatch(subject.name):
                    context.mention(subject.kind, subject.name)

    async def import_from_package(self, package: AccessPackage, context: ImportContext) -> Words:
        blocks: list[Words] = []
        known = [context.policies[each.id] for each in package.assignment_policies]
        names = [folded(each.display_name) for each in known]
        for policy in sorted(known, key=lambda each: each.display_name or ""):
            name = policy.display_name or ""
            title = f"policy {name or policy.id} of package {package.display_name}"
            why = unreadable(policy) or lost_in_words(policy)
            if not is_plain(name) or names.count(folded(name)) > 1:
                context.leave_out(f"{title}: its name cannot be told apart")
            elif why is not None:
                context.leave_out(f"{title}: {why}")
            else:
                blocks.append(in_words(policy, await _labels((policy,), context.names)))
                for sentence in left_out_of(policy):
                    context.leave_out(f"{title}: {sentence}; an apply leaves it as it is")
        return {"policies": blocks} if blocks else {}

    def sequence_key(self, key: Key) -> Key:
        return ("package", *key[1:3])

    async def create(self, change: Change, context: ApplyContext) -> None:
        policy: Policy = change.want
        graph, package_id = context.graph, context.snapshot.package_id(change.key)
        wanted = to_graph(policy, ids=context.names.subject_id, package_id=package_id)

        async def look() -> str | None:
            package = await graph.packages.get(package_id, named=False)
            named = [each for each in package.assignment_policies if _is_named(each, policy.name)]
            return named[0].id if named else None

        async def create() -> str:
            described = wanted.description or policy.name
            made = await graph.policies.create(wanted.model_copy(update={"description": described}))
            # It is read back below, whole.
            return made.id

        policy_id = await context.writer.create_once(change, look, create)
        await _confirm(change, context, policy_id, wanted)

    async def change(self, change: Change, context: ApplyContext) -> None:
        """Replace what the policy says otherwise than the file, and leave the rest as it is."""
        policies, policy_id = context.graph.policies, change.object_id or ""
        package_id = context.snapshot.package_id(change.key)
        wanted = to_graph(change.want, ids=context.names.subject_id, package_id=package_id)
        is_tried = False

        async def write() -> None:
            nonlocal is_tried
            actual = await policies.get(policy_id)
            # What Entra shows after a call without an answer may be half of what was written.
            if not is_tried and _was_changed_since(actual, wanted, change, context.snapshot):
                raise Conflict(
                    "somebody has changed it in Entra since this plan was made; plan again to see what would become of that."
                )
            is_tried = True
            merged = merge(actual, wanted)
            await policies.replace(
                merged.model_copy(update={"access_package": wanted.access_package})
            )

        await context.writer.write(change, write)
        await _confirm(change, context, policy_id, wanted)

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        found = scope.found_package if isinstance(scope, PackageScope) else None
        if found is None:
            return None
        with suppress(NotFound):
            policy = await scope.graph.policies.get(object_id)
            package = policy.access_package
            is_within = package is None or package.id == found.package.id
            return policy.display_name if is_within else None
        return None

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.policies.delete(entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        return say_assignments(await live_access.assignments("policy", object_id))

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        package = await removal.package_of(entry.id or "")
        return [package] if package is not None and package.id in removal.blocked else []

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        """Count requests that are under way, too: they may rest on the policy."""
        live = await super().why_in_use_when_removed(removal, entry)
        if live is not None:
            return live
        package = await removal.package_of(entry.id or "")
        return await removal.live_access.say_open_requests(package.id) if package else None

    def removed(self, removal: RemovalContext, entry: Entry) -> None:
        removal.going.add(entry.id or "")


def unsupported_by(version: str, policy: AssignmentPolicy) -> str | None:
    """Say why this version of Graph has no words for the policy; None if it has."""
    try:
        dialect(version).outgoing("policy", policy.to_graph())
    except Unsupported as error:
        return f"Policy “{policy.display_name}” cannot be said: {error}"
    return None


def _match(
    document: Document, place: Place, described: DescribedPackage, found: FoundPackage
) -> dict[str, str]:
    """
    Find the ids of the policies that the file names, and their names there.

    Raises:
        FileError: A name means more than one policy.
    """
    by_name: dict[str, list[AssignmentPolicy]] = {}
    for policy in found.package.assignment_policies:
        by_name.setdefault(folded(policy.display_name), []).append(policy)
    matched: dict[str, str] = {}
    for wanted in described.policies:
        same = by_name_or_former_name(by_name, wanted.name, wanted.was) or []
        if len(same) > 1:
            sentence = (
                f"{described.name} has several policies named “{same[0].display_name}”; "
                "rename one of them in Entra."
            )
            raise FileError([document.problem(place, sentence)])
        matched |= {each.id: wanted.name for each in same}
    found.others = {
        each.id: each.display_name or each.id
        for each in found.package.assignment_policies
        if each.id not in matched
    }
    return matched


def _was_changed_since(
    actual: AssignmentPolicy, wanted: AssignmentPolicy, change: Change, snapshot: Snapshot
) -> bool:
    """Tell whether a policy says neither what it said when the plan was made nor what the file says."""
    package = snapshot.find_package(change.key)
    planned = package.policies.get(change.key[3]) if package else None
    if planned is None or by_id(actual) == by_id(planned):
        return False
    return bool(differing_words(actual, wanted))


def _notes(actual: AssignmentPolicy | None, wanted: AssignmentPolicy) -> Iterable[str]:
    """Say what comes of the change and the words of the file do not show."""
    nothing = AssignmentPolicy(id="")
    words = differing_words(actual or nothing, wanted)
    end = wanted.expiration.end_date_time if wanted.expiration else None
    if "durations" in words and end is not None and end <= clock.now():
        yield "that day is over: nobody gets access by this policy"
    if "decided by" in words:
        yield from _about_escalation(wanted)
    if actual is None:
        return
    if words & {"may ask", "automatic"} and _takes_by_itself(wanted):
        yield "Entra takes the access from everybody whom the policy gave it to and does not cover any more"
    if "reviews" in words:
        yield from _about_reviews(actual, wanted)


def _about_escalation(wanted: AssignmentPolicy) -> Iterable[str]:
    approval = wanted.request_approval_settings
    for number, stage in enumerate(approval.stages if approval else (), 1):
        denied, escalated = stage.duration_before_automatic_denial, stage.duration_before_escalation
        if stage.is_escalation_enabled and denied and escalated and escalated >= denied:
            yield (
                f"nobody is asked instead in stage {number}: that is after {say_duration(escalated)}, and after "
                f"{say_duration(denied)} the request is denied"
            )


def _takes_by_itself(policy: AssignmentPolicy) -> bool:
    automatic = policy.automatic_request_settings
    return bool(automatic and automatic.remove_access_when_target_leaves_allowed_targets)


def _about_reviews(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> Iterable[str]:
    """Say what Entra has been seen not to take, although it answers that it did."""
    before, after = by_id(actual), by_id(wanted)
    if not any(each.startswith("reviews, ") for each in after):
        yield "Entra has been seen to keep reviews; if it does, apply says so: turn them off in Entra"
    elif before.get("reviews, start") not in (None, after.get("reviews, start")):
        yield "Entra has been seen not to move the start of reviews; if it does not, apply says so"


async def _differences(
    actual: AssignmentPolicy | None, wanted: AssignmentPolicy, names: Names
) -> tuple[Difference, ...]:
    """Compare with the tenant's policy by id, and show the differences by name."""
    before, after = both_by_id(actual, wanted) if actual else ({}, by_id(wanted))
    if before == after:
        return ()
    say = await _labels(filter(None, (actual, wanted)), names)
    shown = flatten(in_words(actual, say)) if actual else {}
    if actual and is_untold(actual.expiration):
        shown["durations"] = "no end or some hours"
    return compare_as(before, after, shown_before=shown, shown_after=flatten(in_words(wanted, say)))


class _Labels(Protocol):
    """Names of whom a policy names by id."""

    async def label(self, subject: Subject) -> str: ...


async def _labels(policies: Iterable[AssignmentPolicy], names: _Labels) -> Say:
    """Return how to say whom the policies name, by name."""
    labels: dict[str, str] = {}
    for policy in policies:
        for subject in map(subject_of, subject_sets_of(policy)):
            labels[str(subject)] = await names.label(subject)

    def say(subject: Subject) -> str:
        return labels.get(str(subject), str(subject))

    return say


async def _confirm(
    change: Change, context: ApplyContext, policy_id: str, wanted: AssignmentPolicy
) -> None:
    """Wait until Graph shows what was written, and say what Entra keeps as it was."""

    async def differing() -> set[str]:
        return differing_words(await context.graph.policies.get(policy_id), wanted)

    left = await context.writer.wait_until_same(change, differing, may_stay=MAY_STAY)
    if left:
        context.remark(
            f"{change.title}: Entra took the change and keeps its {' and '.join(sorted(left))} as they "
            "were; change them in Entra, or in the file"
        )


def _is_named(policy: AssignmentPolicy, name: str) -> bool:
    return folded(policy.display_name) == folded(name)
