"""Every check of the doctor turns red, or yellow, by a thing that is broken: a row for each, and for each of its sentences."""

import asyncio
import re
import shutil
import sqlite3
from collections import Counter, namedtuple
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot import clock
from bot.accounts.browser import LINK
from bot.assembly.database import opened_store
from bot.database import flags
from bot.database.replicas.wire import NoWire
from bot.database.tables import audit, control, holds, requests
from bot.doctor import database as doctor_on_databases
from bot.doctor import links
from bot.doctor import settings as doctor_on_settings
from bot.doctor.entra import NEEDED
from bot.doctor.model import NobodyListens, NotTrusted, Severity
from bot.doctor.table import CHECKS, LONGEST, examine
from bot.packages import bounds
from bot.packages.settings.read import read_package_settings
from bot.timing import WAITS
from sandbox.tenant import seed
from tests.bot.doctor.test_table import note_anchor
from tests.graph.wire import graph_on
from tests.harness.by_hand import BotHarness
from tests.harness.doctoring import subject_of

FREE = namedtuple("FREE", "total used free")
MEGABYTE = 1024 * 1024
READY = (200, '{"ready": true, "problems": []}')
BY_NAME = {check.name: check for check in CHECKS}
# Each has a test of its own elsewhere.
ELSEWHERE = {
    "settings": "without them the command ends with exit code 2, and nothing is looked at",
    "database-role": "tests/flow/operating/test_run_time_role.py, on PostgreSQL",
    "wakeups": "below: that replicas do not wake each other is worth a thought, and breaks nothing",
    "retention": "test_table.py, after days",
    "webhooks": "tests/flow/operating/test_webhooks.py, after events",
    "links": "below: everything works without them, so that nothing is more than a note",
    "entra-decides": "test_entra_decides.py, with connected accounts",
}


@dataclass
class Around:
    """What a row can break."""

    harness: BotHarness
    folder: Path
    template: Path
    monkeypatch: pytest.MonkeyPatch

    def settings(self, **changed: Any) -> dict[str, Any]:
        """Other settings for the doctor."""
        return {"settings": self.harness.latchkey.settings.model_copy(update=changed)}

    def file(self) -> Path:
        """A database of its own, empty but for its tables."""
        made = self.folder / "latchkey.db"
        shutil.copy(self.template, made)
        return made

    def at(self, file: Path) -> dict[str, Any]:
        """Let the doctor look at that file."""
        given = self.settings(database_url=SecretStr(f"sqlite:///{file}"))
        store = opened_store(given["settings"], machine=self.harness.bot.machine())
        return {"connected_store": store, **given}

    def policy(self) -> Any:
        """The policy of Finance Reports, which one stage decides."""
        (found,) = [
            each
            for each in self.harness.tenant.world.policies.values()
            if each.package_id == seed.FINANCE_REPORTS
        ]
        return found

    def said(self, text: str) -> dict[str, Any]:
        """A file of package settings."""
        file = self.folder / "latchkey.yml"
        file.write_text(text, "utf-8")
        return {
            "package_settings": read_package_settings(file),
            **self.settings(package_settings=file),
        }


Break = Callable[[Around], dict[str, Any] | Awaitable[dict[str, Any] | None] | None]


# -- what breaks ---------------------------------------------------------------------------------


def slow(seconds: float) -> Break:
    """Each answer of the database takes so long."""
    return lambda around: {"seconds": count(step=seconds).__next__}


def empty_database(around: Around) -> dict[str, Any]:
    return around.at(around.folder / "empty.db")


def old_schema(around: Around) -> dict[str, Any]:
    file = around.file()
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0001'")
    return around.at(file)


def damaged(around: Around) -> dict[str, Any]:
    file = around.file()
    with closing(sqlite3.connect(file)) as db:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'audit_of_request'"
        (root,) = db.execute(query).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xa5" * size)
    return around.at(file)


def full_disk(around: Around) -> None:
    around.monkeypatch.setattr(shutil, "disk_usage", lambda path: FREE(10**9, 10**9, 5 * MEGABYTE))


def long_wal(around: Around) -> dict[str, Any]:
    file = around.file()
    with Path(f"{file}-wal").open("wb") as wal:
        wal.truncate(300 * MEGABYTE)
    # The one beside it is looked at, not opened.
    return around.settings(database_url=SecretStr(f"sqlite:///{file}"))


