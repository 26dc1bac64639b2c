"""The permissions that this app has been granted, as its own token says."""

import base64
import binascii
import json

from graph.calls.session import Session


class GrantedPermissions:
    """Reads the token that calls are made with; nobody is asked, and nothing in it is believed but by us."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def roles(self) -> frozenset[str] | None:
        """
        Return the application permissions in the token's claim ``roles``; None for a token that cannot be read.

        Source: Microsoft identity platform, "Access token claims reference".

        Raises:
            AuthError: There is no token.
        """
        parts = (await self._session.access_token()).split(".")
        if len(parts) != 3:
            return None
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (ValueError, binascii.Error):
            return None
        roles = claims.get("roles") if isinstance(claims, dict) else None
        return frozenset(each for each in roles or () if isinstance(each, str))
