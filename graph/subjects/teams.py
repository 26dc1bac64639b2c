"""Teams of Microsoft Teams, each of which belongs to a group."""

from collections.abc import Iterable

from graph.calls.directory_queries import DirectoryQueries
from graph.calls.paths import team_path
from graph.calls.session import Session
from graph.errors import GraphError
from graph.models import Team


class Teams:
    """Look teams up."""

    def __init__(self, session: Session) -> None:
        self._queries = DirectoryQueries(session)

    async def each(self, group_ids: Iterable[str]) -> dict[str, Team | GraphError]:
        """
        The teams of groups by the groups' ids, twenty a call; an error stands for each that could not be read.

        Of a group that has no team it is NotFound.  What is throttled is not waited for.

        Permission: Team.ReadBasic.All (application).
        Source: Graph reference, "Get team", "team resource type".
        """
        return await self._queries.outcomes(
            Team, group_ids, team_path, {"$select": "id,webUrl"}, retries=False
        )
