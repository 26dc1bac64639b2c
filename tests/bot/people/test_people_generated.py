"""Generated profiles against generated directories: nobody is found but the one who is certainly meant."""

import random
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.configuration.addresses import Addresses
from bot.database import Transaction
from bot.database.tables import allowances
from bot.database.tables import people as person_table
from bot.errors import NotAllowed
from bot.people.identity import People
from bot.requests.model import State
from bot.slack.api import Slack
from sandbox.slack.seed import ORGANIZATION
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.by_hand import BotHarness, standing
from tests.harness.simulation import simulation

CASES = 400
OURS, OTHER = "T0LATCH", "T0OTHER"
OLD, NEW = "old.example", "new.example"


@dataclass
class Case:
    """One profile in Slack, some users in Entra, and the settings in between."""

    profile: dict[str, Any]
    users: list[dict[str, Any]]
    domains: frozenset[str]
    is_alias: bool
    with_proxies: bool
    trusts: bool

    @property
    def certain(self) -> str | None:
        """Return who it certainly is, by the words of the documentation; None if that cannot be told."""
        who = self.profile
        if who["deleted"] or who["is_restricted"] or who["is_ultra_restricted"]:
            return None
        named = {*who["teams"], *([who["team_id"]] if who["shows_team"] else [])}
        if OURS not in named:
            return None
        confirmed = who["is_email_confirmed"]
        if confirmed is False or (confirmed is None and not self.trusts) or not who["email"]:
            return None
        name, domain = who["email"].lower().split("@")
        spelled = {f"{name}@{domain}"}
        if self.is_alias and domain == OLD:
            spelled.add(f"{name}@{NEW}")
        if self.domains and not any(each.split("@")[1] in self.domains for each in spelled):
            return None
        found = [user for user in self.users if self._has(user, spelled)]
        if len(found) != 1 or not found[0]["account_enabled"]:
            return None
        return str(found[0]["id"])

    def _has(self, user: dict[str, Any], spelled: set[str]) -> bool:
        theirs = {str(user["mail"]).lower(), user["user_principal_name"].lower()}
        if self.with_proxies:
            proxies = (each.lower() for each in user["proxy_addresses"])
            theirs |= {each[5:] for each in proxies if each.startswith("smtp:")}
        return bool(theirs & spelled)


def address(dice: random.Random) -> str:
    name = dice.choice(["ann", "ann", "o'neil"])
    made = f"{name}@{dice.choice([OLD, NEW])}"
    return made.title() if dice.random() < 0.2 else made


def drawn(dice: random.Random) -> Case:
    users = []
    for number in range(dice.choice([0, 1, 1, 2, 2, 3])):
        kinds = ["smtp", "SMTP", "SIP", "x500"]
        users.append(
            {
                "id": f"b0000000-0000-4000-8000-{number:012}",
                "mail": dice.choice([None, address(dice), address(dice)]),
                "user_principal_name": f"{number}.{address(dice)}"
                if dice.random() < 0.6
                else address(dice),
                "proxy_addresses": [
                    f"{dice.choice(kinds)}:{address(dice)}"
                    for _ in range(dice.choice([0, 0, 1, 2]))
                ],
                "account_enabled": dice.random() < 0.8,
                "user_type": dice.choice(["Member", "Member", "Guest"]),
            }
        )
    profile = {
        "email": None if dice.random() < 0.1 else address(dice),
        "team_id": dice.choice([OURS, OURS, OTHER]),
        "teams": dice.choice([(), (OURS,), (OURS, OTHER), (OTHER, OURS), (OTHER,)]),
        "shows_team": dice.random() < 0.8,
        "is_email_confirmed": dice.choice([True, True, True, None, False]),
        "deleted": dice.random() < 0.1,
        "is_restricted": dice.random() < 0.1,
        "is_ultra_restricted": dice.random() < 0.05,
    }
    return Case(
        profile=profile,
        users=users,
        domains=frozenset(dice.choice([(), (), (NEW,), (OLD, NEW)])),
        is_alias=dice.random() < 0.5,
        with_proxies=dice.random() < 0.5,
        trusts=dice.random() < 0.5,
    )


def _forget(db: Transaction) -> None:
    for forgotten in (person_table, allowances):
        db.execute(sa.delete(forgotten))


async def put(harness: BotHarness, case: Case) -> People:
    """Make the worlds say what the case says, and nobody be known."""
    person = harness.workspace.people["U0ANN"]
    for name, value in case.profile.items():
        setattr(person, name, value)
    users = harness.tenant.world.users
    users.clear()
    for each in case.users:
        users[each["id"]] = User(display_name="Ann", created_at=clock.now(), **each)
    # Nor that they were no member a moment ago.
    await harness.store.run(_forget)
    slack = Slack(harness.slack.client, trusts_provisioned=case.trusts)
    await slack.identify()
    return People(
        slack=slack,
        graph=harness.graph,
        store=harness.store,
        addresses=Addresses(
            domains=case.domains,
            aliases={OLD: NEW} if case.is_alias else {},
            with_proxies=case.with_proxies,
        ),
    )


async def test_nobody_is_found_but_whom_slack_and_entra_name_for_certain(database):
    """Whatever profile, directory and settings come together: that one, or nobody, who is told why."""
    async with simulation(database) as around:
        around.outside.workspace.enterprise_id = ORGANIZATION
        harness = await standing(around)
        dice = around.dice("people")
        found = 0
        for _ in range(CASES):
            case = drawn(dice)
            people = await put(harness, case)
            if case.certain is None:
                with pytest.raises(NotAllowed):
                    await people.identify("U0ANN")
                assert (
                    await people.belongs_to("U0ANN", case.users[0]["id"] if case.users else "x")
                    is False
                )
                continue
            assert (await people.identify("U0ANN")).user.id == case.certain, case
            found += 1
            for user in case.users:
                assert await people.belongs_to("U0ANN", user["id"]) is (user["id"] == case.certain)
        # Otherwise the cases prove nothing.
        assert CASES // 20 < found < CASES // 2


async def test_nothing_is_granted_but_to_whom_they_name(database):
    """From the command to the tenant, with the settings of the bot itself."""
    async with simulation(database) as around:
        around.outside.workspace.enterprise_id = ORGANIZATION
        harness = await standing(around, LATCHKEY_EMAIL_DOMAINS="")
        campaign = harness.policy_of(seed.MARKETING_CAMPAIGN)
        campaign.allowed_target_scope = "allDirectoryUsers"
        dice = around.dice("grants")
        for _ in range(CASES // 10):
            case = drawn(dice)
            case.domains, case.is_alias, case.with_proxies, case.trusts = (
                frozenset(),
                False,
                False,
                False,
            )
            await put(harness, case)
            harness.tenant.world.requests.clear()
            harness.tenant.world.assignments.clear()

            request = await harness.ask("marketing-campaign")
            await harness.finish()

            targets = [each.target_id for each in harness.tenant.world.assignments.values()]
            assert targets == ([case.certain] if case.certain else [])
            ended = (await harness.request(request.id)).state
            assert ended is (State.DELIVERED if case.certain else State.REFUSED)