def nobodys_database(around: Around) -> None:
    around.harness.store.run_here(lambda db: db.execute(control.update().values(slack_app=None)))


def other_app(around: Around) -> dict[str, Any]:
    return {"connected_identity": replace(around.harness.latchkey.identity, app_id="A0OTHER")}


async def other_audit_key(around: Around) -> None:
    await around.harness.ask("marketing-campaign")
    around.harness.store._audit_key = b"another"


async def cut_off_audit_log(around: Around) -> None:
    await around.harness.ask("marketing-campaign")
    last = sa.select(sa.func.max(audit.c.position)).scalar_subquery()
    with around.harness.store.engine.begin() as db:
        # Whoever may change the schema may do that as well.
        db.execute(sa.text("DROP TRIGGER audit_no_delete"))
        db.execute(audit.delete().where(audit.c.position == last))


def paused(around: Around) -> None:
    around.harness.store.run_here(lambda db: flags.pause(db, why="INC-42"))


async def on_hold(around: Around) -> None:
    asked = await around.harness.ask("marketing-campaign")

    def put(db: Any) -> None:
        now = {"at": clock.now(), "error": "Conflict", "why": "It cannot be done."}
        db.execute(holds.insert().values(id="hold", request_id=asked.id, **now))
        db.execute(requests.update().values(held_at=clock.now()))

    around.harness.store.run_here(put)


def no_audit_key(around: Around) -> dict[str, Any]:
    return around.settings(audit_key=None)


def failing_anchor(around: Around) -> dict[str, Any]:
    note_anchor(around.harness.store, "file", None, error="Permission denied")
    return around.settings(anchor_file=Path("anchors"))


def scopes(*, without: str = "", beside: str = "") -> Break:
    def change(around: Around) -> dict[str, Any]:
        identity = around.harness.latchkey.identity
        return {
            "connected_identity": replace(
                identity, scopes=(identity.scopes - {without}) | ({beside} if beside else set())
            )
        }

    return change


def old_secret(days: int) -> Break:
    return lambda around: around.settings(
        slack_signing_secret_previous=SecretStr("before"),
        slack_signing_secret_previous_until=clock.real() + timedelta(days=days),
    )


def answering(what: Any, then: Any = (401, "")) -> Break:
    """Let the running bot answer so, or not at all, and *then* so to what is signed."""

    async def ask(method: str, path: str, headers: Any, body: bytes) -> tuple[int, str]:
        said = what if path == "/readyz" else then
        if isinstance(said, Exception):
            raise said
        status, text = said
        return status, text

    return lambda around: {"ask_ourselves": ask}


def public(answer: Any, **headers: str) -> Break:
    """Let the public address answer so, or not at all."""

    async def ask(path: str) -> tuple[int, dict[str, str]]:
        assert re.fullmatch(LINK.replace("{ticket}", "[^/]+"), path)
        if isinstance(answer, Exception):
            raise answer
        return answer, {name.replace("_", "-"): value for name, value in headers.items()}

    return lambda around: {
        "ask_public": ask,
        **around.settings(public_url="https://latchkey.example/"),
    }


def no_running_bot_asked(around: Around) -> dict[str, Any]:
    return {"ask_ourselves": None}


def hanging(around: Around) -> dict[str, Any]:
    async def ask(method: str, path: str, headers: Any, body: bytes) -> tuple[int, str]:
        await asyncio.sleep(10 * LONGEST)
        return 200, ""

    return {"ask_ourselves": ask}


def channel(**changed: Any) -> Break:
    def change(around: Around) -> None:
        found = around.harness.workspace.channels["C0APPROVALS"]
        for name, value in changed.items():
            setattr(found, name, value)

    return change


def slack_fails(method: str) -> Break:
    return lambda around: around.harness.workspace.faults.set("drop", only=method)


def graph_fails(fault: str, only: str) -> Break:
    return lambda around: around.harness.tenant.faults.set(fault, only=only, retry_after="0")


def roles(*without: str, beside: str = "") -> Break:
    async def change(around: Around) -> None:
        tenant = around.harness.tenant
        tenant.permissions.intersection_update(set(NEEDED) - set(without))
        if beside:
            tenant.permissions.add(beside)
        tenant.revoke_tokens()
        await around.harness.graph.granted._session._tokens.refresh()

    return change


