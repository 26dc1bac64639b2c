"""Migrations that the version before survives: they add, and what takes away says so and comes a version later."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrations
from bot.database.schema.upgrade import CONTRACTS

VERSIONS = Path(migrations.__file__).parent / "versions"
FIRST = "0001"
# What a program that knows nothing of it would stumble over.
TAKES_AWAY = frozenset(
    {
        *("drop_column", "drop_table", "rename_table", "drop_constraint"),
        *("create_unique_constraint", "create_check_constraint", "create_foreign_key"),
        *("create_primary_key", "create_exclude_constraint"),
    }
)
CHANGES_A_COLUMN = ("new_column_name", "type_", "nullable")


def taken_away(source: str) -> list[str]:
    """The steps of a migration's upgrade that the version before may not survive, a line each."""
    tree = ast.parse(source)
    upgrade = next(
        each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "upgrade"
    )
    return [f"line {call.lineno}: {why}" for call, why in _steps(upgrade)]


def declared(source: str) -> str | None:
    """The oldest schema whose programs the migration still serves, where it says so."""
    for each in ast.parse(source).body:
        if (
            isinstance(each, ast.Assign)
            and [ast.unparse(target) for target in each.targets] == [CONTRACTS]
            and isinstance(each.value, ast.Constant)
        ):
            return str(each.value.value)
    return None


def _steps(upgrade: ast.FunctionDef) -> Iterator[tuple[ast.Call, str]]:
    for call in ast.walk(upgrade):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        name = call.func.attr
        options = {each.arg: ast.unparse(each.value) for each in call.keywords}
        if name in TAKES_AWAY:
            yield call, name
        elif name == "execute":
            yield call, "execute: nobody can tell what it does"
        elif name == "create_index" and options.get("unique") == "True":
            yield call, "a unique index"
        elif name == "alter_column" and set(options) & set(CHANGES_A_COLUMN):
            yield call, "another kind of column"
        elif name == "add_column" and _is_demanded(call):
            yield call, "a column that must be given and has no default"


def _is_demanded(add_column: ast.Call) -> bool:
    (column,) = (
        each
        for each in add_column.args
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith("Column")
    )
    options = {each.arg: ast.unparse(each.value) for each in column.keywords}
    return options.get("nullable") == "False" and "server_default" not in options


@pytest.mark.parametrize("file", sorted(VERSIONS.glob("[0-9]*.py")), ids=lambda file: file.stem)
def test_a_migration_only_adds_or_says_whom_it_serves_no_more(file):
    """See “a column” in CONTRIBUTING.md; the first tables have nobody before them."""
    source = file.read_text()
    if not file.name.startswith(FIRST) and declared(source) is None:
        assert taken_away(source) == []


@pytest.mark.parametrize(
    ("step", "is_fine"),
    [
        ('op.add_column("request", sa.Column("new", sa.Text))', True),
        ('op.add_column("request", sa.Column("new", sa.Text, nullable=True))', True),
        (
            'op.add_column("request", sa.Column("new", sa.Text, nullable=False, server_default=""))',
            True,
        ),
        ('op.create_table("new", sa.Column("id", sa.Text, nullable=False))', True),
        ('op.create_index("new", "request", ["new"])', True),
        ('op.drop_index("request_holder", "request")', True),
        ('op.add_column("request", sa.Column("new", sa.Text, nullable=False))', False),
        ('op.create_index("new", "request", ["new"], unique=True)', False),
        ('op.drop_column("request", "why")', False),
        ('op.drop_table("inbox")', False),
        ('op.rename_table("inbox", "seen")', False),
        ('op.alter_column("request", "why", new_column_name="reason")', False),
        ('op.alter_column("request", "why", nullable=False)', False),
        ('op.alter_column("request", "id", type_=sa.String(8))', False),
        ('op.create_check_constraint("new", "request", "stage >= 0")', False),
        ('op.execute("ALTER TABLE request DROP COLUMN why")', False),
        ('with op.batch_alter_table("request") as batch:\n        batch.drop_column("why")', False),
    ],
)
def test_what_takes_away_is_recognized(step, is_fine):
    """The check itself, on one step each."""
    source = (
        f"def upgrade():\n    {step}\n\n\ndef downgrade():\n    op.drop_column('request', 'new')\n"
    )
    assert (taken_away(source) == []) == is_fine


def test_a_migration_says_whom_it_still_serves():
    """By a name at the top of its file."""
    assert (
        declared('serves_from = "0002"\n\n\ndef upgrade():\n    op.drop_table("inbox")\n') == "0002"
    )
    assert declared("def upgrade():\n    pass\n") is None
