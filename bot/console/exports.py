"""Send an admin rows of the audit log as a file, in their direct messages."""

from typing import Final

import structlog

from bot import clock
from bot.console.views import audit_filter
from bot.database import Store, Transaction
from bot.database.audit_log import audit, audit_files, audit_pages
from bot.database.audit_log.audit_files import AuditFormat
from bot.database.audit_log.audit_pages import AuditFilter
from bot.database.replicas import limits
from bot.database.replicas.limits import Limit
from bot.errors import LatchkeyError, NotAllowed, TooOften
from bot.paging import Place
from bot.people.actors import Permissions
from bot.people.guard import Guard
from bot.people.interaction_audit import record_refusal
from bot.people.model import Verb
from bot.people.permissions import may
from bot.slack.api import Slack
from bot.slack.errors import SlackError
from bot.words import N_, _, ngettext
from bot.words.formats import number
from graph.errors import GraphError

log = structlog.get_logger(__name__)

# Each file may be some ten megabytes, read from the database and sent.
EXPORTS: Final = Limit(what="export", count=6)
MOST_ROWS: Final = 50_000
CHUNK: Final = 1_000
TOO_OFTEN: Final = N_(
    "You have exported {count} files in this hour, which is as many as one person may"
).format(count=EXPORTS.count)
NOT_SENT: Final = N_(
    "I could not send the file: Slack does not take it right now. Please try again in a minute."
)
NOT_CHECKED: Final = N_(
    "I cannot check just now who is an admin: Slack or Entra does not answer as it should. "
    "Please try again in a minute."
)


class Exports:
    """Writes the files, for admins; who they are is read afresh for each."""

    def __init__(
        self, *, store: Store, slack: Slack, permissions: Permissions, guard: Guard
    ) -> None:
        self._store = store
        self._slack = slack
        self._permissions = permissions
        self._guard = guard

    async def begin(self, *, slack_user: str) -> None:
        """
        Count one more export, before the answer to Slack; nothing remote.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooOften: They have exported too much in an hour.
        """
        await self._guard.check_admin(slack_user)
        again_in = await self._store.run(limits.take, slack_user, EXPORTS)
        if again_in is not None:
            raise TooOften(TOO_OFTEN, again_in=again_in)

    async def send(
        self, *, slack_user: str, place: Place, mentioned: str | None, form: AuditFormat
    ) -> None:
        """
        Write a file of what a page of the console lists, the newest row first, and send it.

        Reads Slack and Entra: for after the answer to Slack.

        Args:
            mentioned: Whom that page is about, in Slack, where they were mentioned.

        Raises:
            NotAllowed: Not an admin, read afresh.
            LatchkeyError: It could not be checked, or not be sent.
        """
        await self._check_now(slack_user)
        wanted = await self._store.read(audit_filter, place, mentioned)
        content, rows = await self._written(wanted, form)
        await self._store.run(_record, slack_user, wanted, form, rows)
        at = clock.now()
        comment = ngettext(
            "Here is the audit log as you asked for it: {count} row.",
            "Here is the audit log as you asked for it: {count} rows.",
            rows,
        ).format(count=number(rows))
        if rows == MOST_ROWS:
            cut = _("It has the newest {count} rows.").format(count=number(MOST_ROWS))
            comment = f"{comment} {cut}"
        try:
            await self._slack.send_file(
                slack_user,
                name=f"latchkey-audit-{at:%Y-%m-%dT%H%M%SZ}.{form}",
                content=content.encode(),
                title=_("Latchkey's audit log"),
                comment=comment,
            )
        except SlackError as error:
            log.warning("export-not-sent", slack=str(error))
            raise LatchkeyError(NOT_SENT) from None

    async def _check_now(self, slack_user: str) -> None:
        try:
            actor = await self._permissions.actor(slack_user)
        except (SlackError, GraphError):
            raise LatchkeyError(NOT_CHECKED) from None
        why = may(actor, Verb.EXPORT, holder=None, holder_entra_id=None)
        if why is not None:
            await self._store.run(record_refusal, slack_user, None, why)
            raise NotAllowed(why)

    async def _written(self, wanted: AuditFilter, form: AuditFormat) -> tuple[str, int]:
        """Return the file, read in pieces so that nobody waits for it, and how many rows it has."""
        parts, rows, before = [audit_files.head(form)], 0, audit_pages.END
        while rows < MOST_ROWS:
            found = await self._store.read(audit_pages.page, wanted, rows=CHUNK, before=before)
            if not found:
                break
            parts.append(audit_files.lines(found, form))
            rows, before = rows + len(found), int(found[-1]["position"])
        return "".join(parts), rows


def _record(
    db: Transaction, slack_user: str, wanted: AuditFilter, form: AuditFormat, rows: int
) -> None:
    of = {"package": wanted.package_id, "people": list(wanted.entra_ids)}
    audit.record(
        db,
        at=clock.now(),
        actor=slack_user,
        verb="export",
        details={"of": "audit", "format": str(form), "rows": rows}
        | {name: value for name, value in of.items() if value},
    )
