"""Find which of a package's policies somebody may ask under."""

from collections.abc import Iterable

from sandbox.tenant.approvers import in_scope
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


def applicable(world: World, policies: Iterable[Policy], user: User) -> list[Policy]:
    """The policies among which the user may choose: the most specific of those that let them ask."""
    fitting = [
        policy
        for policy in policies
        if policy.may_self("Add") and not policy.is_automatic and in_scope(world, policy, user)
    ]
    first = min((_priority(each) for each in fitting), default=_LAST)
    return [each for each in fitting if _priority(each) == first]


def _priority(policy: Policy) -> int:
    return _PRIORITY.get(policy.allowed_target_scope, _LAST)
