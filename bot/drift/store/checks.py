"""Read and start checks for drift: their turns stand where those of the syncs do."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from bot import clock
from bot.database.connections.engine import Transaction
from bot.database.replicas import turns
from bot.database.tables import sweeps
from bot.drift.model import CheckResult

NAME: Final = "drift"
OF_NAMES: Final = ("refused", "too_large", "too_large_within")
DUE_NOW: Final = sweeps.update().where(sweeps.c.name == NAME)


def to_json(result: CheckResult) -> dict[str, Any]:
    """Write the result of a check for its turn."""
    return {**asdict(result), "at": result.at.isoformat()}


def last(db: Transaction) -> CheckResult | None:
    """Return the result of the last check that came to its end; None if there was none yet."""
    state = turns.find(db, NAME)
    if state is None or not state.found:
        return None
    # A version before this one may have written it, without what it did not know.
    known = CheckResult.__dataclass_fields__.keys() & state.found.keys()
    found: dict[str, Any] = {name: state.found[name] for name in known}
    names: dict[str, Any] = {name: tuple(found[name]) for name in OF_NAMES if name in found}
    return CheckResult(**{**found, **names, "at": datetime.fromisoformat(found["at"])})


def start_now(db: Transaction) -> bool:
    """Let the next replica that looks begin a check; False if no replica has ever looked."""
    return db.execute(DUE_NOW, {"due_at": clock.real()}).rowcount == 1
