"""Check the settings by which people connect their Microsoft account: the public address, and the key of their tokens."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from bot.configuration.settings import Settings
from bot.configuration.urls import read_address

KEY_BYTES: Final = 32
HOW_TO_MAKE: Final = "32 bytes in base64, as `openssl rand -base64 32` makes them"


def problems(settings: Settings) -> list[str]:
    """Return what is wrong with these settings, a sentence with the fix each."""
    found = [*_problems_with_address(settings.public_url), *problems_with_keys(settings)]
    if settings.uses_managed_identity and (settings.public_url or settings.token_key):
        found.append(
            "LATCHKEY_MANAGED_IDENTITY signs nobody in: people's sign-ins (LATCHKEY_PUBLIC_URL, LATCHKEY_TOKEN_KEY) need "
            "an app registration with a credential of its own."
        )
    if settings.token_key and not settings.public_url and not settings.uses_socket_mode:
        found.append(
            "LATCHKEY_TOKEN_KEY is set and LATCHKEY_PUBLIC_URL is not: set the root of the address at which Slack "
            "reaches Latchkey, so that browsers come back to it after a sign-in."
        )
    return found


def installation_mark(settings: Settings) -> str:
    """Return what tells this installation from others where browsers come in: of its app registration and its address, no secret."""
    root = (settings.public_url or "").rstrip("/").lower()
    of = "\n".join([settings.azure_tenant_id or "", settings.azure_client_id or "", root])
    return hashlib.sha256(of.encode()).hexdigest()[:32]


def _problems_with_address(url: str | None) -> list[str]:
    if url is None:
        return []
    address = read_address(url)
    # Without TLS only whoever tries it on this machine.
    if address is None or not address.is_root or not address.is_private:
        return [
            "LATCHKEY_PUBLIC_URL must be a root, https://HOST with nothing after it: the address at which browsers reach "
            "Latchkey's HTTP endpoint."
        ]
    return []


def problems_with_keys(settings: Settings) -> list[str]:
    """Return what is wrong with the keys that seal tokens, a sentence with the fix each."""
    keys: Mapping[str, SecretStr | None] = {
        "LATCHKEY_TOKEN_KEY": settings.token_key,
        "LATCHKEY_TOKEN_KEY_PREVIOUS": settings.token_key_previous,
    }
    found = [
        f"{name} must be {HOW_TO_MAKE}."
        for name, key in keys.items()
        if key is not None and not _is_key(key.get_secret_value())
    ]
    if settings.token_key_previous is not None and settings.token_key is None:
        found.append(
            "LATCHKEY_TOKEN_KEY_PREVIOUS is set and LATCHKEY_TOKEN_KEY is not: set the new key as well."
        )
    return found


def _is_key(text: str) -> bool:
    try:
        read_key(text)
    except ValueError:
        return False
    return True


def read_key(text: str) -> bytes:
    """
    Return a key that is written in base64, of either alphabet.

    Raises:
        ValueError: It is none of 32 bytes.
    """
    key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("not 32 bytes")
    return key
