"""Check what protects the audit log."""

from bot.doctor.model import Finding, Subject, broken, fine, note


async def look(subject: Subject) -> Finding:
    """Check that the log is chained with a key, and with the one that its last row was made with."""
    store = subject.store
    if not await store.read(store.audit_key_fits):
        return broken(
            "LATCHKEY_AUDIT_KEY is not the key that the last row of the audit log was made with, or that row was altered: set it "
            "as it was."
        )
    if subject.settings.audit_key is None:
        return note(
            "The audit log is chained without a key, which shows accidents and no forgery: set "
            "LATCHKEY_AUDIT_KEY, and note `latchkey audit verify`'s anchor elsewhere each day."
        )
    return fine(
        "The audit log is chained with a key. Note `latchkey audit verify`'s anchor elsewhere each day."
    )