def tenant_id(said: str) -> Break:
    return lambda around: around.settings(azure_tenant_id=said)


def unreadable_token(around: Around) -> dict[str, Any]:
    """A token may be any word: it is Microsoft's own affair."""
    return {"connected_graph": graph_on(lambda asked: httpx.Response(200, json={"value": []}))}


def unpublished(around: Around) -> None:
    next(iter(around.harness.tenant.world.catalogs.values())).state = "unpublished"


def no_packages(around: Around) -> None:
    around.harness.tenant.world.packages.clear()


def many_packages(around: Around) -> None:
    around.monkeypatch.setattr("bot.doctor.packages.MOST_PACKAGES", 2)


def odd_catalog(around: Around) -> None:
    for each in around.harness.tenant.world.catalogs.values():
        each.state = "unknownFutureValue"


def no_policy(around: Around) -> None:
    del around.harness.tenant.world.policies[around.policy().id]


def nobody_may_ask(around: Around) -> None:
    around.policy().settings["requestorSettings"]["enableTargetsToSelfAddAccess"] = False
    around.policy().allowed_target_scope = "notSpecified"


def approvers(*, admins: str = "always", named: Any = ()) -> Break:
    def change(around: Around) -> dict[str, Any]:
        stage = around.policy().approval["stages"][0]
        stage["primaryApprovers"], stage["fallbackPrimaryApprovers"] = list(named), []
        return around.settings(admins_decide=admins)

    return change


def hide(around: Around) -> None:
    around.harness.tenant.world.groups[seed.MARKETING_RESOURCES].visibility = "HiddenMembership"


def hidden_approvers(around: Around) -> None:
    hide(around)
    group = {"@odata.type": "#microsoft.graph.groupMembers", "groupId": seed.MARKETING_RESOURCES}
    others = around.policy().approval["stages"][0]["primaryApprovers"]
    around.policy().approval["stages"][0]["primaryApprovers"] = [*others, group]


def hidden_exclusion(around: Around) -> None:
    hide(around)
    package = around.harness.tenant.world.packages[seed.FINANCE_REPORTS]
    package.incompatible_groups.append(seed.MARKETING_RESOURCES)


def unreadable_exclusions(around: Around) -> None:
    around.harness.tenant.faults.set("forbidden", only="incompatibleGroups")


def unreadable_group(around: Around) -> None:
    group = {"@odata.type": "#microsoft.graph.groupMembers", "groupId": seed.MARKETING_RESOURCES}
    around.policy().approval["stages"][0]["primaryApprovers"] = [group]
    around.harness.tenant.faults.set("forbidden", only="transitiveMembers")


def disabled_approver(admins: str) -> Break:
    def change(around: Around) -> dict[str, Any]:
        around.harness.tenant.world.users[seed.BO].account_enabled = False
        return around.settings(admins_decide=admins)

    return change


def quorum_of_nobody(around: Around) -> dict[str, Any]:
    return around.said("packages:\n  Marketing Campaign: {quorum: 2}\n")


def quorum_out_of_reach(around: Around) -> dict[str, Any]:
    return around.said("packages:\n  Finance Reports: {quorum: 20}\n")


MANAGER = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}


def decided_by(*named: Any, admins: str = "never", quorum: int = 2, **more: Any) -> Break:
    """Let these decide Finance Reports, so many of them."""

    def change(around: Around) -> dict[str, Any]:
        stage = around.policy().approval["stages"][0]
        stage["primaryApprovers"], stage["fallbackPrimaryApprovers"] = list(named), []
        stage |= more
        said = around.said(f"packages:\n  Finance Reports: {{quorum: {quorum}}}\n")
        settings = said["settings"].model_copy(update={"admins_decide": admins})
        return {**said, "settings": settings}

    return change


def person(user_id: str) -> dict[str, str]:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": user_id}


def escalated_to(*named: Any) -> dict[str, Any]:
    return {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P1D",
        "escalationApprovers": list(named),
    }


def only_extensions_approved_by(*named: Any, may_ask: bool = True) -> Break:
    """Nobody approves the first time; an extension, these.  Or only who has it may keep it."""

    def change(around: Around) -> dict[str, Any]:
        approval = around.policy().approval
        approval["isApprovalRequiredForAdd"] = False
        approval["isApprovalRequiredForUpdate"] = True
        approval["stages"][0]["primaryApprovers"] = list(named)
        approval["stages"][0]["fallbackPrimaryApprovers"] = []
        settings = around.policy().settings["requestorSettings"]
        settings |= {
            "enableTargetsToSelfUpdateAccess": True,
            "enableTargetsToSelfAddAccess": may_ask,
        }
        return around.settings(admins_decide="never")

    return change


