"""Reads which of the things that Latchkey made are still in the tenant."""

from collections.abc import Iterable, Sequence

from bot.provisioning.kinds import KINDS, DeletableKind, deletable_kind_of
from bot.provisioning.kinds.contexts import Inventory
from bot.provisioning.writing.state import Entry, Identity
from graph import Graph
from graph.errors import Forbidden, NotFound
from graph.models import AccessPackage


async def present(
    graph: Graph, packages: Sequence[AccessPackage], entries: Iterable[Entry]
) -> set[Identity]:
    """
    Read which of many *entries* are there, in few calls.

    Args:
        packages: Every package of the tenant.

    Raises:
        GraphError: The tenant cannot be read.
    """
    made = [each for each in entries if each.id is not None]
    inventory = Inventory(graph=graph, packages=packages)
    found: set[Identity] = set()
    for kind in KINDS:
        mine = [each for each in made if each.key[0] == kind.name]
        if mine and isinstance(kind, DeletableKind):
            found |= await kind.present(inventory, mine)
    return found


async def is_present(graph: Graph, entry: Entry) -> bool:
    """
    Read whether one thing is still in the tenant.

    Raises:
        NotAllowed: We may not see it; what we asked Graph to delete counts as gone then.
    """
    try:
        return await deletable_kind_of(entry.key).is_present(graph, entry)
    except NotFound:
        return False
    except Forbidden:
        if not entry.is_deleting:
            raise
        return False
