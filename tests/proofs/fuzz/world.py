"""A bot behind its door, with people and work to find there, for payloads that no client of Slack's would make."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa

from bot import clock
from bot.database.tables import assignments, audit, decisions, requests
from tests.harness.by_hand import BotHarness, by_hand

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
HOME: Final = "T0LATCH"
ADMINS: Final = frozenset({"U0DANA"})
# Bo decides on Finance Reports; Mia, Ann's manager, on the first stage of Production Database.
DECIDERS: Final = frozenset({"U0BO", "U0MIA", *ADMINS})


# How far the audit log and the clicks are.
MARKS: Final = sa.select(
    sa.select(sa.func.max(audit.c.position)).scalar_subquery().label("audit"),
    sa.select(sa.func.count()).select_from(decisions).scalar_subquery().label("decisions"),
)


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How far the tables were at some moment."""

    audit: int
    decisions: int


@dataclass
class Gate:
    """The bot's door, and a look behind it."""

    harness: BotHarness
    http: httpx.AsyncClient
    wrong: list[str] = field(default_factory=list)

    @property
    def secret(self) -> str:
        """Return what Slack signs with."""
        return self.harness.workspace.signing_secret

    def now(self) -> int:
        """The time by which signatures are judged."""
        return int(clock.real().timestamp())

    def signed(
        self, body: bytes, *, secret: str | None = None, at: str | None = None
    ) -> dict[str, str]:
        """Slack's two headers."""
        secret = self.secret if secret is None else secret
        stamp = str(self.now()) if at is None else at
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}"}

    async def post(self, body: bytes, headers: Any) -> int:
        """Knock; the status of the answer.  An exception that leaves the app counts as 599."""
        try:
            answer = await self.http.post("/slack/events", content=body, headers=headers)
        except Exception as error:  # whatever it is, it is what we look for
            self.wrong.append(f"{type(error).__name__} left the app: {body[:300]!r}")
            return 599
        return answer.status_code

    async def marks(self) -> Marks:
        def read(db: sa.Connection) -> Marks:
            row = db.execute(MARKS).one()
            return Marks(audit=row.audit or 0, decisions=row.decisions)

        return await self.harness.store.run(read)

    def trigger(self, user: str) -> str:
        """Return what lets the bot open a form for *user*."""
        return self.harness.workspace.triggers.issue(user=user)

    async def done_between(self, before: Marks, after: Marks) -> list[dict[str, Any]]:
        """Return what was written meanwhile, each with the request or assignment it is about."""

        def read(db: sa.Connection) -> list[dict[str, Any]]:
            written = sa.select(audit).where(audit.c.position > before.audit)
            rows = [dict(row) for row in db.execute(written).mappings()]
            for row in rows:
                for name, table in (("request", requests), ("assignment", assignments)):
                    wanted = sa.select(table).where(table.c.id == row[f"{name}_id"])
                    found = db.execute(wanted).mappings().first()
                    row[name] = dict(found) if found else {}
            clicks = sa.select(decisions).order_by(decisions.c.at.desc())
            fresh = db.execute(clicks.limit(after.decisions - before.decisions)).mappings().all()
            return rows + [{"verb": "click", "actor": each["slack_user"]} for each in fresh]

        return await self.harness.store.run(read)


def is_rightful(row: dict[str, Any], actor: str) -> bool:
    """Tell whether a payload that Slack itself says comes from *actor* may have caused this."""
    if row["actor"] != actor:
        return False
    verb, request, held = row["verb"], row.get("request") or {}, row.get("assignment") or {}
    if verb in {"click", "refused"}:
        # A click is only saved here: who may decide is judged afterwards.
        return True
    if verb == "list":
        return actor in ADMINS
    if verb == "ask-add":
        # What is asked for somebody else is only saved here: the right to it is judged afterwards.
        whose = actor if request.get("wanted_for") else request.get("holder")
        return bool(whose == actor == request.get("asked_by"))
    if verb in {"ask-extend", "let-end", "remind-again"}:
        return bool(held.get("holder") == actor)
    if verb == "ask-remove":
        return bool(held.get("holder") == actor or actor in ADMINS)
    if verb == "move":
        may_cancel = {request.get("asked_by")}
        if request.get("wanted_for"):
            may_cancel.add(request.get("holder"))
        return bool(row["after"] == "canceled" and actor in may_cancel)
    return False


@asynccontextmanager
async def gate(database: Path | str) -> AsyncIterator[Gate]:
    """The whole bot in simulated time, on the SQLite file *database*; its jobs are moved by hand."""
    async with by_hand(database) as harness:
        transport = httpx.ASGITransport(app=harness.latchkey.asgi, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
            yield Gate(harness, http)
        await harness.latchkey.background.finish()
