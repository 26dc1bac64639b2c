"""Compare two policies in the file's words, everybody by id."""

from bot.provisioning.file_format.grammar import Subject
from bot.provisioning.policy_translation.from_graph import in_words
from bot.provisioning.writing.diff import flatten
from bot.same_name import folded
from graph.models import AssignmentPolicy

# A policy as lines: ``decided by, 1, approvers`` and what it says.
Lines = dict[str, str]


def by_id(policy: AssignmentPolicy) -> Lines:
    """Say a policy with everybody by id: equal for policies that mean the same."""
    said = flatten(in_words(policy, _by_id))
    # Entra, not the file, says which letters of a name are capitals.
    said["name"] = folded(said["name"])
    return said


def both_by_id(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> tuple[Lines, Lines]:
    """
    Say two policies so that they can be compared.

    A file without a description has no opinion about it, and so it is with whether a stage's approvers are shown.
    """
    before, after = by_id(actual), by_id(wanted)
    if wanted.description is None:
        before.pop("description", None)
    approval = wanted.request_approval_settings
    for place, stage in enumerate(approval.stages if approval else ()):
        if stage.approver_information_visibility is None:
            before.pop(f"decided by, {place + 1}, show approvers", None)
    return before, after


def differing_words(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> set[str]:
    """Return the words of the file about which the tenant's policy says something else."""
    before, after = both_by_id(actual, wanted)
    return {
        what.partition(", ")[0] for what in {*before, *after} if before.get(what) != after.get(what)
    }


def _by_id(subject: Subject) -> str:
    said = str(subject).casefold()
    # Entra compares a rule's values as they are written, so that the same accent written otherwise means others.
    return ascii(said) if subject.kind == "rule" else said
