"""
Sign a ZIP file by a manifest that has the SHA-256 of what is in it, and read such a manifest.

Whoever wrote the file is not trusted: what is too large, twice there or signed by nobody is refused.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from bot.auditing import signing
from bot.auditing.signing import ALGORITHM, Signer

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig.json"
# Of a manifest, and of its signature.
LARGEST: Final = 1_000_000


class NotGenuine(Exception):
    """The file is not as it was signed, or no such file at all; ``str(error)`` says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class SignedKind:
    """
    A kind of file that is signed so.

    Attributes:
        format: The word for it in the manifest.
        purpose: What its signature is for: of no other kind of file.
        name: For people, with its article.
        files: The names of the files in it, besides the manifest and its signature.
    """

    format: str
    version: int
    purpose: str
    name: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignedFile:
    """
    An open file whose manifest is as it was signed; what the manifest says of the files in it is not checked yet.

    Attributes:
        public_key: Whose signature it has.
    """

    zip_file: zipfile.ZipFile
    manifest: Mapping[str, Any]
    public_key: str


def signed(kind: SignedKind, manifest: Mapping[str, Any], signer: Signer) -> dict[str, bytes]:
    """Return the manifest and its signature, by the names of their files."""
    said = {"format": kind.format, "version": kind.version, **manifest}
    head = json.dumps(said, indent=1, sort_keys=True).encode()
    signature = {
        "algorithm": ALGORITHM,
        "public_key": signer.public_key,
        "signature": signer.sign(kind.purpose, head),
    }
    return {MANIFEST: head, SIGNATURE: json.dumps(signature, indent=1).encode()}


def about(name: str, made_at: datetime) -> zipfile.ZipInfo:
    """Return what a ZIP file says of a file in it: the same whenever it is written."""
    said = zipfile.ZipInfo(name, date_time=made_at.astimezone(UTC).timetuple()[:6])
    said.compress_type = zipfile.ZIP_DEFLATED
    said.external_attr = 0o600 << 16
    return said


def format_of(file: Path) -> str:
    """
    Return what kind of file it says it is, before anything of it is believed.

    Raises:
        NotGenuine: It says nothing.
    """
    with _readable(), zipfile.ZipFile(file) as zip_file:
        if MANIFEST not in zip_file.namelist():
            raise NotGenuine("it is neither an evidence pack nor an archive of the audit log")
        return str(read_object(_head(zip_file, MANIFEST))["format"])


@contextmanager
def opened(file: Path, kind: SignedKind, *, signed_by: str | None) -> Iterator[SignedFile]:
    """
    Open a file of this kind, and check its signature.

    Args:
        signed_by: The public key that it must be signed with.

    Raises:
        NotGenuine: It is not as it was signed, also for what goes wrong while it is open.
    """
    with _readable(), zipfile.ZipFile(file) as zip_file:
        names = [each.filename for each in zip_file.infolist()]
        if sorted(names) != sorted((MANIFEST, SIGNATURE, *kind.files)):
            raise NotGenuine(f"it does not have exactly the files of {kind.name}")
        head = _head(zip_file, MANIFEST)
        public_key = _signer(kind, head, _head(zip_file, SIGNATURE))
        if signed_by is not None and public_key != signed_by.strip().lower():
            raise NotGenuine(f"it is signed with another key: {public_key}")
        manifest = read_object(head)
        if (manifest["format"], manifest["version"]) != (kind.format, kind.version):
            raise NotGenuine("it is signed, but of another kind or version")
        yield SignedFile(zip_file=zip_file, manifest=manifest, public_key=public_key)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        # Encrypted, or compressed in a way that zipfile does not know.
        RuntimeError,
        zlib.error,
    ) as error:
        raise NotGenuine(
            f"it is neither an evidence pack nor an archive, or cannot be read ({type(error).__name__})"
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotGenuine("what is in it is nothing of this version") from None


def member(zip_file: zipfile.ZipFile, name: str, about: Mapping[str, Any]) -> bytes:
    """
    Return a file in it that is as its manifest says.

    Args:
        about: Its "bytes" and its "sha256".

    Raises:
        NotGenuine: It is another one.
    """
    found = _at_most(zip_file, name, int(about["bytes"]))
    if found is None or hashlib.sha256(found).hexdigest() != about["sha256"]:
        raise NotGenuine(f"{name} was changed")
    return found


def lines(
    zip_file: zipfile.ZipFile, name: str, about: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """
    Read the objects of a file of JSON Lines, one at a time; only at the end is it known to be as its manifest says.

    Raises:
        NotGenuine: It is another one.
    """
    left, digest = int(about["bytes"]), hashlib.sha256()
    with zip_file.open(name) as file:
        for line in _lines(file):
            left -= len(line)
            digest.update(line)
            if left < 0:
                break
            yield read_object(line)
    if left != 0 or digest.hexdigest() != about["sha256"]:
        raise NotGenuine(f"{name} was changed")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """No line is longer than any row may be, whatever somebody has packed into it."""
    while line := file.readline(LARGEST + 1):
        if len(line) > LARGEST:
            raise NotGenuine("a line of it is longer than any row")
        yield line


def read_object(content: bytes) -> dict[str, Any]:
    """
    Read a JSON object in which nothing is said twice.

    Raises:
        ValueError: It is none.
    """
    try:
        found = json.loads(content, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _at_most(zip_file: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """Return a file of at most so many bytes; None if it has more, which are not read."""
    with zip_file.open(name) as file:
        found = file.read(most + 1)
    return found if len(found) <= most else None


def _head(zip_file: zipfile.ZipFile, name: str) -> bytes:
    found = _at_most(zip_file, name, LARGEST)
    if found is None:
        raise NotGenuine(f"{name} is larger than it may be")
    return found


def _signer(kind: SignedKind, head: bytes, signature: bytes) -> str:
    """Return the public key by which the manifest is signed."""
    try:
        said = read_object(signature)
        public_key, made = str(said["public_key"]), str(said["signature"])
    except (KeyError, ValueError):
        raise NotGenuine("its signature cannot be read") from None
    if not signing.is_signed(public_key, made, kind.purpose, head):
        raise NotGenuine(
            "its signature does not fit: the manifest was changed, or signed by somebody else"
        )
    return public_key
