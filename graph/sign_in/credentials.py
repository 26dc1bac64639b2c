"""The credentials by which an app proves who it is, in msal's form."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from graph.errors import AuthError


class Credential(Protocol):
    """A credential that an app shows Entra; certificates are in `graph.sign_in.certificates`."""

    def for_msal(self) -> Any:
        """The same in the words of msal."""


@dataclass(frozen=True)
class SecretCredential:
    """A client secret, as Entra shows it once."""

    secret: str = field(repr=False)

    def for_msal(self) -> Any:
        return self.secret


@dataclass(frozen=True)
class FederatedCredential:
    """
    A file in which the platform keeps a token that Entra trusts (workload identity federation).

    The platform renews it, so it is read anew each time.
    """

    path: Path

    def for_msal(self) -> Any:
        return {"client_assertion": self._reader()}

    def _reader(self) -> Callable[[], str]:
        return lambda: read(self.path).decode("ascii", "replace").strip()


def read(path: Path) -> bytes:
    """
    Read a credential's file.

    Raises:
        AuthError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        raise AuthError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