def no_such_package(around: Around) -> dict[str, Any]:
    return around.said("packages:\n  No Such Thing: {quorum: 2}\n")


def settings_without_graph(around: Around) -> dict[str, Any]:
    around.harness.tenant.faults.set("forbidden", only="accessPackages")
    return around.said("packages:\n  Finance Reports: {quorum: 2}\n")


def nobody_in_the_group(around: Around) -> None:
    around.harness.workspace.usergroups["S0IAM"].users = []


def admins_of(*users: str) -> Break:
    return lambda around: around.settings(admins=users)


def unknown_to_entra(around: Around) -> None:
    around.harness.tenant.world.users.clear()


def unconfirmed(around: Around) -> None:
    for each in around.harness.workspace.people.values():
        each.is_email_confirmed = False


def wrong_clock(around: Around) -> None:
    around.harness.latchkey.figures.graph.skew = timedelta(minutes=-7)


def unknown_clock(around: Around) -> None:
    for each in (around.harness.latchkey.figures.graph, around.harness.latchkey.figures.slack):
        each.skew = None


def short_wait(around: Around) -> None:
    none = timedelta(0)
    around.monkeypatch.setattr(
        doctor_on_settings, "WAITS", replace(WAITS, late=none, lag=none, margin=none)
    )


NOBODY = "b0000000-0000-4000-8000-0000000000ff"
NOBODY_NAMED = "nobody is named"
B, W, N = Severity.BROKEN, Severity.WARNING, Severity.NOTE
ROWS: list[tuple[str, Break, Severity, str]] = [
    (
        "credentials",
        lambda a: a.settings(azure_client_secret_until=date(2020, 1, 1)),
        B,
        "has ended",
    ),
    ("database", slow(0.5), W, "takes 500 ms for an answer"),
    ("database", slow(2.0), B, "takes 2000 ms for an answer"),
    ("database", empty_database, B, "The database is empty"),
    ("database", old_schema, B, "has schema 0001"),
    ("database-whole", damaged, B, "is damaged"),
    ("database-room", full_disk, B, "Only 5 MB are free"),
    ("database-room", long_wal, W, "has grown to 300 MB"),
    ("installation", nobodys_database, N, "belongs to no Slack app yet"),
    ("installation", other_app, B, "belongs to the Slack app"),
    ("audit", other_audit_key, B, "is not the key"),
    ("audit", cut_off_audit_log, B, "rows at its end are missing"),
    ("granting", paused, W, "Granting is paused (“INC-42”)"),
    ("granting", on_hold, W, "kept failing: 1;"),
    ("audit", no_audit_key, N, "chained without a key"),
    ("audit", failing_anchor, W, "Permission denied"),
    ("slack-scopes", scopes(without="chat:write"), B, "lacks chat:write"),
    ("slack-scopes", scopes(beside="files:read"), B, "take away files:read"),
    ("slack-requests", old_secret(-1), B, "its time is over"),
    ("running", answering((503, '{"problems": ["graph: no"]}')), B, "is not ready: graph: no"),
    ("running", answering((503, '{"ready": false}')), B, "is not ready: 503"),
    ("running", answering((503, "<html>")), B, "is not Latchkey, or it is not ready"),
    ("running", answering((200, "<html>")), B, "is not Latchkey, or it is not ready"),
    ("running", answering((200, '{"status": "UP"}')), B, "is not Latchkey, or it is not ready"),
    ("running", answering((200, "")), B, "refuses a request that is signed"),
    ("running", answering(READY, (404, "Not Found")), B, "has no /slack/events"),
    ("running", answering(READY, (500, "")), B, "gave the status 500"),
    ("running", answering(READY, (503, "no")), B, "gave the status 503"),
    ("running", answering(READY, (200, "ok")), B, "gave the status 200"),
    ("running", answering(READY, NobodyListens()), N, "No Latchkey runs at"),
    ("running", answering(OSError("it does not answer")), B, "could not be looked at running"),
    ("running", answering(NobodyListens()), N, "No Latchkey runs at"),
    ("running", no_running_bot_asked, N, "was not asked"),
    ("running", hanging, B, f"It took more than {LONGEST} s"),
    ("channels", channel(members=set()), B, "invite the app there"),
    ("public-address", public(404), B, "lets only other paths through"),
    ("public-address", public(404, latchkey_installation="0" * 32), B, "another Latchkey answers"),
    ("public-address", public(302), B, "leads browsers elsewhere (302)"),
    ("public-address", public(401), B, "gives 401, and it is not Latchkey"),
    ("public-address", public(200), B, "gives 200, and it is not Latchkey"),
    ("public-address", public(400), B, "gives 400, and it is not Latchkey"),
    ("public-address", public(502), W, "reaches no Latchkey"),
    ("public-address", public(NotTrusted("it speaks no TLS")), B, "do not trust what answers at"),
    ("public-address", public(NobodyListens("No route")), W, "not reached from here (No route)"),
    ("channels", channel(is_archived=True), B, "choose another channel"),
    ("channels", lambda a: a.settings(admin_channel="C0NOWHERE"), B, "correct the id"),
    ("channels", slack_fails("chat.scheduleMessage"), W, "could not be seen"),
    ("graph-permissions", roles("User.Read.All"), B, "User.Read.All"),
    ("graph-permissions", roles("EntitlementManagement.ReadWrite.All"), B, "lacks the application"),
    ("graph-permissions", roles(beside="Sites.FullControl.All"), N, "does not need"),
    ("links", roles(), N, "enterprise applications need the permission Application.Read.All"),
    ("links", roles(), N, "groups, where they have one, need the permission Team.ReadBasic.All"),
    ("links", roles(beside="Group.Read.All"), N, "Application.Read.All"),
    ("links", tenant_id("contoso.example"), N, "set AZURE_TENANT_ID to the tenant's id"),
    ("links", unreadable_token, N, "the token for Graph cannot be read"),
    ("graph-calls", roles("GroupMember.Read.All"), B, "Grant the permission GroupMember.Read.All"),
    ("graph-calls", graph_fails("unavailable", "groups"), B, "Groups cannot be read"),
    ("catalogs", unpublished, W, "is unpublished"),
    ("packages", no_packages, B, "no access package in Entra yet"),
    (
        "packages",
        lambda a: {"bounds": bounds.Bounds(catalog_ids=frozenset({NOBODY}))},
        B,
        "no access package in the catalogs of LATCHKEY_CATALOGS yet",
    ),
    ("packages", many_packages, N, "Only 2 of"),
    (
        "packages",
        graph_fails("forbidden", f"accessPackages/{seed.FINANCE_REPORTS}"),
        W,
        "cannot be read",
    ),
    (
        "packages",
        graph_fails("forbidden", "endUserSettings"),
        W,
        "(endUserSettings) cannot be read",
    ),
    ("packages", odd_catalog, W, "cannot be asked for here"),
    ("packages", no_policy, W, "has no policy"),
    ("packages", nobody_may_ask, N, "no policy that lets people ask"),
    ("packages", quorum_of_nobody, N, "its quorum has no effect"),
    ("packages", quorum_out_of_reach, W, "the admins give what is missing"),
    ("packages", decided_by(MANAGER), B, "2 different people must approve, and only 1 can, and"),
    ("packages", decided_by(MANAGER, admins="always"), W, "the admins give what is missing"),
    ("packages", decided_by(MANAGER, person(seed.BO), quorum=3), B, "and only 2 can"),
    (
        "packages",
        decided_by(MANAGER, quorum=3, **escalated_to(MANAGER)),
        B,
        "must approve, and only 2 can",
    ),
    (
        "packages",
        decided_by(person(NOBODY), quorum=1, **escalated_to(person(seed.BO))),
        W,
        "so only those whom its escalation names can decide",
    ),
    ("packages", only_extensions_approved_by(person(NOBODY)), B, "”, extensions: nobody whom the"),
    (
        "packages",
        only_extensions_approved_by(person(NOBODY), may_ask=False),
        B,
        "”, extensions: nobody whom the",
    ),
    ("packages", approvers(), N, f"{NOBODY_NAMED}, so the admins decide"),
    ("packages", approvers(admins="never"), B, f"{NOBODY_NAMED}, and LATCHKEY_ADMINS_DECIDE"),
    ("packages", unreadable_group, W, "who decides cannot be read"),
    ("packages", hidden_approvers, W, "A group of approvers hides its members"),
    ("packages", hidden_exclusion, W, "grant the app Member.Read.Hidden"),
    ("packages", unreadable_exclusions, W, "what does not go with it cannot be read"),
    ("packages", disabled_approver("always"), W, "only the admins can decide"),
    ("packages", disabled_approver("never"), B, "and LATCHKEY_ADMINS_DECIDE is never"),
    ("package-settings", no_such_package, B, "No Such Thing"),
    ("package-settings", settings_without_graph, B, "cannot be compared with Entra's packages"),
    ("admins", slack_fails("usergroups"), B, "cannot be read"),
    ("admins", nobody_in_the_group, B, "its user groups are empty"),
    ("admins", admins_of("U0DANA"), W, "Only one admin"),
    ("admins", unknown_to_entra, B, "nobody in Entra has their e-mail address"),
    ("addresses", unconfirmed, B, "have one that is not confirmed"),
    ("matches", unknown_to_entra, B, "have no account in Entra"),
    ("matches", unconfirmed, N, "Nobody was looked up"),
    ("clocks", wrong_clock, B, "420 s behind Graph's"),
    ("clocks", unknown_clock, N, "Neither Slack nor Graph"),
    ("waits", short_wait, B, "is given 12 s"),
]
NUMBERS = Counter[str]()


