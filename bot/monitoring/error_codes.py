"""Take from an error what the log may say of it: codes of Slack's, Graph's and the database's, and never a text that repeats what was sent."""

from dataclasses import dataclass

from bot.database import Busy, Unusable
from bot.slack.errors import SlackError
from graph.errors import GraphError


@dataclass(frozen=True, kw_only=True)
class ErrorCodes:
    """
    The codes of an error; None for what it has not.

    Attributes:
        code: Graph's or the login's ("AADSTS7000222"), or the database's.
        status: HTTP status.
        graph: Graph's request id; *client_request* is ours.
        slack: Slack's code.
        reason: What the database says, if it may pass.
    """

    code: str | None = None
    status: int | None = None
    graph: str | None = None
    client_request: str | None = None
    slack: str | None = None
    reason: str | None = None


def codes_of(error: BaseException) -> ErrorCodes:
    """Return what the log may say of an error."""
    if isinstance(error, GraphError):
        return ErrorCodes(
            code=error.code,
            status=error.status,
            graph=error.request_id,
            client_request=error.client_request_id,
        )
    if isinstance(error, SlackError):
        return ErrorCodes(slack=str(error))
    if isinstance(error, Unusable):
        return ErrorCodes(code=error.code)
    if isinstance(error, Busy):
        # Of the connection: "database or disk is full", "too many connections"; no row is in it.
        return ErrorCodes(reason=str(error))
    return ErrorCodes()
