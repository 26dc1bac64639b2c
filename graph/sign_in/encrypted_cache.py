"""A file of tokens that is of no use without its key."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from graph.errors import AuthError


class EncryptedCache:
    """
    A file of tokens that is of no use without its key.

    Writes go to a neighbor first and are then moved into place, so that a crash leaves the old
    file or the new one.
    """

    def __init__(self, path: Path, *, key: bytes) -> None:
        """
        Args:
            path: Made on the first write, readable by its owner only.
            key: From ``cryptography.fernet.Fernet.generate_key``; keep it elsewhere.

        Raises:
            ValueError: Not such a key.
        """
        self._path = path
        self._fernet = Fernet(key)

    def read(self) -> str:
        """
        Return what was written last; empty if nothing was.

        Raises:
            AuthError: The file is there and cannot be read with this key.
        """
        try:
            return self._fernet.decrypt(self._path.read_bytes()).decode()
        except FileNotFoundError:
            return ""
        except InvalidToken as exc:
            raise AuthError(
                f"{self._path} was written with another key; delete it and sign in again."
            ) from exc
        except OSError as exc:
            raise AuthError(f"{self._path} cannot be read: {exc.strerror or exc}.") from exc

    def write(self, text: str) -> None:
        """
        Replace what is kept.

        Raises:
            AuthError: The file cannot be written.
        """
        draft = self._path.with_name(self._path.name + ".new")
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(self._fernet.encrypt(text.encode()))
            draft.replace(self._path)
        except OSError as exc:
            raise AuthError(f"{self._path} cannot be written: {exc.strerror or exc}.") from exc
