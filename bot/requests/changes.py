"""
Take what people want changed: an extension, a return, a removal, a cancellation, a repair.

Each is saved before anybody is told that it was, in one short transaction and with nothing remote, as in `bot.requests.service`.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.database import Store
from bot.errors import WrongFields
from bot.packages import names as package_names
from bot.packages.local_approval import with_local_approval
from bot.packages.settings.file import PackageSettingsFile
from bot.patience import in_time
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.requests.asking.extension_form import ExtensionForm, form_of
from bot.requests.model import Request
from bot.requests.transactions.cancel import cancel
from bot.requests.transactions.creation import Submitted
from bot.requests.transactions.decline import decline
from bot.requests.transactions.extend import ExtendableAccess, extend, find_extendable
from bot.requests.transactions.remind import remind
from bot.requests.transactions.remove import remove
from bot.requests.transactions.repair import repair


class RequestChanges:
    """Every operation in Slack on a request, or on access, that is there already."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        wake: Callable[[], None],
        package_settings: PackageSettingsFile,
    ) -> None:
        self._store = store
        self._guard = guard
        self._wake = wake
        self._package_settings = package_settings

    async def find_extension_form(
        self, *, slack_user: str, assignment_id: str
    ) -> ExtensionForm | None:
        """
        Return what the form for an extension asks; None where nobody needs to know why, or one is open already.

        Raises:
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        found = await self._guard.run(find_extendable, slack_user, assignment_id)
        form = self._extension_form(found)
        return form if form.is_wanted and found.open is None else None

    async def extend(
        self,
        *,
        slack_user: str,
        assignment_id: str,
        reason: str | None = None,
        sending: str | None = None,
    ) -> Submitted:
        """
        Save the holder's request to extend their access.

        Args:
            reason: From the form, without which an extension that needs one is not taken.
            sending: What tells that form from every other.

        Raises:
            WrongFields: The reason lacks something.
            NotAllowed, TooLate: Not theirs, not extendable, or over.
        """
        why = package_names.clean_reason(reason or "")
        found = await self._guard.run(find_extendable, slack_user, assignment_id)
        lacks = self._extension_form(found).find_lack(why)
        if lacks is not None and found.open is None:
            raise WrongFields({"reason": lacks})
        submitted = await self._guard.run(extend, slack_user, assignment_id, why or None, sending)
        self._wake()
        return submitted

    async def return_access(self, *, slack_user: str, assignment_id: str) -> Submitted:
        """
        Save the holder's request to return their access.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        submitted = await self._guard.run(remove, slack_user, assignment_id, Verb.RETURN, None)
        self._wake()
        return submitted

    async def remove(
        self, *, slack_user: str, assignment_id: str, reason: str | None = None
    ) -> Submitted:
        """
        Save an admin's request to remove somebody's access; whether they are one is read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        await self._guard.check_admin(slack_user, assignment_id)
        submitted = await self._store.run(
            in_time(remove), slack_user, assignment_id, Verb.REMOVE, reason
        )
        self._wake()
        return submitted

    async def cancel(self, *, slack_user: str, request_id: str) -> Request:
        """
        Withdraw a request that has not been sent to Entra.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: It has gone on already.
        """
        canceled = await self._guard.run(cancel, slack_user, request_id)
        self._wake()
        return canceled

    async def remind(self, *, slack_user: str, request_id: str) -> Request:
        """
        Have those reminded who decide a request, once a day.

        Raises:
            NotAllowed: It is somebody else's.
            TooLate: Nothing waits any more, nobody is asked, or they have been reminded today.
        """
        reminded = await self._guard.run(remind, slack_user, request_id)
        self._wake()
        return reminded

    async def decline(self, *, slack_user: str, request_id: str) -> Request:
        """
        Decline what somebody else has asked for; return the request that is canceled, or that returns the access.

        Raises:
            NotAllowed: It is not for this person.
            TooLate: It is on its way to Entra, or over.
        """
        request = await self._guard.run(decline, slack_user, request_id)
        self._wake()
        return request

    async def repair(self, *, slack_user: str, hold_id: str, verb: Verb) -> Request:
        """
        Save that an admin has a request on hold tried again, or gives it up.

        Who it is, is read afresh before it is so; and before something is given up, Graph is searched.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or it is about their own access.
            TooLate: It is not on hold any more.
        """
        await self._guard.check_admin(slack_user, hold_id)
        actor = Actor(slack_user=slack_user, is_admin=self._guard.is_admin(slack_user))
        freed = await self._guard.run(repair, slack_user, hold_id, verb, actor)
        self._wake()
        return freed

    def _extension_form(self, found: ExtendableAccess) -> ExtensionForm:
        package = with_local_approval(found.package, self._package_settings)
        settings = self._package_settings.settings_for(
            package.name, package_id=package.id, catalog=package.catalog
        )
        return form_of(replace(found, package=package), settings.reason)
