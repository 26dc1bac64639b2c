"""Listens where every request leaves the adapter and where every answer leaves the stand-in tenant."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from graph.calls.session import Session
from sandbox.tenant.call import Answer
from sandbox.tenant.exchange import Asked
from sandbox.tenant.service import Service
from tests.conformance.record import Recorder


def listen(recorder: Recorder) -> Callable[[], None]:
    """Let *recorder* hear everything from now on; the returned function ends that."""
    send, record = Session._once, Service._record

    @wraps(send)
    async def heard_sending(
        self: Session, method: str, url: str, body: object, *rest: Any, **options: Any
    ) -> Any:
        hear_request(recorder, self, method, url, body)
        return await send(self, method, url, body, *rest, **options)

    @wraps(record)
    def heard_answering(self: Service, asked: Asked, answer: Answer) -> None:
        hear_call(recorder, asked, answer)
        record(self, asked, answer)

    Session._once = heard_sending  # type: ignore[method-assign]
    Service._record = heard_answering  # type: ignore[method-assign]

    def stop() -> None:
        Session._once = send  # type: ignore[method-assign]
        Service._record = record  # type: ignore[method-assign]

    return stop


def hear_request(recorder: Recorder, session: Session, method: str, url: str, body: object) -> None:
    """What the adapter sends counts whatever becomes of it."""
    path, _, query = url.removeprefix(session._root).partition("?")
    recorder.request(
        version=session.dialect.version, method=method, path=path, query=query, body=body
    )


def hear_call(recorder: Recorder, asked: Asked, answer: Answer) -> None:
    """
    A call at the stand-in, by whichever client.

    A call that a fault has struck is not counted: its answer is wrong on purpose.  A request that
    the stand-in refuses is not counted either, for most of them are wrong on purpose; the refusal
    is.  (The adapter's own requests were heard when they left it.)
    """
    if asked.fault is not None:
        return
    path = f"/{asked.path}"
    if answer.status < 400:
        recorder.request(
            version=asked.version,
            method=asked.method,
            path=path,
            query=asked.query,
            body=asked.body,
            consistency=asked.headers.get("consistencylevel", ""),
        )
    recorder.answer(
        version=asked.version,
        method=asked.method,
        path=path,
        query=asked.query,
        status=answer.status,
        body=answer.body,
    )
