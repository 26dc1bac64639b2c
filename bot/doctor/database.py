"""Check the database: what it is, whether it is whole, quick and has room, and what its role may do."""

import asyncio
import shutil
from typing import Final

from bot.database import flags, ping
from bot.database.connections import server_facts
from bot.database.replicas.wire import NOT_YET
from bot.database.schema import installation as installations
from bot.database.schema import migrate, roles
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning

SLOW: Final = 0.1
TOO_SLOW: Final = 1.0
LOOKS: Final = 5
MEGABYTE: Final = 1024 * 1024
LITTLE_ROOM: Final = 200 * MEGABYTE
# What a checkpoint should have put away long ago.
LARGE_WAL: Final = 256 * MEGABYTE
SECONDS_TO_HEAR: Final = 10


async def look(subject: CheckSubject) -> list[CheckFinding]:
    """Say what answers, with which schema, and how quickly."""
    store = subject.store
    took = []
    for _ in range(LOOKS):
        began = subject.seconds()
        await store.read(ping)
        took.append(subject.seconds() - began)
    latency = sorted(took)[LOOKS // 2]
    product = await store.read(server_facts.product)
    schema, newest = await store.read(flags.revision), max(migrate.revisions())
    found = [fine(f"{product} answers in {latency * 1000:.0f} ms.")]
    if latency >= SLOW:
        say = broken if latency >= TOO_SLOW else warning
        found = [
            say(f"{product} takes {latency * 1000:.0f} ms for an answer: people wait for several.")
        ]
    if schema is None:
        found.append(
            broken("The database is empty: run `latchkey migrate` (SQLite: start the bot once).")
        )
    elif schema < newest:
        found.append(
            broken(
                f"The database has schema {schema}, and this version of Latchkey needs {newest}: run `latchkey migrate` "
                "(SQLite: the next start does it)."
            )
        )
    return found


async def whole(subject: CheckSubject) -> CheckFinding:
    """Check that SQLite's file is whole, and that PostgreSQL's sessions are as DATABASE_URL asks."""
    if subject.settings.sqlite_file is None:
        return fine("The database has what DATABASE_URL asks of its sessions.")
    damage = await subject.store.read(migrate.damage)
    if damage:
        return broken(
            f"The database file is damaged ({damage}): stop Latchkey, and put a backup back with `latchkey restore FILE`."
        )
    return fine("The database file is whole.")


async def room(subject: CheckSubject) -> CheckFinding:
    """Check that there is room to write, as far as can be seen from here."""
    file = subject.settings.sqlite_file
    if file is None:
        size = await subject.store.read(server_facts.size)
        return fine(
            f"The database has {size / MEGABYTE:.0f} MB; how much room its server has cannot be seen from here."
        )
    left = shutil.disk_usage(file.resolve().parent).free
    wal = file.with_name(file.name + "-wal")
    wal_size = wal.stat().st_size if wal.exists() else 0
    if left < LITTLE_ROOM:
        return broken(f"Only {left / MEGABYTE:.0f} MB are free where {file.name} is: make room.")
    if wal_size > LARGE_WAL:
        return warning(
            f"{wal.name} has grown to {wal_size / MEGABYTE:.0f} MB: something keeps it from being put away. Restart Latchkey."
        )
    return fine(f"{left / MEGABYTE:.0f} MB are free where {file.name} is.")


async def installation(subject: CheckSubject) -> CheckFinding:
    """Check that the database belongs to this Slack app."""
    found = await subject.store.read(installations.find)
    identity = subject.identity
    if found is None:
        return note("The database belongs to no Slack app yet: the first start notes which.")
    if (found.slack_app, found.slack_team) != (identity.app_id, identity.team_id):
        return broken(
            f"The database belongs to the Slack app {found.slack_app} in the workspace {found.slack_team}, and SLACK_BOT_TOKEN to "
            f"{identity.app_id} in {identity.team_id}: set DATABASE_URL or the token right. If the app was made anew, run "
            "`latchkey migrate --forget-slack-app` once."
        )
    return fine(
        f"The database is of installation {found.id[:8]}, for the Slack app {found.slack_app} in the workspace "
        f"{found.slack_team}: no other Latchkey may use that app."
    )


async def role(subject: CheckSubject) -> list[CheckFinding]:
    """Check that the role may do what the bot needs, and no more."""
    store = subject.store
    missing = await store.read(roles.missing_rights)
    name = await store.read(roles.role_of)
    if missing:
        return [
            broken(
                f"The database role {name} lacks {', '.join(missing)}: run `latchkey migrate --grant-to {name}` as the owner."
            )
        ]
    excess = await store.read(roles.excess_rights)
    if not excess:
        return [fine("The database role can change neither tables nor what the audit log has.")]
    return [
        broken(
            f"The database role {name} may do more than the bot needs: {', '.join(excess)}. Run `latchkey migrate "
            "--grant-to ROLE` as the owner of the tables, and the bot as that other ROLE (docs/how-to/operations.md)."
        )
    ]


async def wakeups(subject: CheckSubject) -> CheckFinding:
    """See whether what one replica commits wakes the others."""
    wire = subject.wire
    if wire is None:
        return note("Whether replicas wake each other was not tried.")
    listening = asyncio.create_task(wire.listen(lambda jobs: None), name="doctor's wire")
    try:
        for _ in range(SECONDS_TO_HEAR * 10):
            if wire.silent_because != NOT_YET:
                break
            await asyncio.sleep(0.1)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    if wire.silent_because is None:
        return fine("Replicas wake each other at once (LISTEN and NOTIFY get through).")
    every = subject.settings.poll_seconds
    return note(
        f"Replicas do not wake each other: {wire.silent_because}. Each looks every {every:g} s for what the others have "
        "left, which is enough."
    )