def name_of(row: tuple[str, Break, Severity, str]) -> str:
    NUMBERS[row[0]] += 1
    return f"{row[0]} {NUMBERS[row[0]]}"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
async def test_what_is_broken_is_found(row, harness, tmp_path, sqlite_template, monkeypatch):
    """With its severity and its words."""
    check, breaks, severity, words = row
    around = Around(harness, tmp_path, sqlite_template, monkeypatch)
    other = breaks(around)
    given = await other if isinstance(other, Awaitable) else other

    found = await examine(subject_of(harness.latchkey, **(given or {})), [BY_NAME[check]])

    said = [each for each in found if words in each.sentence]
    assert said, found
    assert {each.severity for each in said} == {severity}


def test_every_check_has_a_row():
    """One that is added later is not forgotten: something must turn it yellow or red."""
    alarming = {check for check, _, severity, _ in ROWS if severity >= Severity.WARNING}
    assert alarming | ELSEWHERE.keys() == BY_NAME.keys()
    assert alarming.isdisjoint(ELSEWHERE)


@pytest.mark.parametrize("shown", ["visible", "notVisible"])
async def test_the_tenants_setting_matters_only_where_a_policy_leaves_it_to_it(harness, shown):
    """That nobody could read it is no warning where every policy says whether its approvers are shown."""
    for policy in harness.tenant.world.policies.values():
        for stage in (policy.approval or {}).get("stages", ()):
            stage["approverInformationVisibility"] = shown
    harness.tenant.faults.set("forbidden", only="endUserSettings", retry_after="0")

    found = await examine(subject_of(harness.latchkey), [BY_NAME["packages"]])

    assert not [each for each in found if "endUserSettings" in each.sentence]


