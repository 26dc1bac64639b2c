"""
Read an address of the settings as all of our clients read it, or not at all.

httpx, aiohttp, requests, nginx and browsers disagree about odd ones: a backslash, a zone of IPv6, digits of another script.  Whatever
one of them could take for another host is no address here.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

# This machine: what is posted there crosses no network.
HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
HIGHEST_PORT: Final = 65_535
# Labels of letters, digits and hyphens, as DNS has them, and the underscores that containers may have in their names.
LONGEST_NAME: Final = 253
LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME: Final = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?", re.IGNORECASE | re.ASCII)
ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<user>[^\s/@:?#\\\[\]]*(?::[^\s/@:?#\\\[\]]*)?@)?"
    r"(?:\[(?P<v6>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9_.-]{1,253}))(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:[/?#][^\s\\]*)?)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class HttpAddress:
    """
    The parts of an address.

    Attributes:
        scheme: "http" or "https".
        host: In small letters, an IPv6 address without its brackets.
        port: As it is written; None: the one of the scheme.
        has_user: Whether a user's name stands before the host.
        rest: What follows host and port: path, query, fragment.
    """

    scheme: str
    host: str
    port: int | None
    has_user: bool
    rest: str

    @property
    def is_private(self) -> bool:
        """Tell whether nobody on the way reads what is sent there: it goes over TLS, or crosses no network."""
        return self.scheme == "https" or self.host in HERE

    @property
    def is_root(self) -> bool:
        """Tell whether it is a host, with a port perhaps, and nothing else."""
        return not self.has_user and self.rest in {"", "/"}


def read_address(text: str) -> HttpAddress | None:
    """Return the parts of an address of HTTP; None if it is none, or could be understood in two ways."""
    found = ADDRESS.fullmatch(text)
    if found is None:
        return None
    host = (found["v6"] or found["name"]).lower()
    port = int(found["port"]) if found["port"] else None
    if not is_host(host) or (port is not None and not 0 < port <= HIGHEST_PORT):
        return None
    return HttpAddress(
        scheme=found["scheme"].lower(),
        host=host,
        port=port,
        has_user=found["user"] is not None,
        rest=found["rest"],
    )


def is_host(text: str) -> bool:
    """Tell whether a text is the name of a host, as DNS has them (other alphabets as xn--…), or an IP address."""
    if ":" in text:
        return _is_ip_v6(text)
    return len(text) <= LONGEST_NAME and bool(NAME.fullmatch(text))


def _is_ip_v6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def in_address(host: str) -> str:
    """Return a host as it stands in an address: one of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
