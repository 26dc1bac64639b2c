"""Find the package that a command may act on: the one that was typed, if LATCHKEY_CATALOGS does not leave it out."""

from bot.cli.connection import graph_settings
from bot.cli.tenant import lookup
from bot.errors import NotAllowed
from bot.packages.bounds import bounds_of
from bot.packages.names import clean
from graph import Graph
from graph.models import AccessPackage


async def find_package(graph: Graph, typed: str) -> AccessPackage:
    """
    Find the package with that id, name or slug.

    Raises:
        NotOneInTenant: There is none, or there are several.
        NotAllowed: Its catalog is left out.
        ConfigurationError: LATCHKEY_CATALOGS names a catalog that is not there.
    """
    wanted = graph_settings().catalogs
    bounds = bounds_of(wanted, await graph.catalogs.list() if wanted else ())
    found = await lookup.find_package(graph, typed)
    if not bounds.has(found):
        catalog = (found.catalog and found.catalog.display_name) or "?"
        raise NotAllowed(
            f"{clean(found.display_name or found.id)} is in the catalog “{clean(catalog)}”, which LATCHKEY_CATALOGS "
            "leaves out."
        )
    return found
