"""`latchkey doctor`: everything the bot needs, checked one by one, with the fix for what is missing."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final

from bot import clock
from bot.app import Latchkey
from bot.configuration.addresses import Addresses
from bot.database import migrate, roles
from bot.database.wire import NOT_YET
from bot.packages.settings.model import PackageNames
from bot.slack.errors import SlackError, SlackRefused
from bot.slack.profiles import SlackUser
from bot.timing import WAITS
from graph.errors import GraphError

# What the code uses; manifest.yml asks for exactly these.
SCOPES: Final = frozenset(
    {
        "chat:write",
        "commands",
        "files:write",
        "im:history",
        "im:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
# With it, Latchkey looks in the approvals channel, too, before it sends a card again.
OPTIONAL_SCOPES: Final = frozenset({"channels:history", "groups:history"})

# Slack's words for a place that the app may post to, perhaps, and may not read.
NOT_ALLOWED_TO_LOOK: Final = frozenset({"missing_scope", "no_permission"})
# Of 200 people each; users.list is allowed about 20 times a minute.
MOST_PAGES: Final = 5
# With so many refused, nobody will take it for a slip of a few.
NEARLY_ALL: Final = 0.9
UNSAID: Final = "have one of which Slack does not say whether it is confirmed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    fine: bool
    sentence: str


async def examine(latchkey: Latchkey) -> list[Finding]:
    """Check a Latchkey that has just connected."""
    checks = [
        _database,
        _installation,
        _scopes,
        _signatures,
        _admins,
        _audit,
        _packages,
        _package_settings,
        _people,
        _addresses,
        _settle,
    ]
    if latchkey.settings.sqlite_file is None:
        checks += [_role, _wakeups]
    return [
        Finding(fine=True, sentence="The database, Slack and Graph answer."),
        *[await check(latchkey) for check in checks],
    ]


async def _database(latchkey: Latchkey) -> Finding:
    fault = latchkey.store.fault
    if fault is not None:
        return Finding(
            fine=False, sentence=f"With the database something is wrong: {fault.sentence}."
        )
    if latchkey.settings.sqlite_file is None:
        return Finding(
            fine=True, sentence="The database has what DATABASE_URL asks of its sessions."
        )
    damage = await latchkey.store.read(migrate.damage)
    if damage:
        return Finding(
            fine=False,
            sentence=f"The database file is damaged ({damage}): stop Latchkey, and put a backup back with "
            "`latchkey restore FILE`.",
        )
    return Finding(fine=True, sentence="The database file is whole.")


async def _installation(latchkey: Latchkey) -> Finding:
    found = latchkey.installation
    return Finding(
        fine=True,
        sentence=f"The database is of installation {found.id[:8]}, for the Slack app {found.slack_app} in the workspace "
        f"{found.slack_team}: no other Latchkey may use that app.",
    )


async def _scopes(latchkey: Latchkey) -> Finding:
    granted = latchkey.identity.scopes
    missing, extra = sorted(SCOPES - granted), sorted(granted - SCOPES - OPTIONAL_SCOPES)
    if missing:
        return Finding(
            fine=False,
            sentence=f"The Slack app lacks {', '.join(missing)}: apply manifest.yml again and reinstall the app.",
        )
    if extra:
        return Finding(
            fine=False,
            sentence=f"The Slack app has scopes that Latchkey does not use: take away {', '.join(extra)}.",
        )
    return Finding(fine=True, sentence="The Slack app has the scopes it needs, and no more.")


async def _signatures(latchkey: Latchkey) -> Finding:
    if latchkey.settings.uses_socket_mode:
        return Finding(
            fine=True, sentence="Slack's requests come over Socket Mode; nobody can post any."
        )
    previous = latchkey.settings.previous_signing_secret
    if previous is not None and previous[1] > clock.real():
        return Finding(
            fine=True,
            sentence=f"Two signing secrets are accepted, the old one until {previous[1]:%Y-%m-%d %H:%M} UTC: take "
            "SLACK_SIGNING_SECRET_PREVIOUS away once Slack has signed with the new one for five minutes.",
        )
    if previous is not None:
        return Finding(
            fine=False,
            sentence="SLACK_SIGNING_SECRET_PREVIOUS is not accepted any more: its time is over. Take it and "
            "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL away.",
        )
    return Finding(fine=True, sentence="One signing secret is accepted.")


async def _admins(latchkey: Latchkey) -> Finding:
    roster = latchkey.jobs.permissions.roster
    for _ in range(50):
        if roster.named:
            break
        await asyncio.sleep(0.1)
    admins = roster.named
    if not admins:
        return Finding(
            fine=False,
            sentence="LATCHKEY_ADMINS names nobody: its user groups are empty or cannot be read.",
        )
    strangers = []
    for admin in sorted(admins):
        try:
            user = await latchkey.slack.user(admin)
        except SlackError as error:
            strangers.append(f"{admin} ({error})")
            continue
        if user.not_a_member:
            strangers.append(f"{admin} ({user.not_a_member})")
    if strangers:
        return Finding(
            fine=False,
            sentence=f"LATCHKEY_ADMINS names some who cannot decide: {', '.join(strangers)}.",
        )
    return Finding(fine=True, sentence=f"{len(admins)} people may decide and remove.")


async def _audit(latchkey: Latchkey) -> Finding:
    if latchkey.settings.audit_key is None:
        return Finding(
            fine=True,
            sentence="The audit log is chained without a key, which shows accidents and no forgery: set "
            "LATCHKEY_AUDIT_KEY, and note `latchkey audit verify`'s anchor elsewhere each day.",
        )
    return Finding(fine=True, sentence="The audit log is chained with a key.")


async def _packages(latchkey: Latchkey) -> Finding:
    try:
        packages = await latchkey.graph.packages.list()
    except GraphError as error:
        return Finding(fine=False, sentence=f"The access packages cannot be read: {error}")
    if not packages:
        return Finding(
            fine=False,
            sentence="There is no access package in Entra yet: make one and give it a policy.",
        )
    return Finding(fine=True, sentence=f"{len(packages)} access packages can be read.")


async def _package_settings(latchkey: Latchkey) -> Finding:
    """Check that the names in the file of package settings are some of the tenant's, and its channels ours to post to."""
    file, path = latchkey.package_settings, latchkey.settings.package_settings
    if path is None:
        return Finding(fine=True, sentence="No package has settings of its own.")
    try:
        packages = await latchkey.graph.packages.list(named=False)
    except GraphError as error:
        return Finding(
            fine=False, sentence=f"{path.name} cannot be compared with Entra's packages: {error}"
        )
    problems = file.warnings(
        PackageNames(
            package=package.display_name or "",
            catalog=(package.catalog.display_name if package.catalog else None) or "",
            policies=tuple(each.display_name or "" for each in package.assignment_policies),
        )
        for package in packages
    )
    unchecked = []
    for channel, place in file.channels():
        try:
            await latchkey.slack.check_channel(channel)
        except SlackRefused as refused:
            if refused.error in NOT_ALLOWED_TO_LOOK:
                unchecked.append(channel)
                continue
            why = f"Slack does not let me into the channel {channel} ({refused}): invite the app there, or correct the id."
            problems.append(file.source.problem(place, why))
        except SlackError as error:
            problems.append(
                file.source.problem(place, f"The channel {channel} could not be checked ({error}).")
            )
    if problems:
        return Finding(fine=False, sentence="\n  ".join(problems))
    sentence = f"{path.name} names only packages, catalogs and policies that are in Entra"
    if unchecked:
        sentence += f". Its channels ({', '.join(unchecked)}) could not be checked: the app may not read there"
    elif file.channels():
        sentence += ", and channels that the app is in"
    return Finding(fine=True, sentence=f"{sentence}.")


