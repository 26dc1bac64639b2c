"""
Lists of which only a page is read: in the order of a time and an id, so that a page begins right after a known row.

What comes or goes before that row moves nothing: no row is shown twice, and none is passed over.  Each statement
takes its rows from an index in that order, and reads no more of them than it returns.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from heapq import merge
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.statements import MOST
from bot.database.tables import UtcDateTime
from bot.paging import COUNTED, FIRST, ROWS_A_PAGE, Count, Mark, Page, Start

T = TypeVar("T")

AFTER_TIME: Final = sa.bindparam("after_time", type_=UtcDateTime())
AFTER_ID: Final = sa.bindparam("after_id", type_=sa.String())
SKIP: Final = sa.bindparam("skip", type_=sa.Integer())


class ListStatements:
    """The statements of one list, from the oldest on or from the newest; what has no time comes last."""

    def __init__(
        self,
        select: sa.Select[Any],
        *,
        time: sa.Column[Any],
        id_: sa.Column[Any],
        newest_first: bool = False,
        all_have_time: bool = False,
    ) -> None:
        """
        Args:
            select: The rows of the whole list, in any order.
            newest_first: From the last moment to the first, along the same index; of rows that all have a time.
            all_have_time: The column is empty in rows of other lists only.

        Raises:
            ValueError: The newest are to be first by a column that may be empty.
        """
        may_lack_time = bool(time.nullable) and not all_have_time
        if newest_first and may_lack_time:
            raise ValueError("what has no time has no place in a list from the newest on")
        here, place = sa.tuple_(time, id_), sa.tuple_(AFTER_TIME, AFTER_ID)
        timed = here < place if newest_first else here > place
        by: list[Any] = [time.desc(), id_.desc()] if newest_first else [time, id_]
        # The order of a column that is never empty needs no word about what is.
        in_order = [time.nulls_last(), id_] if may_lack_time else by
        self._select = select.add_columns(time.label("mark_time"), id_.label("mark_id"))
        in_their_order = self._select.order_by(*in_order)
        self._first = in_their_order.limit(MOST)
        self._after = self._select.where(timed).order_by(*by).limit(MOST)
        # What is passed over is counted in the index and not read.
        keys = select.with_only_columns(id_, maintain_column_froms=True)
        skipped = keys.order_by(*in_order).limit(MOST).offset(SKIP)
        self._skipping = in_their_order.where(id_.in_(skipped))
        self._count = _counted(select, SKIP)
        self._count_after = _counted(select.where(timed))
        self._timeless: sa.Select[Any] | None = None
        if may_lack_time:
            without = time.is_(None)
            self._timeless = self._select.where(without).order_by(id_).limit(MOST)
            self._timeless_after = self._timeless.where(id_ > AFTER_ID)
            self._count_timeless_after = _counted(select.where(without, id_ > AFTER_ID))
            self._count_after = sa.select(
                self._count_after.scalar_subquery()
                + _counted(select.where(without)).scalar_subquery()
            )

    def page(
        self,
        db: Transaction,
        made: Callable[[Sequence[Any]], T],
        *,
        start: Start = FIRST,
        rows: int = ROWS_A_PAGE,
        **given: Any,
    ) -> Page[T]:
        """
        Read a page, and count what there is from there on if that is more than the page.

        Args:
            made: Makes of a row what is listed.
            rows: How many at most.
            given: The other parameters of the list's statement.
        """
        found = self._read(db, start, {**given, "most": rows + 1})
        has_more = len(found) > rows
        return Page(
            rows=[made(row[:-2]) for row in found[:rows]],
            marks=[Mark(row[-2], row[-1]) for row in found[:rows]],
            count=self.count(db, start=start, **given) if has_more else Count(len(found)),
            skipped=None if start.after else start.skip,
        )

    def count(self, db: Transaction, *, start: Start = FIRST, **given: Any) -> Count:
        """Return how many rows there are from a place on; beyond `COUNTED`, only that there are more."""
        after = start.after
        if after is None:
            query = self._count
            given["skip"] = start.skip
        else:
            query = self._count_after if after.at is not None else self._count_timeless_after
            given |= _position(after)
        return Count.of(int(db.execute(query, {**given, "counted": COUNTED + 1}).scalar_one()))

    def _read(
        self, db: Transaction, start: Start, given: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        after = start.after
        if after is None and start.skip:
            return list(db.execute(self._skipping, {**given, "skip": start.skip}))
        if after is None:
            return list(db.execute(self._first, given))
        if after.at is None:
            return list(db.execute(self._timeless_after, {**given, **_position(after)}))
        found = list(db.execute(self._after, {**given, **_position(after)}))
        left = given["most"] - len(found)
        if left and self._timeless is not None:
            found += db.execute(self._timeless, {**given, "most": left})
        return found


def newest_of(lists: Sequence[Page[T]], *, start: Start, rows: int = ROWS_A_PAGE) -> Page[T]:
    """
    Put pages of several lists together, the newest first; no row is in two of the lists.

    Args:
        start: Where each of the pages begins: at the front, or behind a row.  So many rows of each list are not so many of all.

    Raises:
        ValueError: They begin after a number of rows.
    """
    if start.skip:
        raise ValueError("of several lists together, a page begins behind a row")
    each = [zip(page.marks, page.rows, strict=True) for page in lists]
    listed = list(merge(*each, key=lambda row: (row[0].at, row[0].id), reverse=True))[:rows]
    return Page(
        rows=[row for _, row in listed],
        marks=[mark for mark, _ in listed],
        count=reduce(Count.plus, (page.count for page in lists)),
        skipped=None if start.after else 0,
    )


def _position(after: Mark) -> dict[str, Any]:
    return {"after_id": after.id} | ({"after_time": after.at} if after.at is not None else {})


def _counted(select: sa.Select[Any], skip: sa.BindParameter[int] | None = None) -> sa.Select[Any]:
    """Count what *select* finds, no further than one more than is told."""
    some: sa.Select[Any] = select.with_only_columns(
        sa.literal_column("1"), maintain_column_froms=True
    ).limit(sa.bindparam("counted", type_=sa.Integer()))
    if skip is not None:
        some = some.offset(skip)
    return sa.select(sa.func.count()).select_from(some.subquery())
