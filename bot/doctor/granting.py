"""Check that requests are granted: that nobody has paused it, and none waits on hold."""

from bot.database import flags
from bot.doctor.model import CheckFinding, CheckSubject, fine, warning
from bot.requests.store import holds


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Say why nothing is granted although everything works, and how many requests wait for an admin."""
    store = subject.store
    paused_why = await store.read(flags.pause_reason)
    on_hold = await store.read(holds.count)
    found = []
    if paused_why is not None:
        found.append(
            warning(
                f"Granting is paused (“{paused_why}”): nothing is granted or extended until `latchkey resume`."
            )
        )
    if on_hold:
        found.append(
            warning(
                f"Requests on hold, because they kept failing: {on_hold}; `latchkey requests stuck` lists them."
            )
        )
    return found or [fine("Granting is not paused, and no request is on hold.")]
