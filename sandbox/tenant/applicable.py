"""Find which of a package's policies somebody may ask under."""

from collections.abc import Iterable

from sandbox.tenant.approvers import in_scope, may_ask_for
from sandbox.tenant.model import Policy, User
from sandbox.tenant.world import World

# "How multiple policies apply", Troubleshoot entitlement management: the lower ones are ignored.
_PRIORITY = {
    "specificDirectoryUsers": 1,
    "specificConnectedOrganizationUsers": 1,
    "allMemberUsers": 2,
    "allDirectoryUsers": 3,
    "allConfiguredConnectedOrganizationUsers": 4,
    "allExternalUsers": 4,
}
_LAST = 9


def applicable(
    world: World, policies: Iterable[Policy], user: User, *, asked_by: User | None = None
) -> list[Policy]:
    """
    Return the policies among which may be chosen: the most specific of those under which the user may be given access.

    Args:
        asked_by: Who asks for them; None: they do themselves. Each is allowed by a setting of its own
            (Graph reference, "accessPackageAssignmentRequestorSettings").
    """

    def lets_ask(policy: Policy) -> bool:
        if asked_by is None or asked_by.id == user.id:
            return policy.may_self("Add")
        settings = policy.settings.get("requestorSettings") or {}
        return may_ask_for(world, settings, asked_by, user)

    fitting = [
        policy
        for policy in policies
        if lets_ask(policy) and not policy.is_automatic and in_scope(world, policy, user)
    ]
    first = min((_priority(each) for each in fitting), default=_LAST)
    return [each for each in fitting if _priority(each) == first]


def _priority(policy: Policy) -> int:
    return _PRIORITY.get(policy.allowed_target_scope, _LAST)
