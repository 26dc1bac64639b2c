"""Whose a thing is: the record beside the file, held against what the file describes and the tenant has."""

from collections.abc import Iterable

from bot.provisioning.file import Document
from bot.provisioning.grammar import read_other, read_role, read_thing
from bot.provisioning.kinds.resources import things
from bot.provisioning.model import File
from bot.provisioning.resolve import Names, is_new
from bot.provisioning.snapshot import Survey
from bot.provisioning.state import Entry, Key, Record

# Id of something in the tenant, and the ids that deleting it takes.
Located = tuple[str, dict[str, str]]


def keys_of(file: File) -> set[Key]:
    """Everything that the file describes."""
    keys: set[Key] = set()
    for person in file.people:
        keys.add(("person", person.email))
        if person.manager:
            keys.add(("manager", person.email))
    for group in file.groups:
        keys.add(("group", group.name))
        keys |= {("member", group.name, each.removeprefix("person ")) for each in group.members}
    for catalog in file.catalogs:
        keys.add(("catalog", catalog.name))
        held = things(catalog).values()
        keys |= {("resource", catalog.name, str(read_thing(each.thing))) for each in held}
        for package in catalog.packages:
            within = (catalog.name, package.name)
            keys.add(("package", *within))
            keys |= {("role", *within, str(read_role(each))) for each in package.gives or ()}
            others = map(read_other, package.not_together_with or ())
            keys |= {("incompatible", *within, str(each)) for each in others}
            keys |= {("policy", *within, each.name) for each in package.policies}
    return keys


def existing(
    document: Document, names: Names, found: Survey, *, pending: Iterable[Key] = ()
) -> dict[Key, Located]:
    """
    Everything that the file describes and the tenant has.

    Args:
        pending: What is still to be created.
    """
    there: dict[Key, Located] = {}
    for key in sorted(keys_of(document.file) - set(pending)):
        kind, *where = key
        if kind in ("person", "group"):
            object_id = names.id_of(kind, where[0])
            if not is_new(object_id):
                there[key] = (object_id, {})
        elif kind == "member":
            group_id = names.id_of("group", where[0])
            there[key] = (names.id_of("person", where[1]), {"group": group_id})
        elif kind != "manager":
            located = found.locate(key, names)
            if located is not None:
                there[key] = located
    return there


def forgotten_entries(record: Record, named: set[Key], there: dict[Key, Located]) -> list[Entry]:
    """
    What Latchkey made, or began to make, and the file describes no longer.

    By what it is and not by what it is called: whatever the file describes under another name is not forgotten.
    """
    identities = {
        (key[0], object_id, frozenset(within.items())) for key, (object_id, within) in there.items()
    }
    return [
        each
        for each in record.entries()
        if each.key not in named and (each.id is None or each.identity not in identities)
    ]


def claim_what_was_begun(record: Record, there: dict[Key, Located]) -> None:
    """
    Bring the record up to the tenant.

    What an earlier apply began, and the tenant has by now, was made by Latchkey; what goes by another name since
    is entered under that.
    """
    by_identity = {
        (key[0], object_id, frozenset(within.items())): key
        for key, (object_id, within) in there.items()
    }
    for entry in record.entries():
        if entry.id is None and entry.key in there:
            object_id, within = there[entry.key]
            record.made(entry.key, object_id, **within)
        elif entry.id is not None and entry.key not in there and entry.identity in by_identity:
            record.rename(entry.key, by_identity[entry.identity])
