"""Refusals, worded and numbered as Graph does it."""


class Refusal(Exception):
    """An answer of Graph's instead of doing what was asked."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def bad_request(message: str, *, code: str = "BadRequest") -> Refusal:
    return Refusal(400, code, message)


def forbidden(
    message: str = "User is not authorized to perform the operation.", *, code: str = "UnAuthorized"
) -> Refusal:
    return Refusal(403, code, message)


def not_found(message: str, *, code: str = "ResourceNotFound") -> Refusal:
    return Refusal(404, code, message)


def conflict(message: str, *, code: str = "Conflict") -> Refusal:
    return Refusal(409, code, message)


def no_such_object(object_id: str) -> Refusal:
    """The directory's answer for a user or group that is not there."""
    return Refusal(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried "
        "reference-property objects are not present.",
    )
