"""Read where events are posted, and the secrets to sign them with: LATCHKEY_WEBHOOKS and LATCHKEY_WEBHOOK_SECRETS."""

import base64
import binascii
import re
from typing import Final

from pydantic import SecretStr

from bot.configuration.urls import read_address
from bot.webhooks.model import WebhookEndpoint

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
ADDRESSES: Final = "LATCHKEY_WEBHOOKS"
SECRETS: Final = "LATCHKEY_WEBHOOK_SECRETS"
PREFIX: Final = "whsec_"
# Bytes of a key, by the specification.
SHORTEST_KEY: Final = 24
LONGEST_KEY: Final = 64


def endpoints(
    addresses: SecretStr | None, secrets: SecretStr | None
) -> tuple[tuple[WebhookEndpoint, ...], list[str]]:
    """Return the endpoints, and a sentence for each thing that is wrong; no part of an address or a secret is repeated."""
    urls, problems = _pairs(addresses, ADDRESSES, "siem=https://siem.example/latchkey")
    keys, wrong = _pairs(secrets, SECRETS, "siem=whsec_…")
    problems += wrong
    found: dict[str, str] = {}
    for name, url in urls:
        if name in found:
            problems.append(f"{ADDRESSES} has {name} twice: each endpoint has a name of its own.")
        found[name] = url
        if (wrong_address := _problem_with(url)) is not None:
            problems.append(f"{ADDRESSES}: the address of {name} {wrong_address}.")
    by_name: dict[str, list[bytes]] = {}
    for name, secret in keys:
        if name not in found:
            problems.append(f"{SECRETS} has a secret for {name}, which {ADDRESSES} does not name.")
        try:
            by_name.setdefault(name, []).append(read_secret(secret))
        except ValueError as error:
            by_name.setdefault(name, [])
            problems.append(f"{SECRETS}: the secret of {name} cannot be used: {error}.")
    problems += [
        f"{SECRETS} has no secret for {name}: add {name}=whsec_ and what `openssl rand -base64 32` prints."
        for name in found
        if name not in by_name
    ]
    made = (
        WebhookEndpoint(name=name, url=url, secrets=tuple(by_name.get(name, ())))
        for name, url in found.items()
    )
    return tuple(made), problems


def _pairs(
    given: SecretStr | None, setting: str, example: str
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the pairs of “name=value”, and what is wrong."""
    pairs, problems = [], []
    words = re.split(r"[\s,]+", given.get_secret_value().strip()) if given else []
    for place, word in enumerate(filter(None, words), start=1):
        name, is_pair, value = word.partition("=")
        if is_pair and value and NAME.fullmatch(name):
            pairs.append((name, value))
        else:
            problems.append(
                f"{setting} must be pairs such as {example}, with blanks between them and names of small letters, "
                f"digits and hyphens; what stands in place {place} is none."
            )
    return pairs, problems


def _problem_with(url: str) -> str | None:
    address = read_address(url)
    if address is None:
        return "must begin with https:// and a host, and a port is from 1 to 65535"
    if not address.is_private:
        return "must begin with https://; without TLS only this machine can be reached (http://127.0.0.1)"
    if "#" in address.rest:
        return "must have no # in it"
    return None


def read_secret(text: str) -> bytes:
    """
    Read a secret as it is written in settings: whsec_ and a key in base64.

    Raises:
        ValueError: It is none; a sentence that repeats nothing of it.
    """
    try:
        if not text.startswith(PREFIX):
            raise ValueError("not ours")
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(
            "a secret is whsec_ and 24 to 64 bytes in base64; `openssl rand -base64 32` makes what follows whsec_"
        ) from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"a secret has {SHORTEST_KEY} to {LONGEST_KEY} bytes in base64")
    return key
