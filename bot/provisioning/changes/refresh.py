"""Reads from the tenant what it has today of what the file describes, in few calls."""

import asyncio

from bot.provisioning.file_format.file import Document
from bot.provisioning.kinds import STAGES
from bot.provisioning.kinds.catalogs import read_catalogs
from bot.provisioning.kinds.contexts import RefreshContext
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import Snapshot
from graph import Graph


async def refresh(graph: Graph, document: Document, names: Names) -> Snapshot:
    """
    Read everything that the file describes; afterwards *names* knows what the names mean.

    Raises:
        FileError: A name means nothing, or more than one thing.
        GraphError: The tenant cannot be read.
    """
    snapshot = Snapshot()
    if document.file.catalogs:
        await read_catalogs(graph, document, snapshot)
    await names.learn(things=snapshot.things, packages=snapshot.packages)
    context = RefreshContext(graph=graph, document=document, names=names, snapshot=snapshot)
    for stage in STAGES:
        await asyncio.gather(*(kind.refresh(context) for kind in stage))
    return snapshot
