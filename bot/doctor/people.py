"""Check who can use Latchkey, and who can decide: by their e-mail addresses in Slack and Entra."""

import asyncio
from collections import Counter
from typing import Final

from bot.configuration.addresses import Addresses
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from bot.people.admins import Roster
from bot.slack.errors import SlackError
from bot.slack.profiles import SlackUser
from graph.models import User

# Of 200 people each; users.list is allowed about 20 times a minute.
MOST_PAGES: Final = 5
# With so many refused, nobody will take it for a slip of a few.
NEARLY_ALL: Final = 0.9
# Looked up in Entra, twenty in each call.
MOST_MATCHED: Final = 200
ENOUGH_ADMINS: Final = 2
UNSAID: Final = "have one of which Slack does not say whether it is confirmed"


async def admins(subject: CheckSubject) -> list[CheckFinding]:
    """Check that those whom LATCHKEY_ADMINS names can decide: full members, with one enabled account in Entra."""
    roster = Roster(slack=subject.slack, admins=subject.settings.admins)
    try:
        await roster.refresh()
    except SlackError as error:
        return [
            broken(f"The user groups in LATCHKEY_ADMINS cannot be read ({error}): check their ids.")
        ]
    if not roster.named:
        return [broken("LATCHKEY_ADMINS names nobody: its user groups are empty.")]
    cannot, can = [], 0
    for admin in sorted(roster.named):
        why = await _why_not(subject, admin)
        if why is None:
            can += 1
        else:
            cannot.append(f"{admin} ({why})")
    found = []
    if cannot:
        found.append(broken(f"LATCHKEY_ADMINS names some who cannot decide: {', '.join(cannot)}."))
    if can == 0:
        found.append(broken("Nobody can decide as an admin."))
    elif can < ENOUGH_ADMINS:
        found.append(warning("Only one admin can decide: name another, for when they are away."))
    return found or [fine(f"{can} people may decide and remove.")]


async def _why_not(subject: CheckSubject, admin: str) -> str | None:
    """Return why somebody cannot decide; None if they can."""
    try:
        user = await subject.slack.users.get(admin)
    except SlackError as error:
        return str(error)
    if user.not_a_member:
        return user.not_a_member
    why = _without_address(user, subject.settings.addresses)
    if why is not None:
        return f"their e-mail address in Slack does not count: they {why}"
    accounts = await _accounts(subject, user)
    if not accounts:
        return "nobody in Entra has their e-mail address"
    if len(accounts) > 1:
        return "several accounts in Entra have their e-mail address"
    return (
        None if accounts[0].account_enabled is not False else "their account in Entra is disabled"
    )


async def _accounts(subject: CheckSubject, user: SlackUser) -> list[User]:
    addresses = subject.settings.addresses
    found: dict[str, User] = {}
    for spelled in addresses.spellings(user.email or ""):
        for each in await subject.graph.users.find(
            email=spelled, with_proxies=addresses.with_proxies
        ):
            found[each.id] = each
    return list(found.values())


async def addresses(subject: CheckSubject) -> CheckFinding:
    """Count whose e-mail address in Slack counts, so that they can be found in Entra; bounded."""
    users, are_all = await subject.slack.users.some(pages=MOST_PAGES)
    members = [user for user in users if user.not_a_member is None]
    why = Counter(_without_address(user, subject.settings.addresses) for user in members)
    refused = len(members) - why.pop(None, 0)
    among = f"{len(members)} members" if are_all else f"the first {len(members)} members"
    if not refused:
        return fine(f"The e-mail addresses of {among} count.")
    reasons = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
    sentence = f"{refused} of {among} will be refused for their e-mail address in Slack: {reasons}."
    if why[UNSAID]:
        sentence += (
            " LATCHKEY_TRUST_PROVISIONED_EMAIL=true lets an address count of which Slack says nothing "
            "(docs/reference/settings.md says when that is safe)."
        )
    return note(sentence) if refused < NEARLY_ALL * len(members) else broken(sentence)


async def matches(subject: CheckSubject) -> CheckFinding:
    """Look up some members in Entra, and count who is not found there, or more than once."""
    users, _ = await subject.slack.users.some(pages=1)
    known = subject.settings.addresses
    members = [
        user
        for user in users
        if user.not_a_member is None and _without_address(user, known) is None
    ][:MOST_MATCHED]
    if not members:
        return note("Nobody was looked up in Entra: no member's e-mail address counts.")
    found = await asyncio.gather(*(_accounts(subject, user) for user in members))
    nowhere = sum(1 for accounts in found if not accounts)
    twice = sum(1 for accounts in found if len(accounts) > 1)
    disabled = sum(
        1 for accounts in found if len(accounts) == 1 and accounts[0].account_enabled is False
    )
    if not nowhere + twice + disabled:
        return fine(
            f"Of {len(members)} members that were looked up, each has one account in Entra."
        )
    sentence = (
        f"Of {len(members)} members that were looked up, {nowhere} have no account in Entra by their e-mail address, "
        f"{twice} have several, and {disabled} a disabled one: Latchkey refuses them."
    )
    refused = nowhere + twice + disabled
    return note(sentence) if refused < NEARLY_ALL * len(members) else broken(sentence)


def _without_address(user: SlackUser, addresses: Addresses) -> str | None:
    """Return why somebody's address does not count; None if it does."""
    if user.shown_email is None:
        return "show none"
    if user.email is None:
        return UNSAID if user.is_confirmed is None else "have one that is not confirmed"
    return None if addresses.in_entra(user.email) else "have one of another domain"
