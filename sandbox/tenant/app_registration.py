"""The app registration at the stand-in: its addresses, what was consented to, and what its identity tokens hold."""

from dataclasses import dataclass, field
from urllib.parse import urlparse

from sandbox.certificate import LOOPBACK_NAMES
from sandbox.tenant.tokens import DELEGATED_GRANTS

# Anybody may consent to this one for themselves; all others take an administrator.
# Source: Microsoft Graph permissions reference, "AdminConsentRequired".
OPEN_TO_EVERYBODY = frozenset({"EntitlementMgmt-SubjectAccess.ReadWrite"})
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass
class AppRegistration:
    """
    The settings of an app registration, as far as people's sign-ins ask.

    Attributes:
        web_addresses: Redirect addresses of the platform "Web": whoever redeems a code of theirs proves that they are
            the app.
        allows_public_flows: "Allow public client flows": device codes, and loopback addresses without a secret.
        optional_claims: Of identity tokens ("Token configuration").
        admin_consented: Delegated permissions that an administrator has consented to for everybody.
        consented: Those that a person has consented to, by the person's id.
    """

    web_addresses: set[str] = field(default_factory=set)
    allows_public_flows: bool = True
    optional_claims: set[str] = field(default_factory=lambda: {"auth_time"})
    admin_consented: set[str] = field(
        default_factory=lambda: set(DELEGATED_GRANTS - OPEN_TO_EVERYBODY)
    )
    consented: dict[str, set[str]] = field(default_factory=dict)

    def is_web(self, address: str) -> bool:
        """Tell whether an address is registered for the platform "Web", letter by letter."""
        return address in self.web_addresses

    def is_registered(self, address: str) -> bool:
        """Tell whether codes may go to an address: registered, or a desktop program's own on this machine."""
        if self.is_web(address):
            return True
        # Desktop programs: http://localhost with any port (RFC 8252, 7.3).
        host = urlparse(address).hostname
        return self.allows_public_flows and host in LOOPBACK_NAMES

    def missing_consent(self, user_id: str, scope: str) -> frozenset[str]:
        """Return what of *scope* nobody has consented to for that person."""
        asked = graph_permissions(scope)
        return frozenset(asked - self.admin_consented - self.consented.get(user_id, set()))

    def consent(self, user_id: str, permissions: frozenset[str]) -> None:
        self.consented.setdefault(user_id, set()).update(permissions)


def graph_permissions(scope: str) -> set[str]:
    """Return the delegated permissions of Graph in a scope; ``.default`` is all that the app has."""
    # "https://graph.microsoft.com/User.Read": the root of whatever cloud this is.
    asked = {each.rpartition("/")[2] for each in scope.split()} - OPENID_SCOPES
    if ".default" in asked:
        return set(DELEGATED_GRANTS)
    return asked
