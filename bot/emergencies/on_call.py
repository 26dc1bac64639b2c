"""
Ask a small HTTP service who is on call: PagerDuty, Opsgenie or a script answers it; docs/how-to/break-glass.md has the shapes.

Whatever is not a clear answer to this very question is no answer: a redirect, a late one, one about somebody else.
"""

import asyncio
from typing import Any, Final

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, StrictBool, ValidationError

from bot import chance, clock
from bot.packages.model import Terms
from bot.people.identity import Identity
from bot.requests.evaluation.emergencies import OnCallUnavailable
from bot.requests.model import Request

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 5.0
LONGEST_ANSWER: Final = 16_384
VERSION: Final = 1
ALL_RIGHT: Final = 200
# In the headers: not compressed.
PLAIN: Final = "identity"


class _Named(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    id: str


class _Answer(BaseModel):
    """The answer; what it is an answer to is repeated in it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    question: str
    person: _Named
    package: _Named
    on_call: StrictBool


class OnCallService:
    """Asks about one person and one package at a time; nothing of an answer is kept."""

    def __init__(self, http: httpx.AsyncClient, *, url: str, token: str | None) -> None:
        self._http = http
        self._url = url
        self._token = token

    async def is_on_call(self, identity: Identity, request: Request, terms: Terms) -> bool:
        """
        Tell whether somebody is on call for the package that they ask for.

        Raises:
            OnCallUnavailable: There is no answer, or none that can be believed.
        """
        question = chance.new_id()
        user = identity.user
        asked: dict[str, Any] = {
            "version": VERSION,
            "question": question,
            "at": clock.now().isoformat(),
            "person": {
                "id": user.id,
                "mail": user.mail,
                "user_principal_name": user.user_principal_name,
                "slack_user": identity.person.slack_user,
            },
            "package": {
                "id": request.package_id,
                "name": request.package_name,
                "catalog": terms.catalog,
            },
        }
        answer = await self._ask(asked)
        same = (question, user.id, request.package_id)
        if (answer.question, answer.person.id, answer.package.id) != same:
            raise OnCallUnavailable("The on-call service has answered another question.")
        return answer.on_call

    async def _ask(self, asked: dict[str, Any]) -> _Answer:
        headers = {"Accept": "application/json", "Accept-Encoding": PLAIN}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                async with self._http.stream(
                    "POST", self._url, json=asked, headers=headers, follow_redirects=False
                ) as response:
                    if response.status_code != ALL_RIGHT:
                        raise OnCallUnavailable(
                            f"The on-call service has answered {response.status_code}."
                        )
                    if response.headers.get("Content-Encoding", PLAIN) != PLAIN:
                        # What is packed may be much longer than it looks.
                        raise OnCallUnavailable("The answer of the on-call service is packed.")
                    content = b""
                    async for part in response.aiter_bytes():
                        content += part
                        if len(content) > LONGEST_ANSWER:
                            raise OnCallUnavailable(
                                "The answer of the on-call service is too long."
                            )
        except TimeoutError:
            raise OnCallUnavailable("The on-call service has not answered in time.") from None
        except httpx.HTTPError as error:
            raise OnCallUnavailable(
                f"The on-call service cannot be reached ({type(error).__name__})."
            ) from None
        try:
            return _Answer.model_validate_json(content)
        except ValidationError:
            raise OnCallUnavailable("The answer of the on-call service cannot be read.") from None
