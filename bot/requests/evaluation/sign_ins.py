"""Let what waits in Entra take a fresh sign-in of its approvers as soon as the package settings ask for one."""

from bot.database import Store
from bot.packages import policy_terms
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.requests import state_machine
from bot.requests.model import Request


class SignInRule:
    """
    Takes up what the package settings ask of approvals by now, of requests whose terms were read before.

    Where Latchkey decides, that is seen just before the grant; where Entra does, the approval itself is the grant.
    """

    def __init__(self, *, store: Store, package_settings: PackageSettingsFile) -> None:
        self._store = store
        self._package_settings = package_settings
        self._may_ask = bool(package_settings.fresh_sign_ins())

    async def take_up(self, request: Request) -> Request | None:
        """Return a request that waits in Entra, with the sign-ins that its approvals take now; None if somebody was first."""
        terms = request.terms
        if not self._may_ask or terms is None or not terms.entra_decides:
            return request
        offered = await self._store.read(catalog.find, request.package_id)
        said = self._package_settings.settings_for(
            offered.name if offered else request.package_name,
            package_id=request.package_id,
            catalog=terms.catalog,
            policy=terms.policy_name,
        )
        by_now = policy_terms.with_sign_ins(terms, said)
        if by_now == terms:
            return request
        return await self._store.run(state_machine.require_sign_in, request, by_now)
