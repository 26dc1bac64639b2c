"""Delete what Latchkey made, and see that it is gone."""

from dataclasses import dataclass, replace

from bot.provisioning.changes.inventory import is_present
from bot.provisioning.kinds import deletable_kind_of
from bot.provisioning.writing.retry import Retrier, may_delete_again
from bot.provisioning.writing.state import Entry, StateFile
from graph import Graph
from graph.errors import Forbidden, GraphError, GraphUnavailable, NotFound


@dataclass(frozen=True, kw_only=True)
class Deleter:
    """Deletes one thing after another, and waits until each is gone."""

    graph: Graph
    state: StateFile
    retrier: Retrier

    async def delete(self, title: str, entry: Entry) -> None:
        """
        Delete one thing; it is no failure if it is gone already.

        Raises:
            GraphError: Graph refuses, or it is still there when patience is over.
        """
        asked = replace(entry, is_deleting=True)

        async def gone() -> bool | None:
            return None if await is_present(self.graph, asked) else True

        refusal = await self._ask(title, entry)
        if refusal is not None and await gone() is None:
            self.state.mark_deleting(entry.identity, begun=False)
            raise refusal
        if await self.retrier.wait_until(f"{title} to be gone", gone) is None:
            raise GraphUnavailable(f"{title} was deleted, and Graph still shows it.")
        self.state.remove_deleted(entry.identity)

    async def _ask(self, title: str, entry: Entry) -> Forbidden | None:
        """
        Ask Graph to delete it.

        An app of one catalog is told that it may not (403) where others hear that there is no such thing (404).
        That counts only for what was asked for before: the caller has to look, and gets the refusal.
        """
        was_asked = self.state.is_deleting(entry.identity)
        tries = 0

        async def once() -> None:
            nonlocal tries
            tries += 1
            await deletable_kind_of(entry.key).delete(self.graph, entry)

        self.state.mark_deleting(entry.identity, begun=True)
        try:
            # To delete twice is to delete once, so what may have happened may be done again.
            await self.retrier.retry(f"{title} to be deleted", once, retry_on=may_delete_again)
        except NotFound:
            return None
        except GraphError as error:
            if isinstance(error, Forbidden) and (was_asked or tries > 1):
                return error
            if not (error.may_have_happened or was_asked):
                self.state.mark_deleting(entry.identity, begun=False)
            raise
        return None
