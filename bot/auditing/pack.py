"""
Write an evidence pack: one ZIP file with rows of the audit log, the requests, a page for people, and a signature.

The signature is over `manifest.json`, which has the SHA-256 of every other file.  The same content makes the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from bot.auditing import manifests, page
from bot.auditing.manifests import SignedKind
from bot.auditing.model import ChainedRow, PackContent, PackRequest, PackScope
from bot.auditing.signing import Signer
from bot.database.audit_log import audit_files
from bot.database.audit_log.audit_files import FIELDS, harmless, plain

ROWS: Final = "audit.jsonl"
REQUESTS: Final = "requests.jsonl"
ROWS_TABLE: Final = "audit.csv"
REQUESTS_TABLE: Final = "requests.csv"
DECISIONS_TABLE: Final = "decisions.csv"
PAGE: Final = "evidence.html"
FILES: Final = (ROWS, REQUESTS, ROWS_TABLE, REQUESTS_TABLE, DECISIONS_TABLE, PAGE)
PACK: Final = SignedKind(
    format="latchkey-evidence-pack",
    version=1,
    purpose="evidence pack",
    name="an evidence pack",
    files=FILES,
)
# Columns of the log that are ids of somebody or something with a name.
NAMED: Final[Mapping[str, str]] = {
    "actor": "people",
    "actor_entra_id": "people",
    "subject_entra_id": "people",
    "package_id": "packages",
}
REQUEST_COLUMNS: Final = (
    *(
        "id",
        "kind",
        "state",
        "asked_at",
        "asked_by",
        "holder",
        "entra_id",
        "holder_name",
        "package_id",
        "package_name",
    ),
    *(
        "justification",
        "policy_id",
        "policy_name",
        "lasts",
        "terms_hash",
        "starts_at",
        "ends_at",
        "ended_at",
        "why",
    ),
)
DECISION_COLUMNS: Final = (
    *(
        "request_id",
        "package_name",
        "holder_name",
        "at",
        "verb",
        "stage",
        "slack_user",
        "entra_id",
        "name",
    ),
    *("acting_for", "as_admin", "until", "reason", "policy_name", "terms_hash"),
)


def write(
    content: PackContent, scope: PackScope, signer: Signer, *, made_at: datetime, made_by: str
) -> bytes:
    """
    Return the pack.

    Args:
        made_by: Whoever has it made, for people.
    """
    files = {
        ROWS: _json_lines(_row(each, content) for each in content.rows),
        REQUESTS: _json_lines(_readable(asdict(each)) for each in content.requests),
        ROWS_TABLE: _rows_table(content),
        REQUESTS_TABLE: _table(REQUEST_COLUMNS, map(_request, content.requests)),
        DECISIONS_TABLE: _table(DECISION_COLUMNS, _decisions(content.requests)),
        PAGE: page.write(content, scope, made_at=made_at, made_by=made_by, key=signer.public_key),
    }
    manifest = {
        "made_at": made_at.astimezone(UTC).isoformat(),
        "made_by": made_by,
        "scope": {
            "since": plain(scope.since),
            "until": plain(scope.until),
            "person": scope.person,
            "package": scope.package,
        },
        "rows": len(content.rows),
        "requests": len(content.requests),
        "log": {"position": content.head[0], "hash": content.head[1], "archived": content.archived},
        "files": {
            name: {"bytes": len(held), "sha256": hashlib.sha256(held).hexdigest()}
            for name, held in files.items()
        },
    }
    return _zipped({**manifests.signed(PACK, manifest, signer), **files}, made_at)


def _row(each: ChainedRow, content: PackContent) -> dict[str, Any]:
    return {
        "before": each.before,
        "row": {name: plain(value) for name, value in each.row.items()},
        "names": _names(each.row, content),
    }


def _names(row: Mapping[str, Any], content: PackContent) -> dict[str, str]:
    named = {name: getattr(content, of).get(row[name]) for name, of in NAMED.items()}
    return {name: value for name, value in named.items() if value is not None}


def _request(each: PackRequest) -> dict[str, Any]:
    terms = each.terms or {}
    said = {name: terms.get(name) for name in ("policy_id", "policy_name", "lasts")}
    return {**asdict(each), "state": each.shown_state, **said}


def _decisions(asked: Iterable[PackRequest]) -> Iterable[dict[str, Any]]:
    for request in asked:
        about = {
            "request_id": request.id,
            "package_name": request.package_name,
            "holder_name": request.holder_name,
            "policy_name": request.policy_name,
            "terms_hash": request.terms_hash,
        }
        yield from ({**about, **asdict(decision)} for decision in request.decisions)


def _rows_table(content: PackContent) -> bytes:
    columns = (*FIELDS, *(f"{name}_name" for name in NAMED))
    rows = (
        {**each.row, **{f"{name}_name": value for name, value in _names(each.row, content).items()}}
        for each in content.rows
    )
    return _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    lines = (audit_files.line([harmless(plain(row.get(name))) for name in columns]) for row in rows)
    return "".join([audit_files.line(columns), *lines]).encode()


def _json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


def _readable(value: Any) -> Any:
    """Return a value as JSON has it, whatever is in it."""
    if isinstance(value, Mapping):
        return {key: _readable(held) for key, held in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list | tuple) else plain(value)


def _zipped(files: Mapping[str, bytes], made_at: datetime) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in files.items():
            archive.writestr(manifests.about(name, made_at), held)
    return written.getvalue()
