"""A session that sends calls which are made at the same time in as few batches as they fit into."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from graph.calls.batch import BATCH, CALLS_A_BATCH, Call, batch_body, outcomes
from graph.calls.deadlines import Deadline
from graph.calls.session import Session
from graph.errors import GraphError
from graph.sign_in.tokens import TokenSource

# For so long calls gather, and until the event loop has turned a few times without another: who was waked by the same
# answer, or by timers a moment apart, has made its next call by then.  Far below what a call takes.
TOGETHER: Final = timedelta(milliseconds=5)
QUIET_TURNS: Final = 4


@dataclass(eq=False, kw_only=True)
class WaitingCall:
    """
    A call that waits for its batch.

    Attributes:
        deadline: Of a write; None of a read.
        answers: Whoever made it; several, where the same was read by several.
    """

    call: Call
    deadline: Deadline | None
    answers: list[asyncio.Future[dict[str, Any]]] = field(default_factory=list)

    def settle(self, outcome: dict[str, Any] | BaseException) -> None:
        for answer in self.answers:
            if answer.done():
                continue
            if isinstance(outcome, asyncio.CancelledError):
                answer.cancel()
            elif isinstance(outcome, BaseException):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


class BatchingSession(Session):
    """
    Keeps each call until no other is made, then sends all of them together.

    What a call means does not change: its answer is its own, be it a refusal, too many requests, or none at all.
    Reads and writes travel apart, because a batch of reads may be sent again.  The same read, made by several at
    once, is made once.  A call that is alone travels without a batch.

    Source: Graph, "Combine multiple HTTP requests using JSON batching".
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._reads: dict[str, WaitingCall] = {}
        self._writes: list[WaitingCall] = []
        self._collecting: asyncio.Task[None] | None = None
        # A task that nobody holds may vanish.
        self._sending: set[asyncio.Task[None]] = set()

    async def _send(
        self,
        method: str,
        url: str,
        body: object,
        *,
        token: TokenSource | None,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        path = url.removeprefix(self._root)
        if (
            token is not None
            or path in (url, BATCH)
            or not (body is None or isinstance(body, dict))
        ):
            return await super()._send(method, url, body, token=token, deadline=deadline)
        call = Call(method, path, body, only_asks=deadline is None)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if call.writes:
            self._writes.append(WaitingCall(call=call, deadline=deadline, answers=[answer]))
        else:
            waiting = WaitingCall(call=call, deadline=None)
            self._reads.setdefault(f"{method} {path} {body}", waiting).answers.append(answer)
        if self._collecting is None:
            self._collecting = asyncio.create_task(self._collect(), name="gather calls")
        return await answer

    async def _collect(self) -> None:
        await self.sleep(TOGETHER.total_seconds())
        known, quiet = 0, 0
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            count = len(self._reads) + len(self._writes)
            known, quiet = count, quiet + 1 if count == known else 0
        reads, writes = list(self._reads.values()), self._writes
        self._reads, self._writes, self._collecting = {}, [], None
        for some in (*_in_batches(reads), *_in_batches(writes)):
            task = asyncio.create_task(self._deliver(some), name="send a batch")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _deliver(self, some: Sequence[WaitingCall]) -> None:
        """Send these calls, and tell those who made them what became of each."""
        try:
            found = await self._answers(some)
        except BaseException as error:
            for waiting in some:
                waiting.settle(error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        for waiting, outcome in zip(some, found, strict=True):
            waiting.settle(outcome)

    async def _answers(self, some: Sequence[WaitingCall]) -> Sequence[dict[str, Any] | GraphError]:
        deadline = some[0].deadline
        if len(some) == 1:
            call = some[0].call
            url = f"{self._root}{call.path}"
            return [await super()._send(call.method, url, call.body, token=None, deadline=deadline)]
        calls = [waiting.call for waiting in some]
        url = f"{self._root}{BATCH}"
        answer = await super()._send("POST", url, batch_body(calls), token=None, deadline=deadline)
        return outcomes(calls, answer)


def _in_batches(waiting: Sequence[WaitingCall]) -> list[Sequence[WaitingCall]]:
    return [
        waiting[start : start + CALLS_A_BATCH] for start in range(0, len(waiting), CALLS_A_BATCH)
    ]
