"""Compare two policies in the file's words, everybody by id."""

from bot.provisioning.policy_translation.from_graph import in_words
from bot.provisioning.writing.diff import flatten
from graph.models import AssignmentPolicy

# A policy as lines: ``decided by, 1, approvers`` and what it says.
Lines = dict[str, str]


def by_id(policy: AssignmentPolicy) -> Lines:
    """Say a policy with everybody by id: equal for policies that mean the same."""
    said = flatten(in_words(policy, lambda subject: str(subject).casefold()))
    # Entra, not the file, says which letters of a name are capitals.
    said["name"] = said["name"].casefold()
    return said


def both_by_id(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> tuple[Lines, Lines]:
    """Say two policies so that they can be compared; a file without a description has no opinion about it."""
    before, after = by_id(actual), by_id(wanted)
    if wanted.description is None:
        before.pop("description", None)
    return before, after


def differing_words(actual: AssignmentPolicy, wanted: AssignmentPolicy) -> set[str]:
    """Return the words of the file about which the tenant's policy says something else."""
    before, after = both_by_id(actual, wanted)
    return {
        what.partition(", ")[0] for what in {*before, *after} if before.get(what) != after.get(what)
    }
