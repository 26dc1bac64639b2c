"""
The errors of calls to Microsoft Graph, and whether the call may have happened.

* GraphError
  x Forbidden        403: a permission or a role is missing
    x MembersHidden   no 403, but nobody where somebody may be: a group hides its members from this app
  x NotFound          404: there is no such object, or we may not see it
  x Conflict          409: it exists already, or is in a state that forbids this
  x Throttled         429: wait ``retry_after``; nothing happened, except perhaps to a write in a batch
  x Rejected          any other 4xx: our request is wrong, or a policy says no
  x GraphUnavailable  5xx, time-out, no connection
  x BadAnswer         an answer that is not what Graph sends
  x AuthError         no token, or Graph does not accept it
    x LoginUnreachable  no answer of Microsoft's login: it says nothing of whoever wanted the token
  x Unsupported       never sent: this version of Graph has no words for it
"""

from datetime import timedelta

# Graph's own words in ``error.code``, where our callers decide by them.
RESOURCE_NOT_VISIBLE_YET = "ResourceNotFoundInOriginSystem"
RESOURCE_ALREADY_ONBOARDED = "ResourceAlreadyOnboarded"
RESOURCE_IN_USE = "InvalidDeleteResourceHasEntitlements"
DUPLICATE_PACKAGE = "DuplicateAccessPackage"
DUPLICATE_KEY = "DuplicateKey"
OPEN_REQUEST_EXISTS = "ExistingOpenRequest"


class GraphError(Exception):
    """
    Base of every error this package raises; ``str(error)`` is a sentence a person can read.

    Attributes:
        status: HTTP status, or None if there was no answer.
        code: Graph's own error code, such as "Authorization_RequestDenied".
        request_id: What Microsoft support asks for.
        client_request_id: What we have called the exchange; None if nothing was sent.
        retry_after: How long Graph asks us to wait, if it said.
        may_have_happened: True when a write may have taken effect although it failed.
            False when nothing happened: a definite refusal, or never sent.  Always False
            for reads.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: timedelta | None = None,
        may_have_happened: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.client_request_id: str | None = None
        self.retry_after = retry_after
        self.may_have_happened = may_have_happened

    def has_code(self, code: str) -> bool:
        """Tell whether Graph gave this code; Graph's casing varies, so ours does not matter."""
        return (self.code or "").casefold() == code.casefold()


class Forbidden(GraphError):
    """Graph knows who we are and says no (403)."""


class MembersHidden(Forbidden):
    """A group hides its members from this app, so that who is in it is not known; Graph says no more than that it sees nobody."""

    def __init__(self) -> None:
        super().__init__(
            "The group hides its members from this app, which may not see them without Member.Read.Hidden."
        )


class NotFound(GraphError):
    """There is no such object, or we may not see it (404)."""


class Conflict(GraphError):
    """It exists already, or is in a state that forbids this (409)."""


class Throttled(GraphError):
    """Too many requests (429); wait ``retry_after``.  Only a write in a batch may have happened all the same."""


class Rejected(GraphError):
    """Graph refuses the request as such (another 4xx): our mistake, or a policy's no."""


class GraphUnavailable(GraphError):
    """No usable answer (5xx, time-out, no connection)."""


class BadAnswer(GraphError):
    """An answer we cannot read: not JSON, cut off, a redirect, a link that leads elsewhere."""


class AuthError(GraphError):
    """No token could be had, or Graph does not accept the one we sent (401)."""


class LoginUnreachable(AuthError):
    """Microsoft's login gives no usable answer (5xx, time-out, no connection), whoever asks it."""


class Unsupported(GraphError):
    """Not sent: the API version in use has no words for what was asked."""


BY_STATUS: dict[int, type[GraphError]] = {
    401: AuthError,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Throttled,
}


def kind_of(status: int) -> type[GraphError]:
    """The class of error that stands for an HTTP *status* of 400 or more."""
    return BY_STATUS.get(status, GraphUnavailable if status >= 500 else Rejected)
