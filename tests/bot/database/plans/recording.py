"""Notes each statement while it is run: which lines of the store it came through, and its plan."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import psycopg.adapt
import sqlalchemy as sa
from psycopg._queries import PostgresQuery

import bot

# Wherever statements stand.
STORE: Final = frozenset(
    file
    for folder in ("database/**", "*/store")
    for file in Path(bot.__file__).parent.glob(f"{folder}/*.py")
)
HAVE_PLANS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# What many lists have in common.
SHARED: Final = "keyset"
SAY_NOTHING: Final = frozenset({"_read", "_by_state", "<listcomp>", "<dictcomp>", "<genexpr>"})
NODES_OF_INDEXES: Final = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    One step of a plan that looks into a table.

    Attributes:
        table: Its name; SQLite says an alias where there is one.
        index: The index it goes by; None for the whole table.
        searches: It goes to a place in the index, and does not walk along all of it.
    """

    table: str
    index: str | None
    searches: bool


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A statement that was run, the function of the store that ran it ("claims.take"), and its plans."""

    function: str
    statement: str
    steps: tuple[Step, ...]
    text: str


@dataclass
class Recording:
    """What was run so far."""

    planned: dict[tuple[str, str], Planned] = field(default_factory=dict)
    lines: set[tuple[str, int]] = field(default_factory=set)


@contextmanager
def recording(engine: sa.Engine) -> Iterator[Recording]:
    """Note what *engine* runs, each with its plan as of the moment when it is run."""
    found = Recording()

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(
        db: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        frames = list(_frames(sys._getframe()))
        if not frames or not statement.startswith(HAVE_PLANS):
            return
        found.lines.update((Path(each.f_code.co_filename).name, each.f_lineno) for each in frames)
        function = _name(frames)
        if (function, statement) not in found.planned:
            # Rows that SQLAlchemy puts into one INSERT come as one set of parameters.
            given = parameters[0] if many and isinstance(parameters, list) else parameters
            steps, text = _plan(db, statement, given)
            found.planned[function, statement] = Planned(
                function=function, statement=statement, steps=steps, text=text
            )

    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def sites() -> set[tuple[str, int, int]]:
    """Return where the store runs a statement or has one run: file, first line, last line."""
    found = set()
    for file in STORE:
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and _runs(call):
                found.add((file.name, call.lineno, call.end_lineno or call.lineno))
    return found


def function_of(frame: FrameType) -> str:
    """The function of the store that runs a statement now: "claims.take"; "" if none does."""
    frames = list(_frames(frame))
    return _name(frames) if frames else ""


def _runs(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name == "execute":
        return True
    # `_read(db, LAPSED, …)`
    given = [each.id for each in call.args if isinstance(each, ast.Name)]
    return given[:1] == ["db"] and any(each.isupper() for each in given)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        if Path(frame.f_code.co_filename) in STORE:
            yield frame
        frame = frame.f_back


def _name(frames: list[FrameType]) -> str:
    """The innermost function that says what for: `request_lists._read` does not."""
    codes = [
        frame.f_code
        for frame in frames
        if frame.f_code.co_name not in SAY_NOTHING and Path(frame.f_code.co_filename).stem != SHARED
    ]
    return f"{Path(codes[0].co_filename).stem}.{codes[0].co_name}"


def _plan(db: sa.Connection, statement: str, parameters: Any) -> tuple[tuple[Step, ...], str]:
    driver: Any = db.connection.driver_connection
    with_cursor = driver.cursor()
    try:
        if db.dialect.name == "sqlite":
            with_cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            lines = [str(row[3]) for row in with_cursor.fetchall()]
            steps = tuple(step for line in lines if (step := _step_of_sqlite(line)) is not None)
            return steps, "\n".join(lines)
        return _plans_of_postgresql(driver, with_cursor, statement, parameters)
    finally:
        with_cursor.close()


def _step_of_sqlite(line: str) -> Step | None:
    found = re.match(
        r"(SCAN|SEARCH) (?P<table>\S+)(?: USING (?:.*?)(?:INDEX (?P<index>\S+)|PRIMARY KEY))?", line
    )
    if found is None:
        return None
    return Step(
        table=found["table"],
        index=found["index"],
        searches=line.startswith("SEARCH"),
    )


def _plans_of_postgresql(
    driver: Any, cursor: Any, statement: str, parameters: Any
) -> tuple[tuple[Step, ...], str]:
    """The plan for these parameters, and the one for any, which a pooler or a driver may prefer."""
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    plans = [cursor.fetchone()[0][0]["Plan"]]
    query = PostgresQuery(psycopg.adapt.Transformer(driver))
    query.convert(statement, parameters)
    cursor.execute(b"EXPLAIN (GENERIC_PLAN, FORMAT JSON) " + query.query)
    plans.append(cursor.fetchone()[0][0]["Plan"])
    steps = tuple(step for plan in plans for step in _steps_of_postgresql(plan, None))
    return steps, json.dumps(plans, indent=1)


def _searches(node: dict[str, Any]) -> bool:
    """To look for whatever is not empty is to walk along all of it."""
    conditions = node.get("Index Cond", "IS NOT NULL").split(" AND ")
    return not all(each.rstrip(")").endswith("IS NOT NULL") for each in conditions)


def _steps_of_postgresql(node: dict[str, Any], table: str | None) -> Iterator[Step]:
    table = node.get("Relation Name", table)
    kind = node["Node Type"]
    if kind == "Seq Scan":
        yield Step(table=node["Relation Name"], index=None, searches=False)
    elif kind in NODES_OF_INDEXES:
        yield Step(table=table or "", index=node["Index Name"], searches=_searches(node))
    for child in node.get("Plans", ()):
        yield from _steps_of_postgresql(child, table)
