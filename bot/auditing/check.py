"""
Check an evidence pack with nothing but the file: no database, no settings, no network.

Whoever wrote the file is not trusted: what is too large, twice there, or no pack at all is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot.auditing import manifests, pack
from bot.auditing.manifests import NotGenuine, SignedFile
from bot.auditing.pack import FILES, PACK
from bot.auditing.signing import Signer
from bot.database.audit_log import audit_chain
from bot.packages.policy_terms import hash_of_row

# Verbs whose rows name the terms of a request.
NAMING_TERMS: Final = frozenset({"move", "renew-terms", "require-sign-in"})
# Of all files in it together.
LARGEST_PACK: Final = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class CheckedPack:
    """
    A pack that is as it was signed.

    Attributes:
        public_key: Whose signature it has.
        position: Of the last row of the log when it was made.
        archived: Up to which row the log was archived then.
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
    archived: int
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
    with manifests.opened(file, PACK, signed_by=signed_by) as found:
        return _checked(found, anchor, audit_key)


def _checked(
    found: SignedFile, anchor: tuple[int, str] | None, audit_key: bytes | None
) -> CheckedPack:
    manifest = found.manifest
    sizes = [int(about["bytes"]) for about in manifest["files"].values()]
    if min(sizes) < 0 or sum(sizes) > LARGEST_PACK:
        raise NotGenuine("it is larger than any evidence pack")
    content = {
        name: manifests.member(found.zip_file, name, manifest["files"][name]) for name in FILES
    }
    rows = list(_lines(content[pack.ROWS]))
    requests = list(_lines(content[pack.REQUESTS]))
    if (len(rows), len(requests)) != (manifest["rows"], manifest["requests"]):
        raise NotGenuine("it does not have as many rows and requests as it says")
    log = manifest["log"]
    _check_order(rows, last=log["position"], head=log["hash"])
    if audit_key is not None:
        _check_chain(rows, audit_key, found.public_key)
    return CheckedPack(
        public_key=found.public_key,
        made_at=manifest["made_at"],
        made_by=manifest["made_by"],
        rows=len(rows),
        requests=len(requests),
        position=log["position"],
        archived=log["archived"],
        left_out=_left_out(rows),
        anchored=anchor is not None and _is_anchored(rows, log, anchor),
        chained=audit_key is not None,
        with_terms=_terms(rows, requests),
    )


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
        if each["row"]["verb"] in NAMING_TERMS
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
    return (manifests.read_object(line) for line in content.splitlines())
