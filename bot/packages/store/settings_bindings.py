"""The entries of the package settings file that were written for each package, whatever it is called by now."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.tables import settings_bindings
from bot.packages.settings.bindings import EntryBinding, ListedPackage, accepted

COLUMNS: Final = [
    settings_bindings.c[name] for name in ("package_id", "packages", "catalogs", "seen")
]
ALL: Final = sa.select(*COLUMNS).order_by(settings_bindings.c.package_id)
DELETE: Final = settings_bindings.delete().where(
    settings_bindings.c.package_id.in_(sa.bindparam("ids", expanding=True))
)
INSERT: Final = settings_bindings.insert()


def list_all(db: Transaction) -> list[EntryBinding]:
    """Return all of them, by package."""
    return [
        # As pairs: in PostgreSQL's JSON, and in SQLite's, the order of names counts nothing.
        EntryBinding(
            package_id=row.package_id,
            packages=dict(row.packages),
            catalogs=dict(row.catalogs),
            seen=tuple(row.seen),
        )
        for row in db.execute(ALL)
    ]


def replace(db: Transaction, before: Iterable[EntryBinding], after: Iterable[EntryBinding]) -> None:
    """Make the table equal to *after*; *before* is what was read in the same transaction."""
    known = {each.package_id: each for each in before}
    wanted = {each.package_id: each for each in after}
    gone = sorted(each for each in known if wanted.get(each) != known[each])
    if gone:
        db.execute(DELETE, {"ids": gone})
    written = [each for each in wanted.values() if known.get(each.package_id) != each]
    if written:
        db.execute(
            INSERT,
            [
                {
                    "package_id": each.package_id,
                    "packages": list(map(list, each.packages.items())),
                    "catalogs": list(map(list, each.catalogs.items())),
                    "seen": each.seen,
                }
                for each in written
            ],
        )


def accept(
    db: Transaction,
    package: ListedPackage,
    said: Mapping[str, Mapping[str, Any]],
    *,
    by: str,
    facts: Mapping[str, Any],
) -> EntryBinding:
    """
    Note that the file means a package by the names that it has now, whatever was bound to it before.

    Args:
        said: The entries of the file by section and name, as YAML's words.
        by: The actor for the audit log; *facts* about them go into the details.
    """
    before = list_all(db)
    meant = accepted(package, said)
    others = [each for each in before if each.package_id != package.id]
    replace(db, before, [*others, meant])
    audit.record(
        db,
        at=clock.now(),
        actor=by,
        verb="accept-settings",
        package_id=package.id,
        package_name=package.name,
        details={
            **facts,
            "packages": sorted(meant.packages),
            "catalogs": sorted(meant.catalogs),
        },
    )
    return meant
