"""A call on the wire and its record."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox import chance
from sandbox.tenant.call import Answer
from sandbox.tenant.errors import Refusal
from sandbox.tenant.model import Json

# Stands for a body that is not JSON at all.
MALFORMED = object()


@dataclass
class Call:
    """One Graph call that was seen, with the answer it got."""

    at: datetime
    method: str
    path: str  # with the version, without query
    query: str
    body: Json | None
    status: int
    client_request_id: str | None
    answer: Json | None = None
    fault: str | None = None

    @property
    def version(self) -> str:
        return self.path.split("/")[1]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Asked:
    """One call before it is understood; a $batch holds several."""

    version: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    root: str
    fault: str | None = None

    @property
    def name(self) -> str:
        return f"{self.method} /{self.version}/{self.path}"


def error_answer(asked: Asked, refusal: Refusal) -> Answer:
    """A refusal in Graph's shape; entitlement management adds an empty list of details."""
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": str(chance.uuid4()),
        "client-request-id": asked.headers.get("client-request-id") or str(chance.uuid4()),
    }
    error: Json = {"code": refusal.code, "message": refusal.message, "innerError": inner}
    if asked.path.lower().startswith("identitygovernance"):
        error["details"] = []
    return Answer(refusal.status, {"error": error}, dict(refusal.headers))
