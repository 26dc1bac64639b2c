"""One page of a long list: what is on it, where the next one begins, and how many rows there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

T_co = TypeVar("T_co", covariant=True)

ROWS_A_PAGE: Final = 10
# Nobody needs to know more exactly how long a list is, and counting on would take as long as the list is.
COUNTED: Final = 1_000
# What a button carries, see docs.slack.dev, Block Kit reference.
LONGEST_VALUE: Final = 2_000
MOST_PAGES: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class ListName(StrEnum):
    """The lists that have pages, or are redrawn when a row is pressed in."""

    ASSIGNMENTS = "assignments"
    PENDING = "pending"
    # The word is in buttons that were sent.
    STUCK = "held"
    DRIFT = "drift"
    AUDIT = "audit"
    # What one has, and what one waits for, which comes after it.
    MINE = "mine"
    ASKED = "asked"
    # What one has asked for, or others for one, and is over; the newest first.
    PAST = "past"
    # What one has decided, the newest first.
    DECIDED = "decided"
    # What one is asked to decide.
    TO_DECIDE = "to-decide"
    # Who decides for whom: of oneself, and of everybody, for an admin.
    DELEGATIONS = "delegations"
    ALL_DELEGATIONS = "all-delegations"


# What people type behind `/my-access` for a list of what is over.
NAMED_LISTS: Final[Mapping[str, ListName]] = {
    "past": ListName.PAST,
    "decided": ListName.DECIDED,
}


@dataclass(frozen=True)
class Count:
    """A count; there are more than *number* unless it is exact."""

    number: int
    is_exact: bool = True

    @classmethod
    def of(cls, number: int) -> "Count":
        """Return what counting up to one more than `COUNTED` has found."""
        return cls(min(number, COUNTED), is_exact=number <= COUNTED)

    def __str__(self) -> str:
        return f"{'' if self.is_exact else 'more than '}{self.number:,}"

    def less(self, number: int) -> "Count":
        """Return how many are left without so many of them."""
        return Count(self.number - number, self.is_exact)

    def plus(self, other: "Count") -> "Count":
        """Return how many both are together."""
        return Count(self.number + other.number, self.is_exact and other.is_exact)

    @property
    def is_nothing(self) -> bool:
        return self.is_exact and self.number <= 0


@dataclass(frozen=True)
class Mark:
    """The row after which a page begins: lists are in the order of a time and an id, what has no time last."""

    at: datetime | None
    id: str


@dataclass(frozen=True, kw_only=True)
class Start:
    """
    The beginning of a page.

    Attributes:
        after: Right after this row, whatever has come or gone before it.
        skip: After so many rows; for whoever names a page by its number.
    """

    after: Mark | None = None
    skip: int = 0


FIRST: Final = Start()


def page_number(number: int) -> Start:
    """Return where the page of that number begins, from 1."""
    return Start(skip=(min(max(number, 1), MOST_PAGES) - 1) * ROWS_A_PAGE)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T_co]):
    """
    Some rows of a list.

    Attributes:
        marks: Where each of the rows is.
        count: How many rows there are from the first of these on.
        skipped: How many come before these; None where that is not known, because they came or went meanwhile.
    """

    rows: Sequence[T_co]
    marks: Sequence[Mark]
    count: Count
    skipped: int | None = 0

    @property
    def total(self) -> Count:
        """Return how many rows the list has; from these on, where it is not known how many come before."""
        return self.count.plus(Count(self.skipped or 0))

    @property
    def is_beyond(self) -> bool:
        """There is no such page: the list is shorter."""
        return not self.rows and bool(self.skipped)


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    The place in a list where a page begins, as a Next button carries it; ids and times, and nobody's name.

    Attributes:
        skip: After so many rows, where the page was named by its number.
    """

    list: ListName
    after: Mark | None = None
    package_id: str | None = None
    entra_ids: tuple[str, ...] = ()
    skip: int = 0

    @property
    def start(self) -> Start:
        return Start(after=self.after, skip=self.skip)


_Id = Annotated[str, Field(min_length=1, max_length=64)]
_Skip = Annotated[int, Field(ge=0, le=MOST_PAGES * ROWS_A_PAGE)]
_WRITTEN: Final = TypeAdapter[
    tuple[ListName, _Id | None, tuple[_Id, ...], tuple[int | None, _Id] | None, _Skip]
](tuple[ListName, _Id | None, tuple[_Id, ...], tuple[int | None, _Id] | None, _Skip])


def write_place(place: Place) -> str | None:
    """Write a place for a button; None if it is too long for one."""
    after = place.after
    micros = (after.at - EPOCH) // MICROSECOND if after and after.at else None
    mark = (micros, after.id) if after else None
    written = _WRITTEN.dump_json(
        (place.list, place.package_id, place.entra_ids, mark, place.skip)
    ).decode()
    return written if len(written) <= LONGEST_VALUE else None


def read_place(written: str) -> Place:
    """
    Read what a button carried; it came from outside, whoever has made it.

    Raises:
        ValueError: That is no place.
    """
    if len(written) > LONGEST_VALUE:
        raise ValueError("too long for a place in a list")
    try:
        name, package_id, entra_ids, mark, skip = _WRITTEN.validate_json(written, strict=True)
        at = None if mark is None or mark[0] is None else EPOCH + mark[0] * MICROSECOND
    except (ValidationError, OverflowError) as error:
        raise ValueError("no place in a list") from error
    after = Mark(at, mark[1]) if mark else None
    return Place(list=name, after=after, package_id=package_id, entra_ids=entra_ids, skip=skip)
