"""Look again, before it counts, whether an admin may have a request repaired or canceled."""

from dataclasses import dataclass

from bot.database import Store
from bot.database.audit_log import audit
from bot.people.actors import Permissions
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests import state_machine
from bot.requests.model import Request


@dataclass(frozen=True, kw_only=True)
class AdminChecks:
    """Reads afresh what the admin may who has pressed a button about a request."""

    store: Store
    permissions: Permissions

    async def find_repairer(self, request: Request) -> Actor | None:
        """
        Return the admin who has a request tried again or given up, if they still may by what Slack and Entra say now.

        Raises:
            SlackError, GraphError: It could not be read; nothing is done.
        """
        by = request.give_up_by or request.retry_by
        if by is None:
            return None
        if by.startswith(audit.OPERATOR):
            # Whoever may write to the database from the command line, has the rights of this process.
            return Actor(slack_user=by)
        verb = Verb.GIVE_UP if request.give_up_by else Verb.RETRY
        actor = await self.permissions.actor(by)
        why = may(actor, verb, holder=request.holder, holder_entra_id=request.entra_id)
        if why is None:
            return actor
        await self.store.run(
            state_machine.not_repaired, request, actor.entra_id, why, by=by, verb=verb
        )
        return None

    async def find_canceler(self, request: Request) -> Actor | None:
        """
        Return the admin who cancels a leaver's request, if they still may by what Slack and Entra say now.

        Raises:
            SlackError, GraphError: It could not be read; nothing is done.
        """
        if request.cancel_by is None:
            return None
        actor = await self.permissions.actor(request.cancel_by)
        why = may(actor, Verb.REMOVE, holder=request.holder, holder_entra_id=request.entra_id)
        if why is None:
            return actor
        await self.store.run(state_machine.not_canceled_for_leaver, request, why)
        return None
