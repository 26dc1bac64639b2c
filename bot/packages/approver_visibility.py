"""
Read from a policy whether whoever asks may see who approves a stage.

Source: Microsoft Graph reference, "accessPackageApprovalStage", approverInformationVisibility; Microsoft Learn, "Configure
whether requestors can see approver details".
"""

from collections.abc import Iterable
from typing import Final

from graph.models import ApprovalStage, AssignmentPolicy, User

# It is left to the tenant's setting, which is about members and shows guests nobody.
DEFAULT: Final = "default"
# Beta said "yes" before it had the words of v1.0.
VISIBLE: Final = frozenset({"visible", "yes"})


def hides_approvers(stage: ApprovalStage, *, hidden_by_default: bool) -> bool:
    """
    Tell whether whoever asks may not see who decides a stage; of a word that is not known they may not.

    Args:
        hidden_by_default: The tenant does not show approvers to whoever asks, where a policy leaves that to it.
    """
    if leaves_it_to_the_tenant(stage):
        return hidden_by_default
    return _said(stage) not in VISIBLE


def leaves_it_to_the_tenant(stage: ApprovalStage) -> bool:
    """Tell whether the tenant's own setting counts for a stage."""
    return _said(stage) == DEFAULT


def any_leaves_it_to_the_tenant(policies: Iterable[AssignmentPolicy]) -> bool:
    """Tell whether the tenant's own setting counts for a stage of one of these."""
    settings = (each.request_approval_settings for each in policies)
    return any(leaves_it_to_the_tenant(stage) for each in settings if each for stage in each.stages)


def is_member(user: User) -> bool:
    """Tell whether the tenant's own setting is about somebody: Entra says that they are a member, and no guest."""
    return user.is_guest is False


def _said(stage: ApprovalStage) -> str:
    # Older policies say nothing.
    return (stage.approver_information_visibility or DEFAULT).casefold()
