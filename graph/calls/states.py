"""List a package's objects in any of several states: in one list where Graph joins states, else in one for each."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from graph.beta.versions import Wanted
from graph.calls.objects import Model, Objects
from graph.errors import GraphError
from graph.values import GraphModel

# How Graph refuses a filter that it does not take.
BAD_REQUEST: Final = 400

Found = TypeVar("Found")


class StateLists:
    """
    Lists a package's requests or assignments by state.

    Microsoft documents ``state eq …`` and nothing that joins two.  Programs join them by ``or``, so it is tried;
    once Graph has refused it, each state is listed by itself.

    Source: Graph reference, "List assignmentRequests" and "List assignments", on the filter by state; for ``or``
        vtfk's flow for access packages, a public program.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._refuses_or = False

    async def whole(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        package_id: str,
        states: Sequence[str],
        expand: Iterable[str],
    ) -> list[Model]:
        """
        All of a package that are in one of *states*, however long the list is; some of them may come twice.

        Args:
            states: In the order in which they are passed: what moves on meanwhile is in a later list.
        """
        return await self._together_or_one_by_one(
            lambda: self._objects.all(
                noun, model, path, where=_in_any(package_id, states), expand=expand
            ),
            lambda: self._objects.where_each(
                noun, model, path, _one_by_one(package_id, states), expand=expand
            ),
        )

    async def short(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        package_id: str,
        states: Sequence[str],
        expand: Iterable[str],
        pages: int,
        repeated: Mapping[str, type[GraphModel]],
    ) -> list[Model] | None:
        """
        The same; None if the list has more than so many *pages*, or, state by state, more than one.

        Args:
            repeated: Parts that are the same in many items, and what they are: each is read once.
        """
        where = _in_any(package_id, states)
        return await self._together_or_one_by_one(
            lambda: self._objects.all_if_short(
                noun, model, path, pages=pages, where=where, expand=expand, repeated=repeated
            ),
            lambda: self._objects.where_each_if_few(
                noun, model, path, _one_by_one(package_id, states), expand=expand
            ),
        )

    async def _together_or_one_by_one(
        self,
        together: Callable[[], Awaitable[Found]],
        one_by_one: Callable[[], Awaitable[Found]],
    ) -> Found:
        """Ask for all states in one filter until Graph refuses ``or``, and from then on for each by itself."""
        if not self._refuses_or:
            try:
                return await together()
            except GraphError as error:
                if error.status != BAD_REQUEST:
                    raise
        found = await one_by_one()
        self._refuses_or = True
        return found


def _in_any(package_id: str, states: Sequence[str]) -> dict[str, Wanted]:
    return {"accessPackage/id": package_id, "state": list(dict.fromkeys(states))}


def _one_by_one(package_id: str, states: Sequence[str]) -> list[dict[str, str | None]]:
    return [{"accessPackage/id": package_id, "state": state} for state in states]
