"""
Slack's errors, told apart by whether the call may have happened.

Source: docs.slack.dev, Web API methods, "Errors" of each.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from slack_sdk.errors import SlackApiError

# What Slack calls an error, in its own spelling.
CODE: Final = re.compile(r"[a-z][a-z0-9_-]{1,79}")
# Errors after which the same call can work later, and before which nothing happened.
LIMITS: Final = frozenset({"ratelimited", "rate_limited"})
PASSING: Final = LIMITS | {"service_unavailable", "team_added_to_org"}
# Slack does not take the message or view as it is made, and never will.
MISSHAPEN: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "block_mismatch",
        "msg_blocks_too_long",
        "msg_too_long",
        "markdown_text_conflict",
        "no_text",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "view_too_large",
    }
)
# Errors after which it may have happened ("some aspect of the operation may have succeeded").
UNSURE: Final = frozenset({"fatal_error", "internal_error", "request_timeout"})
# Slack does not accept our token, whatever the call.
TOKEN_REFUSED: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)


class SlackError(Exception):
    """Base of what can go wrong with a call to Slack; ``str(error)`` has Slack's code for it."""


class SlackRefused(SlackError):
    """
    Slack says no, and would say no again.

    Attributes:
        error: Slack's code, such as "channel_not_found" or "missing_scope".
        is_misshapen: What was sent is not as Slack takes it; something shorter may be.
    """

    def __init__(self, error: str, *, needed: str | None = None) -> None:
        self.error = error
        self.is_misshapen = error in MISSHAPEN
        super().__init__(f"{error} (needs the scope {needed})" if needed else error)


class SlackBusy(SlackError):
    """
    Slack has done nothing; try again after *retry_after*.

    Attributes:
        is_limit: Slack takes the method from nobody until then.
    """

    def __init__(self, error: str, *, retry_after: timedelta, is_limit: bool = False) -> None:
        self.retry_after = retry_after
        self.is_limit = is_limit
        super().__init__(error)


class SlackUnsure(SlackError):
    """No usable answer: it may have happened."""


def is_about_us(error: SlackApiError) -> bool:
    """Tell whether Slack would refuse every call: it is down, or does not accept our token."""
    if getattr(error.response, "status_code", 200) >= 500:
        return True
    return _code(error) in TOKEN_REFUSED


def _code(error: SlackApiError) -> str:
    """Return Slack's code for what is wrong; without one that can be one, the HTTP status."""
    status = f"http_{getattr(error.response, 'status_code', 0)}"
    try:
        code = str(error.response["error"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return status
    return code if CODE.fullmatch(code) else status


def translate(error: SlackApiError) -> SlackError:
    """Return the error that says whether the call that Slack refused may have happened."""
    response = error.response
    code = _code(error)
    status = getattr(response, "status_code", 200)
    if status == 429 or code in PASSING:
        return SlackBusy(
            code,
            retry_after=retry_after(getattr(response, "headers", {})),
            is_limit=status == 429 or code in LIMITS,
        )
    if status >= 500 or code in UNSURE or code in {"http_0", "http_200"}:
        return SlackUnsure(code)
    needed = response.get("needed") if code == "missing_scope" else None
    return SlackRefused(code, needed=needed)


def retry_after(headers: Mapping[str, str]) -> timedelta:
    """Return how long Slack wants us to wait, as the headers of its answer say."""
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        return timedelta(seconds=max(float(lowered.get("retry-after", "30")), 1))
    except (ValueError, OverflowError):
        return timedelta(seconds=30)
