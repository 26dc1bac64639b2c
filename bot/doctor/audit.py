"""Check what protects the audit log: its key, and the anchors that are noted elsewhere."""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.auditing import anchors
from bot.auditing.anchors import AnchorState
from bot.database.audit_log import audit
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning

# An anchor is noted each day; one try that fails is no reason to wake anybody.
TOO_OLD: Final = timedelta(days=2)
HOUR: Final = timedelta(hours=1)
NAMES: Final = {
    anchors.CHANNEL: "the admins' channel",
    anchors.FILE: "LATCHKEY_ANCHOR_FILE",
    anchors.WEBHOOK: "LATCHKEY_ANCHOR_WEBHOOK",
}


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Check that there is a key, and that the log's last row was made with it; and how old the log's anchors are."""
    return [await _key(subject), *await _anchors(subject)]


async def _key(subject: CheckSubject) -> CheckFinding:
    store = subject.store
    if not await store.read(store.audit_key_fits):
        return broken(
            "LATCHKEY_AUDIT_KEY is not the key that the last row of the audit log was made with, or that row was altered: set it "
            "as it was."
        )
    wrong = await store.read(audit.wrong_at_end)
    if wrong is not None:
        return broken(
            f"The audit log is not whole: {wrong}. Find out who could write into the database; `latchkey audit verify --anchor …` "
            "shows up to where the log holds."
        )
    if subject.settings.audit_key is None:
        return note(
            "The audit log is chained without a key, which shows accidents and no forgery: set LATCHKEY_AUDIT_KEY."
        )
    return fine(
        "LATCHKEY_AUDIT_KEY fits the end of the audit log; `latchkey audit verify` looks at every row."
    )


async def _anchors(subject: CheckSubject) -> list[CheckFinding]:
    places = subject.settings.anchor_places
    if not places:
        return [
            note(
                "No anchor of the audit log is noted by itself, so that rows cut off at its end would not show: set "
                "LATCHKEY_ANCHOR_CHANNEL, LATCHKEY_ANCHOR_FILE or LATCHKEY_ANCHOR_WEBHOOK."
            )
        ]
    store = subject.store
    return [_anchor(place, await store.read(anchors.state, place)) for place in places]


def _anchor(place: str, state: AnchorState) -> CheckFinding:
    name = NAMES[place]
    why = f" The last try failed: {state.error}." if state.error else ""
    if state.last is None:
        said = f"No anchor of the audit log has been noted in {name} yet.{why}"
        return warning(said) if state.error else note(f"{said} The bot does it once a day.")
    age = clock.real() - state.last.at
    said = f"The anchor of the audit log was noted in {name} {age // HOUR} h ago (row {state.last.position}).{why}"
    return warning(said) if age > TOO_OLD else fine(said)
