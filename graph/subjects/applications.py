"""Enterprise applications, as Entra's directory has them."""

from collections.abc import Iterable
from typing import Final

from graph.calls.directory_queries import DirectoryQueries, begins, is_named
from graph.calls.objects import to_model
from graph.calls.paths import application_path
from graph.calls.session import Session
from graph.errors import GraphError
from graph.models import Application

APPLICATION: Final = "id,appId,displayName,appRoles"


class Applications:
    """Look enterprise applications up."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queries = DirectoryQueries(session)

    async def find(self, *, display_name: str) -> list[Application]:
        """
        The tenant's enterprise applications of that name, with the roles they define.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals".
        """
        path, params = _applications_named(display_name)
        pages = self._session.pages(path, params)
        return [to_model(Application, item) async for item in pages]

    async def find_each(self, names: Iterable[str]) -> dict[str, list[Application]]:
        """
        The same for many names, twenty a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals"; Graph, "Combine multiple HTTP requests using
            JSON batching".
        """
        return await self._queries.lists(
            Application, {name: _applications_named(name) for name in names}
        )

    async def each(self, application_ids: Iterable[str]) -> dict[str, Application | GraphError]:
        """
        Enterprise applications by object id, twenty a call; an error stands for each that could not be read.

        What is throttled is not waited for.

        Permission: Application.Read.All.
        Source: Graph reference, "Get servicePrincipal"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        return await self._queries.outcomes(
            Application,
            application_ids,
            application_path,
            {"$select": "id,appId"},
            retries=False,
        )

    async def starting_with(self, beginning: str) -> list[Application]:
        """
        Enterprise applications whose name begins so; one page of them, to name the nearest.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals".
        """
        where = {"$filter": begins(beginning), "$select": APPLICATION}
        return await self._queries.page(Application, "/servicePrincipals", where)


def _applications_named(name: str) -> tuple[str, dict[str, str]]:
    return "/servicePrincipals", {"$filter": is_named(name), "$select": APPLICATION}
