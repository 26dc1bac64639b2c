"""Many calls in one batch (``$batch``), each judged by itself."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx

from graph.calls import answers
from graph.calls.retries import is_worth_repeating
from graph.calls.session import Session
from graph.errors import BadAnswer, GraphError, Throttled
from graph.sign_in.tokens import TokenSource

# Graph's limit for one batch.
CALLS_A_BATCH: Final = 20
BATCH: Final = "/$batch"

Outcome = dict[str, Any] | GraphError


@dataclass(frozen=True)
class Call:
    """
    One call in a batch.

    Attributes:
        method: GET, POST, PATCH, PUT or DELETE.
        path: After the version, with its query, in the words of the version in use.
        body: JSON, if any.
        only_asks: A POST that changes nothing, and so is a read.
        after: Of a read, the place in the list of the read that must be done before; both go into one batch.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    only_asks: bool = False
    after: int | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.only_asks


@dataclass(frozen=True)
class FirstPage:
    """
    The beginning of a list.

    Attributes:
        goes_on: There are more pages.
    """

    items: list[dict[str, Any]]
    goes_on: bool


class Batch:
    """
    Sends calls twenty at a time.

    A batch's 200 says nothing about what is in it: every outcome is an object or an error.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def send(
        self,
        calls: Sequence[Call],
        *,
        token: TokenSource | None = None,
        retries: bool = True,
    ) -> list[Outcome]:
        """
        The outcome of each call, in the order of *calls*.

        Reads that were throttled or not answered are tried once more, after the longest wait Graph named; those
        that were throttled again for as long as patience lasts, where the session waits out throttling.  What is
        to wait for longer than patience lasts is an error at once, and what was read stays read if the second try
        fails.  Writes never are tried again: an item reported as throttled has been seen to have run all the same.

        Args:
            retries: Without it such a read is an error at once, and nothing is waited for.

        Raises:
            GraphError: The batch itself failed, at the first try.

        Permission: That of each call.
        Source: Graph, "Combine multiple HTTP requests using JSON batching".
        """
        found = await self._send_batches(calls, range(len(calls)), token)
        if not retries:
            return found
        rules = self._session.retries
        left = rules.patience.total_seconds()
        again = _failed_reads(calls, found, is_worth_repeating, left)
        while again:
            wait = min(max(_wait(found[index]) for index in again), left)
            left -= wait
            await self._session.sleep(wait)
            try:
                second = await self._send_batches(calls, again, token)
            except GraphError:
                # What the others found counts all the same.
                break
            for index, outcome in zip(again, second, strict=True):
                found[index] = outcome
            if not rules.waits_out_throttling:
                break
            again = _failed_reads(calls, found, _is_throttled, left)
        return found

    async def lists(
        self, calls: Sequence[tuple[str, dict[str, str]]], *, in_order: bool = False
    ) -> list[list[dict[str, Any]] | GraphError]:
        """
        The items of many lists, each given by its path and query, in few calls.

        A list that goes on behind its first page is read again by itself: a next page is no path of ours.

        Args:
            in_order: Read each when the one before it has been read to its end.

        Raises:
            GraphError: A batch itself failed, or a list that is read by itself.

        Permission: That of each list.
        Source: Graph, "Combine multiple HTTP requests using JSON batching".
        """
        found: list[list[dict[str, Any]] | GraphError] = []
        pages = await self.first_pages(calls, in_order=in_order)
        is_too_early = False
        for (path, params), page in zip(calls, pages, strict=True):
            if isinstance(page, GraphError):
                found.append(page)
            elif page.goes_on or is_too_early:
                found.append([each async for each in self._session.pages(path, params)])
                # Those behind it were read before it was.
                is_too_early = in_order
            else:
                found.append(page.items)
        return found

    async def first_pages(
        self, calls: Sequence[tuple[str, dict[str, str]]], *, in_order: bool = False
    ) -> list[FirstPage | GraphError]:
        """
        The first page of many lists, as `lists` takes them, and no more.

        Raises:
            GraphError: A batch itself failed.

        Permission: That of each list.
        Source: Graph, "Combine multiple HTTP requests using JSON batching".
        """
        sent = [
            Call(
                "GET",
                self._session.address(path, params),
                after=place - 1 if in_order and place else None,
            )
            for place, (path, params) in enumerate(calls)
        ]
        found: list[FirstPage | GraphError] = []
        for outcome in await self.send(sent):
            if isinstance(outcome, GraphError):
                found.append(outcome)
                continue
            items = outcome.get("value")
            if isinstance(items, list) and all(isinstance(each, dict) for each in items):
                found.append(FirstPage(items, outcome.get("@odata.nextLink") is not None))
            else:
                found.append(BadAnswer("Microsoft Graph sent a list with no list in it."))
        return found

    async def _send_batches(
        self, calls: Sequence[Call], places: Sequence[int], token: TokenSource | None
    ) -> list[Outcome]:
        """Send the calls at *places*, as many batches at a time as the session sends calls; return their outcomes."""
        some = [
            places[start : start + CALLS_A_BATCH] for start in range(0, len(places), CALLS_A_BATCH)
        ]
        sent = [[_moved(calls[place], each) for place in each] for each in some]
        return [
            outcome
            for found in await asyncio.gather(*(self._send_batch(each, token) for each in sent))
            for outcome in found
        ]

    async def _send_batch(self, calls: Sequence[Call], token: TokenSource | None) -> list[Outcome]:
        send = self._session.post if any(call.writes for call in calls) else self._session.query
        return outcomes(calls, await send(BATCH, batch_body(calls), token=token))


def batch_body(calls: Sequence[Call]) -> dict[str, Any]:
    """The body of a batch for *calls*, which Graph carries out in whatever order it likes."""
    return {"requests": [_item(number, call) for number, call in enumerate(calls)]}


def outcomes(calls: Sequence[Call], answer: dict[str, Any]) -> list[Outcome]:
    """Return the outcome of each call, by the answer to their batch."""
    responses = answer.get("responses")
    by_id = {
        str(each.get("id")): each
        for each in (responses if isinstance(responses, list) else [])
        if isinstance(each, dict)
    }
    return [_outcome(by_id.get(str(number)), call) for number, call in enumerate(calls)]


def _failed_reads(
    calls: Sequence[Call],
    outcomes: Sequence[Outcome],
    counts: Callable[[GraphError], bool],
    left: float,
) -> list[int]:
    """
    Find the places in *calls* of the reads whose error *counts*, and of those that were to follow one of them.

    Args:
        left: The seconds for which they may be waited for.
    """
    found: list[int] = []
    for index, (call, outcome) in enumerate(zip(calls, outcomes, strict=True)):
        if call.writes:
            continue
        has_failed = isinstance(outcome, GraphError) and counts(outcome) and _wait(outcome) <= left
        # Also one that was read, because what it was to follow is read after it otherwise.
        if has_failed or call.after in found:
            found.append(index)
    return found


def _is_throttled(error: GraphError) -> bool:
    return isinstance(error, Throttled)


def _moved(call: Call, places: Sequence[int]) -> Call:
    """A call as it stands in a batch that holds those of *places*: it waits for one that is in there."""
    if call.after is None:
        return call
    return replace(call, after=places.index(call.after) if call.after in places else None)


def _item(number: int, call: Call) -> dict[str, Any]:
    item: dict[str, Any] = {"id": str(number), "method": call.method, "url": call.path}
    if call.after is not None:
        item["dependsOn"] = [str(call.after)]
    if call.body is not None:
        item["headers"] = {"Content-Type": "application/json"}
        item["body"] = call.body
    return item


def _outcome(item: dict[str, Any] | None, call: Call) -> Outcome:
    status = item.get("status") if item else None
    if item is None or not isinstance(status, int) or not 200 <= status <= 599:
        return BadAnswer(
            "Microsoft Graph answered the batch but not this call.",
            # That of the batch: what it says cannot be used, as of an answer that is cut off.
            status=httpx.codes.OK,
            may_have_happened=call.writes,
        )
    headers = item.get("headers")
    said = item.get("body")
    response = httpx.Response(
        status,
        headers={
            str(name): str(value)
            for name, value in (headers.items() if isinstance(headers, dict) else ())
            if str(name).casefold() not in ("content-length", "content-encoding")
        },
        content=b"" if said is None else json.dumps(said).encode(),
    )
    if not response.is_success:
        error = answers.error(response, writes=call.writes)
        # By itself a call that is throttled has done nothing; one in a batch has been seen to have run.
        error.may_have_happened |= call.writes and isinstance(error, Throttled)
        return error
    try:
        return answers.content(response, writes=call.writes)
    except BadAnswer as error:
        return error


def _wait(outcome: Outcome) -> float:
    known = outcome.retry_after if isinstance(outcome, GraphError) else None
    return known.total_seconds() if known is not None else 1.0
