"""What must be true in the end, whoever has done what: decisions, what was sent to Entra, and what people read they have."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.database.tables import assignments, decisions, requests
from bot.people.model import Verb
from tests.harness.owed import unfinished
from tests.harness.world import ANN, BO, CY, DANA, ENTRA_ID, GENERAL, MIA, World, said

# Less than a page.
MOST_LISTED: Final = 20
# Seconds until everything that is owed has been said, also what was tried in vain before.
QUIET: Final = 1_200
# After the last look that was due.
LATE: Final = timedelta(minutes=10)


async def judge(world: World) -> list[str]:
    """Look at everything once it is quiet; return what is wrong."""
    for person in world.tenant.world.users.values():
        person.account_enabled = True
    world.tenant.world.touch()
    await world.later(timedelta(hours=2))
    await world.later(timedelta(minutes=1))
    await asyncio.sleep(QUIET)
    wrong = [f"still owed: {each}" for each in await world.bot.store.run(_still_owed)]
    wrong += await world.bot.store.run(_wrong_rows)
    wrong += await _wrong_pending(world)
    for user in (ANN, CY, BO, DANA, MIA):
        wrong += await _wrong_list(world, user)
    return wrong


def _still_owed(db: sa.Connection) -> list[str]:
    """Return what nobody has been told, and which open requests nobody looks after any more."""
    # Whoever is not known in Slack cannot be told yet.
    unknown = db.scalars(sa.select(assignments.c.id).where(assignments.c.holder.is_(None))).all()
    owed = [
        each
        for each in unfinished(db)
        if not each.startswith("request ") and each.rpartition(" ")[2] not in unknown
    ]
    late = sa.select(requests.c.id, requests.c.state).where(
        requests.c.due_at < clock.real() - LATE, requests.c.held_at.is_(None)
    )
    return owed + [f"a look at {row.state} {row.id}" for row in db.execute(late)]


async def _wrong_pending(world: World) -> list[str]:
    """Compare how many requests wait with how many an admin reads of."""
    waiting = await world.bot.store.run(
        lambda db: db.scalar(
            sa.select(sa.func.count()).select_from(requests).where(requests.c.state == "pending")
        )
    )
    shown = (await world.type(DANA, "/access-admin pending", channel=GENERAL)).message
    read = re.search(r"\d+", said(shown))
    if (int(read[0]) if read else 0) == waiting:
        return []
    return [f"{waiting} requests wait, and an admin reads: {said(shown)[:200]}"]


def _wrong_rows(db: sa.Connection) -> list[str]:
    """Say which decisions count that nobody may make, and what was sent without its decisions."""
    wrong: list[str] = []
    known = {row["id"]: dict(row) for row in db.execute(sa.select(requests)).mappings()}
    counted: Counter[tuple[str, int, int]] = Counter()
    for row in db.execute(sa.select(decisions).where(decisions.c.outcome == "accepted")).mappings():
        about = known[row["request_id"]]
        if row["slack_user"] in {about["holder"], about["asked_by"]}:
            wrong.append(f"{row['slack_user']} has decided on their own request {about['id']}")
        if row["verb"] == Verb.APPROVE:
            counted[row["request_id"], row["round"], row["stage"]] += 1
    for one in known.values():
        if one["intent_at"] is None or one["kind"] == "remove" or one["emergency"]:
            continue
        if one["terms"] and one["terms"]["entra_decides"]:
            continue
        stages = len(one["terms"]["stages"]) if one["terms"] else 0
        missing = [each for each in range(stages) if not counted[one["id"], one["round"], each]]
        if missing:
            wrong.append(f"{one['kind']} {one['id']} was sent without decisions of {missing}")
    return wrong


async def _wrong_list(world: World, user: str) -> list[str]:
    """Compare what somebody reads that they have with what Entra says they have."""
    shown = (await world.type(user, "/my-access", channel=GENERAL)).message
    listed = Counter(
        str(block["block_id"]) for block in (shown.blocks if shown else ()) if _is_held(block)
    )
    entra = world.tenant.world
    held = [
        each
        for package in entra.packages.values()
        for each in entra.assignments_of(package.id, user_id=ENTRA_ID[user])
        if each.state in {"delivered", "partiallyDelivered"}
    ]
    if len(held) == len(listed) or len(held) > MOST_LISTED:
        return []
    return [
        f"{user} reads of {len(listed)}, and has {len(held)}: "
        f"{[(entra.packages[each.package_id].display_name, each.state) for each in held]}, {shown}"[
            :2_000
        ]
    ]


def _is_held(block: object) -> bool:
    return isinstance(block, dict) and str(block.get("block_id")).startswith("held:")
