"""Write rows of the command line into the bot's audit log, before each change and after it."""

from collections.abc import Mapping
from typing import Any

import click

from bot import clock
from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import Operator, at_the_command_line
from bot.database import Busy, Store
from bot.database.audit_log import audit
from graph import Graph
from graph.errors import GraphError
from graph.models import AssignmentRequest


class Trail:
    """
    Keeps who did it, where and why.

    Attributes:
        operator: Who sits here.
    """

    def __init__(self, operator: Operator, store: Store | None) -> None:
        self.operator = operator
        self._store = store
        self._row: dict[str, Any] = {}

    def intend(
        self, verb: str, *, because: str | None, facts: Mapping[str, Any], **ids: str | None
    ) -> None:
        """
        Write down what is about to be posted.

        Args:
            verb: "cli-grant", "cli-extend" or "cli-remove".
            facts: For the row's details.
            ids: Which package, person and assignment it is about; columns of the audit log.

        Raises:
            Stop: It cannot be written, so nothing must be posted.
        """
        details = {**self.operator.facts, **facts}
        self._row = {"actor": self.operator.actor, "verb": verb, "why": because, **ids}
        if self._store is not None:
            in_one(self._store.run_here, lambda db: self._write(db, "intended", details))

    async def post(
        self, graph: Graph, *, facts: Mapping[str, Any] | None = None, **asked: Any
    ) -> AssignmentRequest:
        """
        Post what was intended, with the operator's name in Entra's justification, and write down what came of it.

        Args:
            facts: For the details of the row that says it was taken.
            asked: For `create` in `graph/subjects/assignment_requests.py`.
        """
        justification = self.operator.justification(self._row["why"])
        try:
            made = await graph.assignment_requests.create(**asked, justification=justification)
        except GraphError as error:
            self._ended("unsure" if error.may_have_happened else "failed", {"error": str(error)})
            raise
        self._ended("submitted", {"graph_request": made.id, **(facts or {})})
        return made

    def _ended(self, after: str, facts: Mapping[str, Any]) -> None:
        if self._store is None:
            return
        try:
            self._store.run_here(lambda db: self._write(db, after, facts))
        except Busy as error:
            click.echo(
                f"The audit log has that this was about to be done, and not what came of it: {error}.",
                err=True,
            )

    def _write(self, db: Any, after: str, details: Mapping[str, Any]) -> None:
        before = None if after == "intended" else "intended"
        audit.record(
            db, at=clock.now(), before=before, after=after, details=dict(details), **self._row
        )


def kept_trail(*, without_audit: bool) -> Trail:
    """
    Open a trail in the bot's audit log for as long as the command runs.

    Args:
        without_audit: Do without one where the database cannot be used; said on standard error.

    Raises:
        Stop: The database cannot be used.
    """
    settings = settings_for_database()
    operator = at_the_command_line(settings.operator)
    command = click.get_current_context()
    try:
        store = command.with_resource(bots_database(settings))
    except Stop as stop:
        if not without_audit:
            raise Stop(
                *stop.sentences,
                "What is done from the command line is kept in the bot's audit log: nothing was done.  "
                "--without-audit does it all the same.",
            ) from None
        click.echo("The bot's database cannot be used: its audit log will not have this.", err=True)
        return Trail(operator, None)
    return Trail(operator, store)
