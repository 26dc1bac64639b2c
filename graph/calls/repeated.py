"""Read once what many items of a list have in common: each assignment comes with its package and its whole policy."""

from collections.abc import Callable, Mapping
from typing import Any

from graph.beta.versions import NOUNS, Dialect
from graph.values import GraphModel

Json = dict[str, Any]


class Repeated:
    """
    Reads such parts of the items of one list.

    A part that is word for word the one of the same id that was read last becomes the same object again.
    """

    def __init__(
        self,
        dialect: Dialect,
        noun: str,
        parts: Mapping[str, type[GraphModel]],
        *,
        read: Callable[[type[GraphModel], Json], GraphModel],
    ) -> None:
        """
        Args:
            noun: What is listed, a key of ``versions.NOUNS``.
            parts: Properties in v1.0's words, and what they become.
            read: Makes an object of what is in v1.0's words.
        """
        self._dialect = dialect
        self._read = read
        self._known: dict[tuple[str, str], tuple[Json, GraphModel]] = {}
        # Either version is answered in the other's words now and then.
        self._parts = [
            (spelled, spelling.noun or "", parts[name])
            for name, spelling in NOUNS[noun].items()
            if name in parts
            for spelled in (name, spelling.beta)
            if spelled
        ]

    def shared(self, item: Json) -> Json:
        """
        The item, with objects for those parts.

        Raises:
            BadAnswer: A part is not such an object.
        """
        found = {}
        for spelled, noun, model in self._parts:
            part = item.get(spelled)
            named = part.get("id") if isinstance(part, dict) else None
            if not isinstance(part, dict) or not isinstance(named, str):
                continue
            key = (spelled, named)
            known = self._known.get(key)
            if known is None or known[0] != part:
                known = (part, self._read(model, self._dialect.incoming(noun, part)))
                self._known[key] = known
            found[spelled] = known[1]
        return {**item, **found}
