"""Read and start checks for drift: their turns stand where those of the syncs do."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from bot import clock
from bot.database import turns
from bot.database.engine import Transaction
from bot.database.tables import sweeps
from bot.drift.model import CheckResult

NAME: Final = "drift"
DUE_NOW: Final = sweeps.update().where(sweeps.c.name == NAME)


def to_json(result: CheckResult) -> dict[str, Any]:
    """Write the result of a check for its turn."""
    return {**asdict(result), "at": result.at.isoformat()}


def last(db: Transaction) -> CheckResult | None:
    """Return the result of the last check that came to its end; None if there was none yet."""
    state = turns.find(db, NAME)
    if state is None or not state.found:
        return None
    found = {name: state.found[name] for name in CheckResult.__dataclass_fields__}
    names = {name: tuple(found[name]) for name in ("refused", "too_large")}
    return CheckResult(**{**found, **names, "at": datetime.fromisoformat(found["at"])})


def start_now(db: Transaction) -> bool:
    """Let the next replica that looks begin a check; False if no replica has ever looked."""
    return db.execute(DUE_NOW, {"due_at": clock.real()}).rowcount == 1
