"""Say to a reader, in their language, what is known of a policy: how long, who approves, whom it is for."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.packages.model import Package
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.words import ENGLISH, _, current_language, ngettext, translate
from bot.words.formats import all_of, any_of, date, in_quotes

# Approvers of one stage.
MOST_NAMED: Final = 3

# How long and for whom are kept in English, as `bot.packages.policy_terms` and `policy_scope` write them.
UNTIL: Final = re.compile(r"until (\d{1,2} [A-Z][a-z]{2} \d{4})")
OR: Final = " or "
# Groups are named in quotation marks, and may have any word in their names.
BETWEEN_GROUPS: Final = re.compile(r" or (?=“|a group$|other groups$)|(?<=a group) or ")
NAMED: Final = re.compile(r"“(.*)”", re.DOTALL)
OF_GROUPS: Final = re.compile(r"members of (.+?)(, and certain people)?", re.DOTALL)


def lasts(text: str) -> str:
    """Say how long access lasts: "30 days", "until 31 Jan 2027"."""
    if current_language() == ENGLISH:
        return text
    whole = _one_length(text)
    # A package has as many as its policies have.
    return any_of([_one_length(each) for each in text.split(OR)]) if whole == text else whole


def _one_length(text: str) -> str:
    until = UNTIL.fullmatch(text)
    if until is None:
        return translate(text)
    return _("until {day}").format(day=date(datetime.strptime(until[1], "%d %b %Y")))  # noqa: DTZ007 - a day


def decides(stages: Sequence[NamedStage] | None, *, for_other: bool = False) -> str:
    """
    Say who decides: "no approval", "your manager approves, then 2 members of “Security reviewers” approve".

    Empty where it is not known.

    Args:
        for_other: The reader asks for somebody else.
    """
    if stages is None:
        return ""
    if not stages:
        return _("no approval")
    said = [
        ngettext("{approvers} approves", "{approvers} approve", stage.quorum).format(
            approvers=_approvers_of(stage, for_other=for_other)
        )
        for stage in stages
    ]
    whole = said[0]
    for each in said[1:]:
        whole = _("{first}, then {next}").format(first=whole, next=each)
    return whole


def approvers(stages: Sequence[NamedStage]) -> str:
    """Say to whoever has the access who must approve, without what they do: "Bo Berg or your manager, then 2 admins"."""
    whole = ""
    for stage in stages:
        said = _approvers_of(stage, for_other=False)
        whole = _("{first}, then {second}").format(first=whole, second=said) if whole else said
    return whole


def approval_needed(package: Package) -> str:
    """Say whether somebody must approve, and how many where the settings want several of one stage."""
    if not package.needs_approval:
        return _("no approval needed")
    ways = [policy.stages or () for policy in package.policies]
    if all(stage.quorum == 1 for stages in ways for stage in stages):
        return _("needs approval")
    counts = {sum(stage.quorum for stage in stages) for stages in ways}
    most = max(counts)
    if len(counts) > 1:
        return ngettext(
            "needs up to {count} approval", "needs up to {count} approvals", most
        ).format(count=most)
    return ngettext("needs {count} approval", "needs {count} approvals", most).format(count=most)


def _approvers_of(stage: NamedStage, *, for_other: bool) -> str:
    """
    Say who approves one stage, and how many of them: "Bo Berg", "2 members of “Security reviewers”".

    Where whoever asks may not see who they are: "an approver", "2 approvers".
    """
    if stage.is_hidden and stage.quorum == 1:
        return _("an approver")
    if stage.is_hidden:
        return ngettext("{count} approver", "{count} approvers", stage.quorum).format(
            count=stage.quorum
        )
    if stage.quorum > 1:
        return _several_of(stage, for_other=for_other)
    if not stage.approvers:
        return _("an admin")
    names = list(dict.fromkeys(_one(each, for_other=for_other) for each in stage.approvers))
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], _("someone else")]
    return any_of(names)


def _one(approver: NamedApprover, *, for_other: bool) -> str:
    if approver.kind is ApproverKind.MANAGER:
        return _manager(approver, for_other=for_other)
    if approver.kind is ApproverKind.MEMBERS and approver.name:
        return _("a member of {group}").format(group=in_quotes(approver.name))
    return approver.name or _("an approver")


def _several_of(stage: NamedStage, *, for_other: bool) -> str:
    count, approvers = stage.quorum, stage.approvers
    if not approvers:
        return ngettext("{count} admin", "{count} admins", count).format(count=count)
    said_of_each = [_some(each, for_other=for_other) for each in approvers]
    names = [name for name in dict.fromkeys(said_of_each) if name]
    if not names:
        return ngettext("{count} approver", "{count} approvers", count).format(count=count)
    if len(approvers) == 1 and approvers[0].kind is ApproverKind.MEMBERS:
        return ngettext("{count} member of {group}", "{count} members of {group}", count).format(
            count=count, group=in_quotes(approvers[0].name)
        )
    is_whole = len(names) == len(approvers)
    if len(names) > MOST_NAMED:
        names, is_whole = names[: MOST_NAMED - 1], False
    said = all_of(names if is_whole else [*names, _("others")])
    if all(each.is_one_person for each in approvers):
        if is_whole and len(approvers) == count:
            return said
        if len(approvers) < count:
            return ngettext(
                "{count} person (its policy names only {approvers})",
                "{count} people (its policy names only {approvers})",
                count,
            ).format(count=count, approvers=said)
    return _("{count} people among {approvers}").format(count=count, approvers=said)


def _some(approver: NamedApprover, *, for_other: bool) -> str:
    """Return what an approver is called among several; empty where Entra does not say."""
    if approver.kind is ApproverKind.MANAGER:
        return _manager(approver, for_other=for_other)
    if approver.kind is ApproverKind.MEMBERS and approver.name:
        return _("members of {groups}").format(groups=in_quotes(approver.name))
    return approver.name


def _manager(approver: NamedApprover, *, for_other: bool) -> str:
    """Say which manager, to whoever asks."""
    is_of_reader = approver.of_asker or not for_other
    match approver.level:
        case 1:
            return _("your manager") if is_of_reader else _("their manager")
        case 2:
            return _("your manager’s manager") if is_of_reader else _("their manager’s manager")
        case level if is_of_reader:
            return _("your manager {level} levels up").format(level=level)
        case level:
            return _("their manager {level} levels up").format(level=level)


def open_to(text: str) -> str:
    """Say whom a policy is for: "members of “Marketing”, and certain people"."""
    groups = OF_GROUPS.fullmatch(text)
    if current_language() == ENGLISH or groups is None:
        return translate(text)
    named = _any_of(groups[1])
    if groups[2]:
        return _("members of {groups}, and certain people").format(groups=named)
    return _("members of {groups}").format(groups=named)


def _group(text: str) -> str:
    named = NAMED.fullmatch(text)
    return in_quotes(named[1]) if named else translate(text)


def _any_of(text: str) -> str:
    names = [_group(name) for name in BETWEEN_GROUPS.split(text)]
    said = names[0]
    for name in names[1:]:
        said = _("{one} or {other}").format(one=said, other=name)
    return said
