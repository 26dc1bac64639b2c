"""Access tokens for Graph: what a session asks for, and how one is kept until it must be renewed."""

import asyncio
import time
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, Final, Protocol

from graph.errors import AuthError

# A token is renewed so long before it ends, as msal does.
MARGIN: Final = timedelta(minutes=5)


class TokenSource(Protocol):
    """A source of access tokens for Graph."""

    async def token(self) -> str:
        """
        An access token that is good at this moment.

        Raises:
            AuthError: There is none to be had; ``str(error)`` says why.
        """
        ...

    async def refresh(self, claims: str | None = None) -> str:
        """
        A new token, after Graph refused the last one.

        Args:
            claims: What Graph's claims challenge asked for, as JSON.

        Raises:
            AuthError: There is none to be had.
        """
        ...


class StaticToken:
    """One token somebody else obtained, such as that of a person who signed in elsewhere."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def refresh(self, claims: str | None = None) -> str:
        raise AuthError(
            "Microsoft Graph no longer accepts this sign-in; sign in again.", status=401
        )

    def __repr__(self) -> str:  # so that no log ever shows the token
        return f"{type(self).__name__}(…)"


class RenewedTokens(ABC):
    """
    Keeps one token and renews it in time; many callers at once make one request.

    msal, which gets the tokens, is synchronous: it is called in a thread, and only when the token
    at hand will not do.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = 0.0  # time.monotonic()
        self._generation = 0

    @abstractmethod
    def acquire(self, *, claims: str | None, forget: bool) -> dict[str, Any]:
        """
        Get a token; runs in a thread.

        Args:
            claims: What Graph's claims challenge asked for, as JSON.
            forget: Do not answer from a cache: Graph refused what is in it.

        Returns:
            msal's answer, with ``access_token`` and ``expires_in`` (seconds).

        Raises:
            AuthError: There is none to be had.
        """

    async def token(self) -> str:
        """
        An access token that is good at this moment.

        Raises:
            AuthError: Microsoft's login says no, or cannot be reached.
        """
        if self._token is not None and time.monotonic() < self._renew_at:
            return self._token
        async with self._lock:
            if self._token is not None and time.monotonic() < self._renew_at:
                return self._token  # somebody else renewed it while we waited
            return await self._renew(claims=None, forget=False)

    async def refresh(self, claims: str | None = None) -> str:
        """
        A new token, after Graph refused the last one.

        Raises:
            AuthError: Microsoft's login says no, or cannot be reached.
        """
        refused = self._generation
        async with self._lock:
            if self._token is not None and self._generation != refused:
                return self._token
            return await self._renew(claims=claims, forget=True)

    async def _renew(self, *, claims: str | None, forget: bool) -> str:
        answer = await asyncio.to_thread(self.acquire, claims=claims, forget=forget)
        token: str = answer["access_token"]
        lasts = float(answer.get("expires_in") or 0)
        self._token = token
        self._renew_at = time.monotonic() + max(lasts - MARGIN.total_seconds(), lasts / 2)
        self._generation += 1
        return token

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
