"""Tell whose a thing is: the state beside the file, compared with what the file describes and the tenant has."""

from collections.abc import Iterable, Mapping

from bot.provisioning.file_format.file import Document
from bot.provisioning.file_format.model import File
from bot.provisioning.kinds import KINDS, DeletableKind, kind_of
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import Located, Snapshot
from bot.provisioning.writing.state import Entry, Identity, Key, StateFile


def keys_of(file: File) -> set[Key]:
    """Return the keys of everything that the file describes."""
    return {key for kind in KINDS for key in kind.keys(file)}


def existing(
    document: Document, names: Names, snapshot: Snapshot, *, pending: Iterable[Key] = ()
) -> dict[Key, Located]:
    """
    Return everything that the file describes and the tenant has.

    Args:
        pending: What is still to be created.
    """
    there: dict[Key, Located] = {}
    for key in sorted(keys_of(document.file) - set(pending)):
        kind = kind_of(key)
        located = kind.find(key, names, snapshot) if isinstance(kind, DeletableKind) else None
        if located is not None:
            there[key] = located
    return there


def removed_from_file(state: StateFile, named: set[Key], there: dict[Key, Located]) -> list[Entry]:
    """
    Return what Latchkey made, or began to make, and the file describes no longer.

    By what it is and not by what it is called: what the file describes under another name was not removed from it.
    """
    identities = _identities(there)
    return [
        each
        for each in state.entries()
        if each.key not in named and (each.id is None or each.identity not in identities)
    ]


def made_and_missed(state: StateFile, there: dict[Key, Located]) -> dict[Key, str]:
    """
    Return the ids of what Latchkey made and the file describes under no name that the tenant has.

    What it is in goes by the name that the file has for it now.
    """
    known = _identities(there)
    moved = {
        each.key[1:]: known[each.identity][1:]
        for each in state.entries("catalog", "package")
        if each.identity in known
    }
    return {
        _moved(each.key, moved): each.id
        for each in state.entries()
        if each.id is not None and each.key not in there and each.identity not in known
    }


def _moved(key: Key, moved: Mapping[Key, Key]) -> Key:
    """Put a key into what it is in now, the innermost that is known."""
    kind, *inside = key
    for length in range(len(inside) - 1, 0, -1):
        now = moved.get(tuple(inside[:length]))
        if now is not None:
            return (kind, *now, *inside[length:])
    return key


def _identities(there: dict[Key, Located]) -> dict[Identity, Key]:
    return {
        (key[0], object_id, frozenset(within.items())): key
        for key, (object_id, within) in there.items()
    }


def claim_what_was_begun(state: StateFile, there: dict[Key, Located]) -> None:
    """
    Bring the state up to the tenant.

    What an earlier apply began, and the tenant has by now, was made by Latchkey; what goes by another name since
    is entered under that.
    """
    by_identity = _identities(there)
    for entry in state.entries():
        if entry.id is None and entry.key in there:
            object_id, within = there[entry.key]
            state.add(entry.key, object_id, **within)
        elif entry.id is not None and entry.key not in there and entry.identity in by_identity:
            state.rename(entry.key, by_identity[entry.identity])
