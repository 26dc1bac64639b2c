"""The synced access packages: what this workspace offers, for answers that must not wait for Graph."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot import chance
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_all
from bot.database.statements import for_each_database
from bot.database.tables import control, packages
from bot.packages.local_approval import with_local_approval
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy, PoliciesHeldUnder
from bot.packages.opening import Opening
from bot.packages.settings.file import PackageSettingsFile

# The one row of the table of what holds for the whole installation.
ONLY: Final = 1
# JSON has no tuples, times and classes: this brings them back.
POLICIES: Final = TypeAdapter(tuple[OfferedPolicy, ...])
OPENS: Final = TypeAdapter(tuple[Opening, ...])
FIELDS: Final = tuple(Package.__dataclass_fields__)
COLUMNS: Final = [packages.c[name] for name in FIELDS]

EVERYTHING: Final = sa.select(*COLUMNS).order_by(packages.c.name)
VERSION: Final = sa.select(control.c.catalog_version).where(control.c.id == ONLY)
BY_ID: Final = sa.select(*COLUMNS).where(packages.c.id == sa.bindparam("package"))
CATALOGS: Final = sa.select(packages.c.id, packages.c.catalog).where(
    packages.c.id.in_(sa.bindparam("packages", expanding=True))
)
DELETE: Final = packages.delete().where(packages.c.id.in_(sa.bindparam("packages", expanding=True)))
INSERT: Final = packages.insert()


@for_each_database
def _control(db: Transaction) -> Any:
    row = insert(db, control)
    return row.on_conflict_do_update(
        index_elements=["id"], set_={"catalog_version": row.excluded.catalog_version}
    )


def _values(package: Package) -> dict[str, Any]:
    return {
        **asdict(package),
        "policies": POLICIES.dump_python(package.policies, mode="json"),
        "opens": OPENS.dump_python(package.opens, mode="json"),
        "other_policies": POLICIES.dump_python(package.other_policies, mode="json"),
    }


def _package(row: Sequence[Any]) -> Package:
    values = dict(zip(FIELDS, row, strict=True))
    values["contents"] = tuple(values["contents"])
    values["can_extend"] = tuple(values["can_extend"])
    values["automatic"] = tuple(values["automatic"])
    values["policies"] = POLICIES.validate_python(values["policies"])
    values["opens"] = OPENS.validate_python(values["opens"])
    values["other_policies"] = POLICIES.validate_python(values["other_policies"])
    return Package(**values)


def list_all(db: Transaction) -> list[Package]:
    """Return every package of the last sync, by name."""
    return [_package(row) for row in db.execute(EVERYTHING)]


def version_of(db: Transaction) -> str:
    """Return which state of the catalog this is."""
    return db.execute(VERSION).scalar() or ""


def if_changed(db: Transaction, version: str | None) -> tuple[str, list[Package]] | None:
    """Return the packages and their version; None if *version* is still the one."""
    current = version_of(db)
    return None if current == version else (current, list_all(db))


def find(db: Transaction, package_id: str) -> Package | None:
    row = db.execute(BY_ID, {"package": package_id}).first()
    return _package(row) if row else None


def catalogs_of(db: Transaction, package_ids: Collection[str]) -> dict[str, str]:
    """Return the name of the catalog of each package that is known, by the package's id."""
    if not package_ids:
        return {}
    found = db.execute(CATALOGS, {"packages": sorted(package_ids)})
    return {row.id: row.catalog for row in found}


def held_under(db: Transaction, package_settings: PackageSettingsFile) -> PoliciesHeldUnder:
    """Return the policies under which people may have something, of all packages."""
    found = [with_local_approval(each, package_settings) for each in list_all(db)]
    return {key: policy for each in found for key, policy in each.held_under.items()}


def replace(db: Transaction, found: Sequence[Package]) -> bool:
    """Make the table equal to *found*; True if anything changed."""
    before = {package.id: package for package in list_all(db)}
    after = {package.id: package for package in found}
    if before == after:
        return False
    changed = [key for key in before if after.get(key) != before[key]]
    # Removed before written, so that a slug can pass from one package to another.
    if changed:
        db.execute(DELETE, {"packages": changed})
    if written := [each for each in found if before.get(each.id) != each]:
        db.execute(INSERT, [_values(each) for each in written])
    # Drawn, not counted: a database that was restored must not come back to a number that means something else.
    changed_now = {"catalog_version": chance.new_id()}
    db.execute(_control(db), {"id": ONLY, **changed_now})
    touch_all(db)
    return True