ENOUGH: list[Break] = [
    decided_by(MANAGER, person(seed.BO)),
    decided_by(MANAGER, **escalated_to(person(seed.BO))),
    decided_by({"@odata.type": "#microsoft.graph.targetUserSponsors"}, quorum=3),
]


@pytest.mark.parametrize("breaks", ENOUGH)
async def test_a_quorum_that_may_be_reached_is_none_of_its_findings(
    breaks, harness, tmp_path, sqlite_template, monkeypatch
):
    """A manager and somebody else are two; of sponsors nobody knows how many there are."""
    given = breaks(Around(harness, tmp_path, sqlite_template, monkeypatch))

    found = await examine(subject_of(harness.latchkey, **given), [BY_NAME["packages"]])

    assert not [each for each in found if "Finance Reports" in each.sentence], found


async def test_a_slow_tenant_keeps_nothing_that_was_found_from_being_said(harness):
    """As far as it came; then it says so."""
    world = harness.tenant.world
    broken = world.packages[seed.FINANCE_REPORTS]
    world.policies = {
        key: each for key, each in world.policies.items() if each.package_id != broken.id
    }
    for number in range(100):
        key = f"f0000000-0000-4000-8000-0000000001{number:02x}"
        world.packages[key] = replace(broken, id=key, display_name=f"Later {number}")
    harness.tenant.faults.set("slow", seconds=8, only=r"(?i)/accessPackages/[0-9a-f-]{36}$")

    found = await examine(subject_of(harness.latchkey), [BY_NAME["packages"]])

    said = [each.sentence for each in found]
    assert any("Finance Reports” has no policy" in each for each in said), said
    assert said[-1].startswith("Only 88 of 104 access packages were looked at"), said[-1]
    assert found[-1].severity is Severity.WARNING


