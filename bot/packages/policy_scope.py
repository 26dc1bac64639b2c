"""
Read whom a policy is for, and who may ask for others under it; and say it for people.

Groups are named; people whom a policy names are not, as who asks need not know who else may have something.

Source: Microsoft Learn, "accessPackageAssignmentPolicy", "accessPackageAssignmentRequestorSettings", "groupMembers"
(its description is the group's name).
"""

from typing import Final

from bot.packages.names import clean
from bot.words import N_
from graph.models import AssignmentPolicy, RequestorSettings, SubjectSet

MOST_NAMED: Final = 3
LONGEST_NAME: Final = 80
SCOPES: Final = {
    "allmemberusers": N_("all members of your organization, without its guests"),
    "alldirectoryusers": N_("everybody in your organization"),
    "specificconnectedorganizationusers": N_("people of certain other organizations"),
    "allconfiguredconnectedorganizationusers": N_("people of other organizations"),
    "allexternalusers": N_("people of other organizations"),
}


def open_to(policy: AssignmentPolicy) -> str:
    """Return whom *policy* is for, in a few words: "members of “Marketing”"; empty where it is not known."""
    scope = (policy.allowed_target_scope or "").casefold()
    if scope != "specificdirectoryusers":
        return SCOPES.get(scope, "")
    targets = policy.specific_allowed_targets
    groups = [
        _quoted(clean(target.description or "")[:LONGEST_NAME]) or N_("a group")
        for target in targets
        if target.is_kind("groupMembers")
    ]
    named = list(dict.fromkeys(groups))
    if len(named) > MOST_NAMED:
        named = [*named[: MOST_NAMED - 1], N_("other groups")]
    groups_named = " or ".join(named)
    if not any(target.is_kind("singleUser") for target in targets):
        return N_("members of {groups}").format(groups=groups_named) if named else ""
    if not named:
        return N_("certain people")
    return N_("members of {groups}, and certain people").format(groups=groups_named)


def _quoted(name: str) -> str:
    """Return a group's name in quotation marks, by which a name that has an "or" in it is told from two."""
    return f"“{name}”" if name else ""


def only_users(policy: AssignmentPolicy) -> tuple[str, ...] | None:
    """Return the ids of those whom *policy* is for, where it names single people and nothing else."""
    targets = policy.specific_allowed_targets
    is_specific = (policy.allowed_target_scope or "").casefold() == "specificdirectoryusers"
    if not is_specific or not all(target.is_kind("singleUser") for target in targets):
        return None
    return tuple(target.user_id for target in targets if target.user_id)


def managers_may_ask(settings: RequestorSettings | None) -> bool:
    """
    Tell whether the manager of who gets it may ask for them.

    Of those who may ask for others, Latchkey knows the direct manager alone; anybody else is left out.
    """
    return (
        settings is not None
        and settings.enable_on_behalf_requestors_to_add_access is True
        and any(map(is_their_manager, settings.on_behalf_requestors))
    )


def is_their_manager(found: SubjectSet) -> bool:
    """
    Tell whether it is the direct manager of who gets it.

    Entra says so by targetManager; requestorManager, which an earlier hand may have put there, means the same.
    """
    kind = found.kind.casefold()
    return kind in ("targetmanager", "requestormanager") and (found.manager_level or 1) == 1
