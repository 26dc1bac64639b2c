"""
Write rows of the audit log into a signed file that takes their place, and check such a file with nothing but it.

It has all columns of each row, so that the chain can be followed through it with the audit key, from one archive to the
next and into the database.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from bot.auditing import manifests
from bot.auditing.manifests import NotGenuine, SignedFile, SignedKind
from bot.auditing.signing import Signer
from bot.database.audit_log import audit_chain
from bot.database.audit_log.audit_chain import Row
from bot.database.audit_log.audit_files import plain

ROWS: Final = "audit.jsonl"
ARCHIVE: Final = SignedKind(
    format="latchkey-audit-archive",
    version=1,
    purpose="audit archive",
    name="an archive of the audit log",
    files=(ROWS,),
)


@dataclass(frozen=True, kw_only=True)
class CheckedArchive:
    """
    An archive that is as it was signed.

    Attributes:
        public_key: Whose signature it has.
        before: The place and hash of the row behind which it begins.
        last: Of its last row.
        anchored: The anchor that was given is in it.
        chained: Its rows were recomputed with the audit key.
    """

    public_key: str
    made_at: str
    made_by: str
    rows: int
    before: tuple[int, str]
    last: tuple[int, str]
    anchored: bool
    chained: bool


def write(
    to: IO[bytes],
    rows: Iterable[Row],
    signer: Signer,
    *,
    before: tuple[int, str],
    made_at: datetime,
    made_by: str,
) -> int:
    """
    Write an archive, and return how many rows it has.

    Args:
        rows: One behind the other, the first behind *before*; they are read one at a time.
        before: The place and the hash of the row behind which it begins.
        made_by: Whoever has it made, for people.
    """
    count, size, digest, last = 0, 0, hashlib.sha256(), before
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as zip_file:
        with zip_file.open(manifests.about(ROWS, made_at), "w", force_zip64=True) as file:
            for row in rows:
                line = _line(row)
                file.write(line)
                digest.update(line)
                count, size = count + 1, size + len(line)
                last = (row["position"], row["hash"])
        manifest = {
            "made_at": made_at.astimezone(UTC).isoformat(),
            "made_by": made_by,
            "rows": count,
            "before": {"position": before[0], "hash": before[1]},
            "last": {"position": last[0], "hash": last[1]},
            "files": {ROWS: {"bytes": size, "sha256": digest.hexdigest()}},
        }
        for name, content in manifests.signed(ARCHIVE, manifest, signer).items():
            zip_file.writestr(manifests.about(name, made_at), content)
    return count


def _line(row: Row) -> bytes:
    said = {name: plain(value) for name, value in row.items()}
    return (json.dumps(said, sort_keys=True) + "\n").encode()


def check(
    file: Path,
    *,
    signed_by: str | None = None,
    anchor: tuple[int, str] | None = None,
    audit_key: bytes | None = None,
) -> CheckedArchive:
    """
    Check an archive.

    Args:
        signed_by: The public key that it must be signed with.
        anchor: A place and its hash, noted elsewhere.
        audit_key: Recomputes the chain's hashes with it.

    Raises:
        NotGenuine: It does not hold.
    """
    with manifests.opened(file, ARCHIVE, signed_by=signed_by) as found:
        return _checked(found, anchor, audit_key)


def rows_of(found: SignedFile) -> Iterator[dict[str, Any]]:
    """
    Return the rows of an open archive, with times as moments.

    Raises:
        NotGenuine: At the end, if they were changed.
    """
    for row in manifests.lines(found.zip_file, ROWS, found.manifest["files"][ROWS]):
        yield {**row, "at": datetime.fromisoformat(row["at"])}


def _checked(
    found: SignedFile, anchor: tuple[int, str] | None, audit_key: bytes | None
) -> CheckedArchive:
    manifest = found.manifest
    before, end = _place(manifest["before"]), _place(manifest["last"])
    if audit_key is not None and (
        not audit_key or Signer(audit_key).public_key != found.public_key
    ):
        raise NotGenuine("the audit key is not the one that it is signed with")
    anchored = anchor is not None and _is_anchored(before, anchor)
    last, count = before, 0
    for row in rows_of(found):
        place = (int(row["position"]), str(row["hash"]))
        if place[0] != last[0] + 1:
            raise NotGenuine(f"row {last[0] + 1} is not in its place")
        if audit_key is not None and not audit_chain.holds(audit_key, last[1], place[0], row):
            raise NotGenuine(f"row {place[0]} is not the one of the log")
        anchored = anchored or (anchor is not None and _is_anchored(place, anchor))
        last, count = place, count + 1
    if last != end or count != manifest["rows"]:
        raise NotGenuine("it does not end where it says")
    return CheckedArchive(
        public_key=found.public_key,
        made_at=str(manifest["made_at"]),
        made_by=str(manifest["made_by"]),
        rows=count,
        before=before,
        last=last,
        anchored=anchored,
        chained=audit_key is not None,
    )


def _place(said: Any) -> tuple[int, str]:
    return int(said["position"]), str(said["hash"])


def _is_anchored(place: tuple[int, str], anchor: tuple[int, str]) -> bool:
    if place[0] == anchor[0] and place[1] != anchor[1]:
        raise NotGenuine(f"row {place[0]} is not the one of the anchor")
    return place == anchor