async def _people(latchkey: Latchkey) -> Finding:
    try:
        await latchkey.graph.users.find(email=f"nobody-{clock.now():%Y%m%d}@example.invalid")
    except GraphError as error:
        return Finding(
            fine=False,
            sentence=f"Users cannot be read: {error} Grant the permission User.Read.All.",
        )
    return Finding(fine=True, sentence="Users can be read.")


async def _addresses(latchkey: Latchkey) -> Finding:
    """Whose e-mail address in Slack counts, so that they can be found in Entra; bounded."""
    try:
        users, are_all = await latchkey.slack.some_users(pages=MOST_PAGES)
    except SlackError as error:
        return Finding(
            fine=False, sentence=f"The people of the workspace cannot be read ({error})."
        )
    members = [user for user in users if user.not_a_member is None]
    why = Counter(_without_address(user, latchkey.settings.addresses) for user in members)
    refused = len(members) - why.pop(None, 0)
    among = f"{len(members)} members" if are_all else f"the first {len(members)} members"
    if not refused:
        return Finding(fine=True, sentence=f"The e-mail addresses of {among} count.")
    reasons = ", ".join(f"{count} {reason}" for reason, count in why.most_common())
    sentence = f"{refused} of {among} will be refused for their e-mail address in Slack: {reasons}."
    if why[UNSAID]:
        sentence += (
            " LATCHKEY_TRUST_PROVISIONED_EMAIL=true lets an address count of which Slack says nothing "
            "(docs/settings.md says when that is safe)."
        )
    return Finding(fine=refused < NEARLY_ALL * len(members), sentence=sentence)


def _without_address(user: SlackUser, addresses: Addresses) -> str | None:
    """Why somebody's address does not count; None if it does."""
    if user.shown_email is None:
        return "show none"
    if user.email is None:
        return UNSAID if user.is_confirmed is None else "have one that is not confirmed"
    return None if addresses.in_entra(user.email) else "have one of another domain"


async def _settle(latchkey: Latchkey) -> Finding:
    return Finding(
        fine=WAITS.settle > 2 * WAITS.post,
        sentence=f"After a doubtful answer Graph is given {WAITS.settle.total_seconds():.0f} s before anything is repeated.",
    )


async def _wakeups(latchkey: Latchkey) -> Finding:
    wire = latchkey.wire
    for _ in range(100):
        if wire.silent_because != NOT_YET:
            break
        await asyncio.sleep(0.1)
    if wire.silent_because is None:
        return Finding(
            fine=True, sentence="Replicas wake each other at once (LISTEN and NOTIFY get through)."
        )
    every = latchkey.settings.poll_seconds
    return Finding(
        fine=True,
        sentence=f"Replicas do not wake each other: {wire.silent_because}. Each looks every {every:g} s for what the "
        "others have left, which is enough.",
    )


async def _role(latchkey: Latchkey) -> Finding:
    excess = await latchkey.store.read(roles.excess_rights)
    if not excess:
        return Finding(
            fine=True,
            sentence="The database role can change neither tables nor what the audit log has.",
        )
    role = await latchkey.store.read(roles.role_of)
    return Finding(
        fine=False,
        sentence=f"The database role {role} may do more than the bot needs: {', '.join(excess)}. Run `latchkey migrate "
        "--grant-to ROLE` as the owner of the tables, and the bot as that other ROLE (docs/operations.md).",
    )