async def test_each_package_is_read_once_for_all_checks(harness, tmp_path):
    """And for what Entra decides, no other than those."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {decides: entra}\n", "utf-8")
    subject = subject_of(harness.latchkey, package_settings=read_package_settings(file))
    before = len(harness.tenant.calls)

    await examine(subject, [BY_NAME["entra-decides"], BY_NAME["packages"]])

    calls = [each.path.lower() for each in harness.tenant.calls[before:]]
    read = [each for each in calls if re.search("/accesspackages/[0-9a-f-]{36}$", each)]
    assert sorted(read) == sorted(set(read))
    assert seed.FINANCE_REPORTS in read[0]


async def test_a_catalog_of_another_team_is_none_of_its_findings(harness):
    """LATCHKEY_CATALOGS leaves it out, unpublished as it is."""
    world = harness.tenant.world
    general = world.catalogs[seed.GENERAL]
    world.catalogs[NOBODY] = replace(general, id=NOBODY, state="unpublished")
    bounded = bounds.Bounds(catalog_ids=frozenset({seed.GENERAL}))

    [found] = await examine(subject_of(harness.latchkey, bounds=bounded), [BY_NAME["catalogs"]])

    assert found.sentence == "Catalogs that can be read: 1; all are published."


async def test_what_is_well_is_counted_as_it_was_judged(harness):
    """A manager alone is no two people, and where nobody has to approve nobody decides."""
    world = harness.tenant.world
    for policy in world.policies.values():
        for stage in (policy.approval or {}).get("stages", ()):
            stage["primaryApprovers"] = [person(seed.BO), person(seed.CY)]
            stage["approverInformationVisibility"] = "visible"
    managed = next(
        each for each in world.policies.values() if each.package_id == seed.FINANCE_REPORTS
    )
    managed.approval["stages"][0]["primaryApprovers"] = [MANAGER]

    [found] = await examine(subject_of(harness.latchkey), [BY_NAME["packages"]])

    assert found.severity is Severity.FINE
    assert found.sentence == (
        "4 access packages can be read, and their policies are understood (stages that two people or more can decide: 2; "
        "stages that a manager or sponsors of whoever asks decide: 1; policies under which nobody has to approve: 2)."
    )


async def test_that_replicas_do_not_wake_each_other_is_said(harness):
    """It costs seconds and breaks nothing; nor does it where that cannot be tried."""
    silent = await doctor_on_databases.wakeups(subject_of(harness.latchkey, wire=NoWire()))
    untried = await doctor_on_databases.wakeups(subject_of(harness.latchkey, wire=None))

    assert (silent.severity, untried.severity) == (Severity.NOTE, Severity.NOTE)
    assert "do not wake each other" in silent.sentence
    assert "was not tried" in untried.sentence


@pytest.mark.parametrize(
    "beside",
    [
        ("Application.Read.All", "Team.ReadBasic.All"),
        ("Application.ReadWrite.All", "Group.Read.All"),
        ("Directory.Read.All",),
    ],
)
async def test_a_wider_permission_is_enough_for_links(beside, harness):
    """The reference names them for the same calls."""
    harness.tenant.permissions.intersection_update(NEEDED)
    harness.tenant.permissions.update(beside)
    harness.tenant.revoke_tokens()

    [found] = await links.look(subject_of(harness.latchkey))

    assert found.severity is Severity.FINE


async def test_links_that_the_settings_replace_take_no_permission(harness, tmp_path):
    """Neither an address of a package's own, nor none at all."""
    harness.tenant.permissions.intersection_update(NEEDED)
    harness.tenant.revoke_tokens()
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults: {open: none}\n", "utf-8")

    [found] = await links.look(
        subject_of(harness.latchkey, package_settings=read_package_settings(file))
    )

    assert found.severity is Severity.FINE
