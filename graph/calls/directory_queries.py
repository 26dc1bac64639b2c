"""Read lists and objects of Entra's directory: many in one call, and what a filter may say."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from graph.calls.batch import Batch, Call
from graph.calls.objects import Model, to_model
from graph.calls.session import Session
from graph.errors import BadAnswer, GraphError, NotFound

# accountEnabled, userType and department only come when asked for; a list of members may hold groups, too.
MEMBER: Final = "id,displayName,mail,userPrincipalName,accountEnabled,userType"
USER: Final = f"{MEMBER},jobTitle,department"


class DirectoryQueries:
    """Read the directory's lists and objects as models."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lists(
        self, model: type[Model], queries: Mapping[str, tuple[str, dict[str, str]]]
    ) -> dict[str, list[Model]]:
        """
        Read many lists whole, twenty a call.

        Args:
            queries: Paths and query parameters by names of the caller's.

        Raises:
            GraphError: One of them could not be read.
        """
        found = {}
        outcomes = await Batch(self._session).lists(list(queries.values()))
        for name, outcome in zip(queries, outcomes, strict=True):
            if isinstance(outcome, GraphError):
                raise outcome
            found[name] = [to_model(model, item) for item in outcome]
        return found

    async def objects(
        self,
        model: type[Model],
        ids: Iterable[str],
        path: Callable[[str], str],
        params: dict[str, str],
    ) -> dict[str, Model | None]:
        """
        Read many objects by their ids, twenty a call; None for those that are not there.

        Raises:
            GraphError: One of them could not be read.
        """
        found: dict[str, Model | None] = {}
        for object_id, outcome in (await self.outcomes(model, ids, path, params)).items():
            if isinstance(outcome, NotFound):
                found[object_id] = None
            elif isinstance(outcome, GraphError):
                raise outcome
            else:
                found[object_id] = outcome
        return found

    async def outcomes(
        self,
        model: type[Model],
        ids: Iterable[str],
        path: Callable[[str], str],
        params: dict[str, str],
        *,
        retries: bool = True,
    ) -> dict[str, Model | GraphError]:
        """
        Read many objects by their ids, twenty a call; an error stands for each that could not be read.

        Args:
            retries: As `Batch.send` takes it.
        """
        wanted = list(dict.fromkeys(ids))
        calls = [Call("GET", self._session.address(path(each), params)) for each in wanted]
        found: dict[str, Model | GraphError] = {}
        outcomes = await Batch(self._session).send(calls, retries=retries)
        for object_id, outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, GraphError):
                found[object_id] = outcome
                continue
            try:
                found[object_id] = to_model(model, outcome)
            except BadAnswer as error:
                found[object_id] = error
        return found

    async def page(self, model: type[Model], path: str, params: dict[str, str]) -> list[Model]:
        """Read the first page of a list, and no more."""
        page = await self._session.get(path, params)
        items = page.get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadAnswer("Microsoft Graph sent a page of a list with no list in it.")
        return [to_model(model, item) for item in items]


def quoted(text: str) -> str:
    """Return a text as a filter has it: in quotes, those within doubled."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def is_named(name: str) -> str:
    """Return the filter for what has exactly that display name."""
    return f"displayName eq {quoted(name)}"


def begins(beginning: str) -> str:
    """Return the filter for what has a display name that begins so."""
    return f"startswith(displayName,{quoted(beginning)})"
