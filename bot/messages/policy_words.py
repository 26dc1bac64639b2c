"""Say to a reader, in their language, what is kept of a policy in English: how long, who approves, whom it is for."""

import re
from datetime import datetime
from typing import Final

from bot.words import ENGLISH, _, current_language, translate
from bot.words.formats import any_of, date

# As `bot.packages.policy_terms` and `policy_scope` write them.
UNTIL: Final = re.compile(r"until (\d{1,2} [A-Z][a-z]{2} \d{4})")
APPROVES: Final = " approves"
THEN: Final = ", then "
OR: Final = " or "
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


def decides(text: str) -> str:
    """Say who decides: "Bo Berg or your manager approves", "no approval"."""
    if current_language() == ENGLISH or not text.endswith(APPROVES):
        return translate(text)
    return _("{approvers} approves").format(approvers=approvers(text.removesuffix(APPROVES)))


def approvers(text: str) -> str:
    """Say who approves: "Bo Berg or your manager, then an admin"."""
    if current_language() == ENGLISH:
        return text
    stages = [_any_of(each) for each in text.split(THEN)]
    said = stages[0]
    for stage in stages[1:]:
        said = _("{first}, then {second}").format(first=said, second=stage)
    return said


def open_to(text: str) -> str:
    """Say whom a policy is for: "members of Marketing, and certain people"."""
    groups = OF_GROUPS.fullmatch(text)
    if current_language() == ENGLISH or groups is None:
        return translate(text)
    named = _any_of(groups[1])
    if groups[2]:
        return _("members of {groups}, and certain people").format(groups=named)
    return _("members of {groups}").format(groups=named)


def _any_of(text: str) -> str:
    names = [translate(name) for name in text.split(OR)]
    said = names[0]
    for name in names[1:]:
        said = _("{one} or {other}").format(one=said, other=name)
    return said
