"""$batch: up to twenty calls in one, each judged by itself."""

from collections.abc import Callable

from sandbox.tenant.call import Answer
from sandbox.tenant.errors import Refusal, bad_request
from sandbox.tenant.exchange import Asked, error_answer
from sandbox.tenant.model import Json

MAX_STEPS = 20


def perform_batch(asked: Asked, perform: Callable[[Asked], Answer]) -> Answer:
    """Do the steps in order with *perform*. Raises Refusal when the envelope is wrong."""
    steps = asked.body.get("requests") if isinstance(asked.body, dict) else None
    if asked.method != "POST" or not isinstance(steps, list):
        raise bad_request("A batch is a POST with a list of requests.")
    if not 1 <= len(steps) <= MAX_STEPS:
        raise bad_request(f"Number of batch request steps must be from 1 to {MAX_STEPS}.")
    answers: dict[str, Answer] = {}
    for step in steps:
        step_id = str(step.get("id"))
        if step_id in answers:
            raise bad_request(f"Request Id {step_id} is used more than once.")
        answers[step_id] = _perform_step(asked, step, answers, perform)
    responses = [_response(step_id, answer) for step_id, answer in answers.items()]
    # Graph does not keep the order; a client that relies on it is wrong.
    return Answer(200, {"responses": responses[::-1]})


def _perform_step(
    asked: Asked, step: Json, answers: dict[str, Answer], perform: Callable[[Asked], Answer]
) -> Answer:
    path, _, query = str(step.get("url", "")).lstrip("/").partition("?")
    headers = {str(k).lower(): str(v) for k, v in (step.get("headers") or {}).items()}
    inner = Asked(
        version=asked.version,
        method=str(step.get("method", "")).upper(),
        path=path,
        query=query,
        headers={"authorization": asked.headers.get("authorization", "")} | headers,
        body=step.get("body"),
        root=asked.root,
    )
    needed = [answers.get(str(each)) for each in step.get("dependsOn") or []]
    if any(answer is None or answer.status >= 400 for answer in needed):
        return error_answer(inner, Refusal(424, "FailedDependency", "A dependency has failed."))
    if inner.body is not None and "content-type" not in headers:
        refusal = bad_request("A step with a body needs a Content-Type header.")
        return error_answer(inner, refusal)
    return perform(inner)


def _response(step_id: str, answer: Answer) -> Json:
    response: Json = {"id": step_id, "status": answer.status}
    if answer.headers:
        response["headers"] = answer.headers
    if answer.body is not None:
        response["headers"] = answer.headers | {"Content-Type": "application/json"}
        response["body"] = answer.body
    return response
