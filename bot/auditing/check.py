"""
Check an evidence pack with nothing but the file: no database, no settings, no network.

Whoever wrote the file is not trusted: what is too large, twice there, or no pack at all is refused.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.auditing import pack, signing
from bot.auditing.pack import FILES, MANIFEST, SIGNATURE
from bot.auditing.signing import Signer
from bot.database import audit_chain
from bot.packages.policy_terms import hash_of_row

# Of a manifest and its signature; and of all other files together.
LARGEST_HEAD: Final = 1_000_000
LARGEST_PACK: Final = 1_000_000_000


class NotGenuine(Exception):
    """The pack is not as it was signed, or none at all; ``str(error)`` says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class CheckedPack:
    """
    A pack that is as it was signed.

    Attributes:
        public_key: Whose signature it has.
        position: Of the last row of the log when it was made.
        left_out: How many rows of the log between its first and its last row are not in it.
        anchored: The anchor that was given is in it, or where the log ended.
        chained: Its rows were recomputed with the audit key.
        with_terms: How many requests have terms, and of how many of these the log names the very same.
    """

    public_key: str
    made_at: str
    made_by: str
    rows: int
    requests: int
    position: int
    left_out: int
    anchored: bool
    chained: bool
    with_terms: tuple[int, int]


def check(
    file: Path,
    *,
    signed_by: str | None = None,
    anchor: tuple[int, str] | None = None,
    audit_key: bytes | None = None,
) -> CheckedPack:
    """
    Check a pack.

    Args:
        signed_by: The public key that it must be signed with.
        anchor: A place and its hash, noted elsewhere.
        audit_key: Recomputes the chain's hashes with it.

    Raises:
        NotGenuine: It does not hold.
    """
    try:
        with zipfile.ZipFile(file) as held:
            return _checked(held, signed_by, anchor, audit_key)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        zipfile.error,
    ) as error:
        raise NotGenuine(
            f"it is no evidence pack, or cannot be read ({type(error).__name__})"
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise NotGenuine(
            "it is signed, but what is in it is no evidence pack of this version"
        ) from None


def _checked(
    held: zipfile.ZipFile,
    signed_by: str | None,
    anchor: tuple[int, str] | None,
    audit_key: bytes | None,
) -> CheckedPack:
    names = [each.filename for each in held.infolist()]
    if sorted(names) != sorted((MANIFEST, SIGNATURE, *FILES)):
        raise NotGenuine("it does not have exactly the files of an evidence pack")
    head = _head(held, MANIFEST)
    public_key = _signer(head, _head(held, SIGNATURE))
    if signed_by is not None and public_key != signed_by.strip().lower():
        raise NotGenuine(f"it is signed with another key: {public_key}")
    manifest = _object(head)
    if (manifest["format"], manifest["version"]) != (pack.FORMAT, pack.VERSION):
        raise NotGenuine("it is signed, but of another kind or version")
    sizes = [int(about["bytes"]) for about in manifest["files"].values()]
    if min(sizes) < 0 or sum(sizes) > LARGEST_PACK:
        raise NotGenuine("it is larger than any evidence pack")
    content = {name: _file(held, name, manifest["files"][name]) for name in FILES}
    rows = list(_lines(content[pack.ROWS]))
    requests = list(_lines(content[pack.REQUESTS]))
    if (len(rows), len(requests)) != (manifest["rows"], manifest["requests"]):
        raise NotGenuine("it does not have as many rows and requests as it says")
    log = manifest["log"]
    _check_order(rows, last=log["position"], head=log["hash"])
    if audit_key is not None:
        _check_chain(rows, audit_key, public_key)
    return CheckedPack(
        public_key=public_key,
        made_at=manifest["made_at"],
        made_by=manifest["made_by"],
        rows=len(rows),
        requests=len(requests),
        position=log["position"],
        left_out=_left_out(rows),
        anchored=anchor is not None and _is_anchored(rows, log, anchor),
        chained=audit_key is not None,
        with_terms=_terms(rows, requests),
    )


def _member(held: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """Return a file of at most so many bytes; None if it has more, which are not read."""
    with held.open(name) as member:
        found = member.read(most + 1)
    return found if len(found) <= most else None


def _head(held: zipfile.ZipFile, name: str) -> bytes:
    found = _member(held, name, LARGEST_HEAD)
    if found is None:
        raise NotGenuine(f"{name} is larger than it may be")
    return found


def _signer(head: bytes, signature: bytes) -> str:
    """Return the public key by which the manifest is signed."""
    try:
        said = _object(signature)
        public_key, made = str(said["public_key"]), str(said["signature"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise NotGenuine("its signature cannot be read") from None
    if not signing.is_signed(public_key, made, pack.PURPOSE, head):
        raise NotGenuine(
            "its signature does not fit: the manifest was changed, or signed by somebody else"
        )
    return public_key


def _file(held: zipfile.ZipFile, name: str, about: Mapping[str, Any]) -> bytes:
    found = _member(held, name, int(about["bytes"]))
    if found is None or hashlib.sha256(found).hexdigest() != about["sha256"]:
        raise NotGenuine(f"{name} was changed")
    return found


def _check_order(rows: list[dict[str, Any]], *, last: int, head: str) -> None:
    """Rows stand in their order, and neighbors are linked to each other."""
    before: tuple[int, str] | None = None
    for each in rows:
        position = each["row"]["position"]
        if before is not None and position <= before[0]:
            raise NotGenuine(f"row {position} is not in its place")
        if before is not None and position == before[0] + 1 and each["before"] != before[1]:
            raise NotGenuine(f"row {position} does not follow the row before it")
        before = (position, each["row"]["hash"])
    if before is not None and (before[0] > last or (before[0] == last and before[1] != head)):
        raise NotGenuine("its last row is not where the log ended")


def _check_chain(rows: list[dict[str, Any]], audit_key: bytes, public_key: str) -> None:
    if not audit_key or Signer(audit_key).public_key != public_key:
        raise NotGenuine("the audit key is not the one that it is signed with")
    for each in rows:
        row = {**each["row"], "at": datetime.fromisoformat(each["row"]["at"])}
        if not audit_chain.holds(audit_key, each["before"], row["position"], row):
            raise NotGenuine(f"row {row['position']} is not the one of the log")


def _is_anchored(
    rows: list[dict[str, Any]], log: Mapping[str, Any], anchor: tuple[int, str]
) -> bool:
    position, chained = anchor
    known = {log["position"]: log["hash"]}
    for each in rows:
        known[each["row"]["position"] - 1] = each["before"]
        known[each["row"]["position"]] = each["row"]["hash"]
    if position > log["position"]:
        raise NotGenuine(f"the log ended before the anchor ({position}) when this was made")
    if position in known and known[position] != chained:
        raise NotGenuine(f"row {position} is not the one of the anchor")
    return position in known


def _left_out(rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    return int(rows[-1]["row"]["position"]) - int(rows[0]["row"]["position"]) + 1 - len(rows)


def _terms(rows: list[dict[str, Any]], requests: list[dict[str, Any]]) -> tuple[int, int]:
    named = {
        (each["row"]["request_id"], (each["row"]["details"] or {}).get("terms_hash"))
        for each in rows
        if each["row"]["verb"] == "move"
    }
    having = [each for each in requests if each["terms"] is not None]
    same = [
        each
        for each in having
        if hash_of_row(each["terms"]) == each["terms_hash"]
        and (each["id"], each["terms_hash"]) in named
    ]
    return len(having), len(same)


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    return (_object(line) for line in content.splitlines())


def _object(content: bytes) -> dict[str, Any]:
    """
    Read a JSON object in which nothing is said twice.

    Raises:
        ValueError: It is none.
    """
    found = json.loads(content, object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
