"""Translate v1.0's subject sets and beta's user sets, which say who may ask and who decides, into each other."""

from typing import Any, Final

from graph.errors import Unsupported

Json = dict[str, Any]

# The kind of set, and how v1.0 names the id that beta calls "id".
_ID_NAMES: Final = {
    "singleuser": "userId",
    "groupmembers": "groupId",
    "connectedorganizationmembers": "connectedOrganizationId",
}
_NOT_IN_BETA: Final = frozenset({"singleserviceprincipal", "targetmanager"})
_APPROVERS: Final = (
    ("primaryApprovers", "fallbackPrimaryApprovers"),
    ("escalationApprovers", "fallbackEscalationApprovers"),
)


def subject_to_beta(subject: Json, *, is_backup: bool | None = None) -> Json:
    """
    A subject set of v1.0 as beta's user set.

    Raises:
        Unsupported: Beta has no such set.
    """
    kind = _kind(subject)
    if kind in _NOT_IN_BETA:
        raise Unsupported(
            f"The beta API has no {subject.get('@odata.type')}; use v1.0 for this policy."
        )
    said = dict(subject)
    name = _ID_NAMES.get(kind)
    if name and name in said:
        said["id"] = said.pop(name)
    if is_backup is not None:
        said["isBackup"] = is_backup
    return said


def subject_from_beta(subject: Json) -> Json:
    """A set of either version in v1.0's words."""
    said = dict(subject)
    name = _ID_NAMES.get(_kind(subject))
    if name and "id" in said:
        said.setdefault(name, said.pop("id"))
    return said


def approvers_to_beta(stage: Json) -> Json:
    """A stage whose fallback approvers stand among the approvers, marked as backup."""
    said = dict(stage)
    for name, fallback in _APPROVERS:
        if name in said or fallback in said:
            first, second = said.pop(name, None) or [], said.pop(fallback, None) or []
            said[name] = [
                *(subject_to_beta(each, is_backup=False) for each in first),
                *(subject_to_beta(each, is_backup=True) for each in second),
            ]
    return said


def approvers_from_beta(stage: Json) -> Json:
    """A stage of either version whose fallback approvers have a list of their own."""
    said = dict(stage)
    for name, fallback in _APPROVERS:
        both = [subject_from_beta(each) for each in said.get(name) or []]
        if fallback in said or not any("isBackup" in each for each in both):
            continue
        said[fallback] = [each for each in both if each.get("isBackup")]
        said[name] = [each for each in both if not each.get("isBackup")]
        for each in both:
            each.pop("isBackup", None)
    return said


def _kind(subject: Json) -> str:
    return str(subject.get("@odata.type") or "").rpartition(".")[2].casefold()
