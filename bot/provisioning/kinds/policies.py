"""Plans policies: which are missing, and which say something else than the file."""

from collections.abc import Iterable

from bot.provisioning.diff import Change, Deed, Difference, compared, flat
from bot.provisioning.file import Document, Place
from bot.provisioning.grammar import Subject, is_untold
from bot.provisioning.kinds.packages import renamed_from
from bot.provisioning.kinds.resources import Owner
from bot.provisioning.policy_translation.from_graph import in_words, subject_of
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.provisioning.resolve import Names
from bot.provisioning.snapshot import FoundCatalog
from graph.errors import Unsupported
from graph.models import AssignmentPolicy, SubjectSet
from graph.versions import dialect

Said = dict[str, str]


async def policies(
    document: Document,
    place: Place,
    owner: Owner,
    there: FoundCatalog | None,
    names: Names,
    problems: list[str],
    *,
    version: str,
) -> list[Change]:
    """The policies of one package to create or change."""
    catalog, package = owner
    found = there.packages.get(package.name) if there else None
    changes = []
    for at, policy in enumerate(package.policies):
        line = (*place, "policies", at)
        wanted = to_graph(policy, ids=names.subject_id, package_id="?")
        refusal = unsayable(wanted, version=version)
        if refusal:
            problems.append(document.problem(line, refusal))
            continue
        actual = found.policies.get(policy.name) if found else None
        differences = await differences_of(actual, wanted, names)
        if actual and not differences:
            continue
        if (
            actual
            and is_untold(actual.expiration)
            and "durations" not in words_that_differ(actual, wanted)
        ):
            # Replacing it would make no end of what may be hours.
            sentence = (
                f"Policy “{policy.name}” has no end or lasts some hours: the beta API does not say which, and "
                "would make the second the first. Change it with --api v1.0."
            )
            problems.append(document.problem(line, sentence))
            continue
        changes.append(
            Change(
                deed=Deed.CHANGE if actual else Deed.CREATE,
                key=("policy", catalog.name, package.name, policy.name),
                title=f"policy {policy.name} of package {package.name}{renamed_from(differences)}",
                line=document.line(line),
                differences=differences,
                want=policy,
                object_id=actual.id if actual else None,
                notes=tuple(_notes(actual, wanted)),
            )
        )
    return changes


def words_that_differ(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> set[str]:
    """The words of the file about which the tenant's policy says something else."""
    before, after = both_by_id(actual, wanted)
    return {
        what.partition(", ")[0] for what in {*before, *after} if before.get(what) != after.get(what)
    }


def _notes(actual: AssignmentPolicy | None, wanted: AssignmentPolicy) -> Iterable[str]:
    """What Entra has been seen not to take, although it answers that it did."""
    if actual is None or "reviews" not in words_that_differ(actual, wanted):
        return
    before, after = by_id(actual), by_id(wanted)
    if not any(each.startswith("reviews, ") for each in after):
        yield "Entra has been seen to keep reviews; if it does, apply says so: turn them off in Entra"
    elif before.get("reviews, start") not in (None, after.get("reviews, start")):
        yield "Entra has been seen not to move the start of reviews; if it does not, apply says so"


def untold(owner: Owner, there: FoundCatalog | None) -> Iterable[str]:
    """What of the package's policies neither the file nor this version of Graph can say, a sentence each."""
    _, package = owner
    found = there.packages.get(package.name) if there else None
    for name, policy in found.policies.items() if found else ():
        title = f"policy {name} of package {package.name}"
        if is_untold(policy.expiration):
            yield (
                f"{title}: Graph does not say whether its access has no end, or lasts hours; "
                "v1.0 tells (--api v1.0)"
            )


def unsayable(policy: AssignmentPolicy, *, version: str) -> str | None:
    """Why this version of Graph has no words for the policy; None if it has."""
    try:
        dialect(version).outgoing("policy", policy.to_graph())
    except Unsupported as error:
        return f"Policy “{policy.display_name}” cannot be said: {error}"
    return None


def by_id(policy: AssignmentPolicy) -> Said:
    """A policy in the file's words, everybody by id: equal for policies that mean the same."""
    said = flat(in_words(policy, lambda subject: str(subject).casefold()))
    # Entra, not the file, says which letters of a name are capitals.
    said["name"] = said["name"].casefold()
    return said


def both_by_id(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> tuple[Said, Said]:
    """Two policies to compare; a file without a description has no opinion about it."""
    before, after = by_id(actual), by_id(wanted)
    if wanted.description is None:
        before.pop("description", None)
    return before, after


def is_same(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> bool:
    """Whether the tenant's policy says what the file wants."""
    return not words_that_differ(actual, wanted)


async def differences_of(
    actual: AssignmentPolicy | None, wanted: AssignmentPolicy, names: Names
) -> tuple[Difference, ...]:
    """Where a policy of the tenant differs from what the file wants, by name."""
    before, after = both_by_id(actual, wanted) if actual else ({}, by_id(wanted))
    if before == after:
        return ()
    labels: dict[str, str] = {}
    for policy in filter(None, (actual, wanted)):
        for found in sets_of(policy):
            subject = subject_of(found)
            labels[str(subject)] = await names.label(subject)

    def say(subject: Subject) -> str:
        return labels.get(str(subject), str(subject))

    shown = flat(in_words(actual, say)) if actual else {}
    if actual and is_untold(actual.expiration):
        shown["durations"] = "no end or some hours"
    return compared(before, after, shown_before=shown, shown_after=flat(in_words(wanted, say)))


def sets_of(policy: AssignmentPolicy) -> list[SubjectSet]:
    """Everybody whom a policy of Graph's names."""
    sets = list(policy.specific_allowed_targets)
    approval, reviews = policy.request_approval_settings, policy.review_settings
    for stage in approval.stages if approval else ():
        sets += [*stage.primary_approvers, *stage.fallback_primary_approvers]
        sets += [*stage.escalation_approvers, *stage.fallback_escalation_approvers]
    if reviews:
        sets += [*reviews.primary_reviewers, *reviews.fallback_reviewers]
    return sets
