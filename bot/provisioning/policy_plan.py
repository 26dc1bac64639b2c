"""Plans policies: which are missing, and which say something else than the file."""

from typing import Any

from bot.provisioning.changes import Change, Deed, compared, flat
from bot.provisioning.from_graph import in_words, subject_of
from bot.provisioning.giving import Owner
from bot.provisioning.names import Names
from bot.provisioning.reading import Document, Place
from bot.provisioning.survey import FoundCatalog
from bot.provisioning.to_graph import to_graph
from bot.provisioning.words import NO_END, Subject
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
        changes.append(
            Change(
                deed=Deed.CHANGE if actual else Deed.CREATE,
                key=("policy", catalog.name, package.name, policy.name),
                title=f"policy {policy.name} of package {package.name}",
                line=document.line(line),
                differences=differences,
                want=policy,
                object_id=actual.id if actual else None,
            )
        )
    return changes


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
    # Entra, not the file, says how a name is spelled.
    said.pop("name")
    return said


def _both(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> tuple[Said, Said]:
    """Two policies to compare; a file without a description has no opinion about it."""
    before, after = by_id(actual), by_id(wanted)
    if wanted.description is None:
        before.pop("description", None)
    if _may_be_endless(actual) and after.get("durations") == NO_END:
        before["durations"] = NO_END
    return before, after


def _may_be_endless(policy: AssignmentPolicy) -> bool:
    """Whether Graph left open if access has no end: beta writes some hours the same way."""
    return policy.expiration is not None and policy.expiration.is_unsaid


def is_same(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> bool:
    """Whether the tenant's policy says what the file wants."""
    before, after = _both(actual, wanted)
    return before == after


async def differences_of(
    actual: AssignmentPolicy | None, wanted: AssignmentPolicy, names: Names
) -> Any:
    """Where a policy of the tenant differs from what the file wants, by name."""
    before, after = _both(actual, wanted) if actual else ({}, by_id(wanted))
    if before == after:
        return ()
    labels: dict[str, str] = {}
    for policy in filter(None, (actual, wanted)):
        for found in sets_of(policy):
            subject = subject_of(found)
            labels[str(subject)] = await names.label(subject)

    def say(subject: Subject) -> str:
        return labels.get(str(subject), str(subject))

    return compared(
        before,
        after,
        shown_before=flat(in_words(actual, say)) if actual else {},
        shown_after=flat(in_words(wanted, say)),
    )


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


# The words of the file, and the properties of Graph's that say the same.
_SAID_BY = {
    "description": ("description",),
    "durations": ("expiration",),
    "may ask": ("allowed_target_scope", "specific_allowed_targets", "requestor_settings"),
    "new requests": ("requestor_settings",),
    "custom dates": ("requestor_settings",),
    "may extend": ("requestor_settings", "request_approval_settings"),
    "may return": ("requestor_settings",),
    "managers may ask": ("requestor_settings",),
    "reason required": ("request_approval_settings",),
    "decided by": ("request_approval_settings",),
    "approval": ("request_approval_settings",),
    "questions": ("questions",),
    "notifications": ("notification_settings",),
    "reviews": ("review_settings",),
    "automatic": ("automatic_request_settings",),
}

# Blocks of switches: what the file has no word for stays as it is.
_JOINED = frozenset({"requestor_settings", "request_approval_settings", "notification_settings"})


def merged(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> AssignmentPolicy:
    """
    The tenant's policy with what the file says otherwise, and nothing else of it lost.

    A policy is replaced whole: what Graph sent and we have no words for must go back as it came.
    """
    before, after = _both(actual, wanted)
    words = {
        what.partition(", ")[0] for what in {*before, *after} if before.get(what) != after.get(what)
    }
    changed: dict[str, Any] = {}
    for name in {name for word in words for name in _SAID_BY[word]}:
        old, new = getattr(actual, name), getattr(wanted, name)
        changed[name] = _joined(old, new) if name in _JOINED else new
    if _may_be_endless(actual):
        # It cannot be sent back as it came: beta would make an end of hours no end.
        changed["expiration"] = wanted.expiration
    if "questions" in changed:
        ids = {each.text: each.id for each in actual.questions or () if each.id}
        changed["questions"] = [
            each.model_copy(update={"id": ids[each.text]}) if each.text in ids else each
            for each in wanted.questions or ()
        ]
    return actual.model_copy(update=changed)


def _joined(old: Any, new: Any) -> Any:
    """*new* with what only *old* has, for blocks of settings."""
    if old is None or new is None:
        return new
    return old.model_copy(update={name: getattr(new, name) for name in new.model_fields_set})
