"""The commands against the stand-in, with msal signing in."""

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli.tenant import provision
from bot.provisioning.progress import ProgressDisplay
from sandbox.certificate import Certificate
from sandbox.clock import SandboxClock
from sandbox.serving import serving
from sandbox.tenant import Tenant
from sandbox.tenant.model import Assignment
from sandbox.tenant.seed import ANN
from tests.bot.cli.conftest import settings_for
from tests.bot.cli.reaching import reach
from tests.bot.provisioning.conftest import picture
from tests.bot.provisioning.files import SMALL, with_policy

Run = Callable[..., Result]


@pytest.fixture
def tenant() -> Tenant:
    """The tutorial's world, in which everything happens at once."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), directory_lag=timedelta(0))
    tenant.seed_tutorial_world()
    return tenant


@contextmanager
def served(tenant: Tenant, certificate: Certificate) -> Iterator[str]:
    """The tenant's address while the block runs; it has a thread, for commands have their own loop."""
    started = threading.Event()
    address: list[str] = []
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        async with serving(tenant.app, certificate=certificate) as url:
            address.append(url)
            started.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        started.wait()
        yield address[0]
    finally:
        stop[0]()
        thread.join()


@pytest.fixture
def run(
    tenant: Tenant, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Runs a command in an empty folder."""
    return run_at(reach(tenant, monkeypatch), tenant, monkeypatch, tmp_path)


@pytest.fixture
def run_over_tls(
    tenant: Tenant, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Run]:
    """Run commands against a server that has a port and a certificate."""
    with served(tenant, certificate) as address:
        yield run_at(address, tenant, monkeypatch, tmp_path)


def run_at(address: str, tenant: Tenant, patch: pytest.MonkeyPatch, folder: Path) -> Run:
    patch.chdir(folder)
    for name, value in settings_for(tenant, address).items():
        patch.setenv(name, value)
    return CliRunner(catch_exceptions=False).invoke


def test_signing_in_and_reading_over_tls(run_over_tls: Run) -> None:
    """As at Microsoft: msal, a certificate to trust, and a connection of the command's own."""
    assert run_over_tls(provision.import_, ["access.yml"]).exit_code == 0


def test_plan_apply_plan_destroy(run: Run, tenant: Tenant) -> None:
    """The whole life of a file, with the exit codes that a pipeline goes by."""
    before = picture(tenant)
    Path("access.yml").write_text(SMALL)
    planned = run(provision.plan, ["access.yml"])
    assert planned.exit_code == 2
    assert "+ package Autumn Campaign in catalog Autumn  access.yml:11\n" in planned.stdout
    assert "    durations: 30 days\n" in planned.stdout
    assert planned.stdout.endswith("9 to create.\n")
    applied = run(provision.apply, ["access.yml"])
    assert applied.exit_code == 0
    assert "✓ create policy Marketing of package Autumn Campaign" in applied.stderr
    again = run(provision.plan, ["access.yml"])
    assert (again.exit_code, again.stdout) == (
        0,
        "Nothing would change: the tenant is as the file says.\n",
    )
    gone = run(provision.destroy, ["access.yml", "--yes"])
    assert gone.exit_code == 0
    assert picture(tenant) == before
    assert [each.name for each in Path().iterdir()] == ["access.yml"]


def test_a_missing_permission_is_said_with_where_they_are_listed(run: Run, tenant: Tenant) -> None:
    """Also where only a change of the plan meets it, after others were made."""
    Path("access.yml").write_text(SMALL)
    tenant.permissions.discard("Group.ReadWrite.All")
    applied = run(provision.apply, ["access.yml"])
    assert applied.exit_code == 1
    assert "Cannot create group Campaign files: Microsoft Graph says: " in applied.stderr
    assert "docs/how-to/entra-app.md lists the permissions" in applied.stderr


def test_a_tenant_goes_by_its_id(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one colleague makes under a domain would be nobody's to another who has the id."""
    Path("access.yml").write_text(SMALL)
    monkeypatch.setenv("AZURE_TENANT_ID", "contoso.onmicrosoft.com")
    planned = run(provision.plan, ["access.yml"])
    assert planned.exit_code == 2
    assert (
        "AZURE_TENANT_ID is “contoso.onmicrosoft.com”: set it to the tenant's id" in planned.stderr
    )


def test_a_state_that_cannot_be_written_is_said(run: Run, tenant: Tenant) -> None:
    """As in a folder that is read-only, or on a full disk: nothing is made that nobody would know of."""
    before = picture(tenant)
    Path("access.yml").write_text(SMALL)
    Path("access.latchkey.json.half").mkdir()
    applied = run(provision.apply, ["access.yml"])
    assert applied.exit_code == 1
    assert "cannot be written: Is a directory. Without it nothing more is made" in applied.stderr
    assert picture(tenant) == before
    Path("access.latchkey.json.half").rmdir()
    assert run(provision.apply, ["access.yml"]).exit_code == 0


def test_a_plan_for_programs(run: Run) -> None:
    """JSON with stable names, and the same exit code."""
    Path("access.yml").write_text(SMALL)
    planned = run(provision.plan, ["access.yml", "--json"])
    said = json.loads(planned.stdout)
    assert planned.exit_code == 2
    assert (said["would_change"], said["create"], said["change"], said["delete"]) == (True, 9, 0, 0)
    assert said["changes"][0] == {
        "action": "create",
        "kind": "person",
        "name": "person Tess Trial (tess@contoso.example)",
        "line": 2,
        "differences": [],
        "notes": [],
    }


def test_nothing_is_colored_but_on_a_terminal(run: Run) -> None:
    """Pipes and logs get plain text."""
    Path("access.yml").write_text(SMALL)
    assert "\x1b" not in run(provision.plan, ["access.yml"]).stdout


def test_destroy_asks_first(run: Run, tenant: Tenant) -> None:
    """No means no."""
    Path("access.yml").write_text(SMALL)
    run(provision.apply, ["access.yml"])
    made = picture(tenant)
    refused = run(provision.destroy, ["access.yml"], input="n\n")
    assert refused.exit_code == 1
    assert "- package Autumn Campaign in catalog Autumn" in refused.stdout
    assert picture(tenant) == made


def test_apply_asks_before_it_deletes(run: Run, tenant: Tenant) -> None:
    """A line taken out of the file deletes nothing without a yes."""
    Path("access.yml").write_text(SMALL)
    run(provision.apply, ["access.yml"])
    made = picture(tenant)
    Path("access.yml").write_text("people: []\n")
    assert run(provision.apply, ["access.yml"], input="n\n").exit_code == 1
    assert picture(tenant) == made
    assert run(provision.apply, ["access.yml", "--yes"]).exit_code == 0
    assert "Autumn" not in [name for name, _ in picture(tenant)["catalogs"]]


@pytest.mark.parametrize("command", [provision.apply, provision.destroy])
def test_only_what_was_read_is_deleted(
    run: Run, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, command: click.Command
) -> None:
    """A colleague changes something while somebody reads what would be deleted."""
    Path("access.yml").write_text(SMALL)
    run(provision.apply, ["access.yml"])
    Path("access.yml").write_text("people: []\n")
    world = tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )

    def yes_after(prompt: str, **_: object) -> bool:
        tenant.assign(package.id, ANN, end=None)
        return True

    with monkeypatch.context() as patched:
        patched.setattr(click, "confirm", yes_after)
        stopped = run(command, ["access.yml"])
    assert "Something has changed in Entra since this was shown" in stopped.stderr
    assert stopped.exit_code == 1
    assert package.id in world.packages
    assert any(each.is_live for each in world.assignments.values())
    assert run(command, ["access.yml"], input="y\n").exit_code == 0


def test_import_writes_a_file_that_changes_nothing(run: Run) -> None:
    """Round trip; and an existing file is not written over."""
    assert run(provision.import_, ["access.yml"]).exit_code == 0
    assert run(provision.plan, ["access.yml"]).exit_code == 0
    refused = run(provision.import_, ["access.yml"])
    assert (refused.exit_code, refused.stderr) == (
        1,
        "• access.yml exists already; --force writes over it.\n",
    )
    assert run(provision.import_, ["-"]).stdout == Path("access.yml").read_text("utf-8")


def test_mistakes_in_the_file_come_a_line_each(run: Run) -> None:
    """On standard error, with exit code 1."""
    Path("access.yml").write_text(SMALL.replace("gives:", "givs:").replace("30 days", "3 moons"))
    planned = run(provision.plan, ["access.yml"])
    assert (planned.exit_code, planned.stdout) == (1, "")
    assert planned.stderr == (
        "• access.yml, line 13, column 9: “givs” means nothing here. Did you mean “gives”?\n"
        "• access.yml, line 18, column 13: “3 moons” is no duration. There is “day”, “hour”, “minute”, “week” and “year”.\n"
    )


def test_what_beta_cannot_say_is_a_sentence(run: Run, tenant: Tenant) -> None:
    """Before anything is written."""
    before = picture(tenant)
    Path("access.yml").write_text(with_policy("may ask: all members", "durations: 8 hours"))
    applied = run(provision.apply, ["access.yml", "--api", "beta"])
    assert applied.exit_code == 1
    assert "The beta API counts whole days of access" in applied.stderr
    assert picture(tenant) == before


def test_policy_tests_need_no_tenant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The plan alone is judged without settings or network; one that fails is exit code 1."""
    monkeypatch.chdir(tmp_path)
    Path("access.yml").write_text(
        SMALL + "tests: [autumn-campaign ends in 30 days, ends in 7 days]\n"
    )
    tested = CliRunner().invoke(provision.test, ["access.yml"])
    assert tested.exit_code == 1
    assert tested.stdout == (
        "✓ autumn-campaign ends in 30 days\n"
        "✗ ends in 7 days\n"
        "    fails: policy “Marketing” lasts 30 days\n"
        "1 of 2 tests hold.\n"
    )


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_file_without_tests_has_none_that_hold(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pipeline that has lost them stops."""
    monkeypatch.chdir(tmp_path)
    Path("access.yml").write_text(SMALL)
    tested = CliRunner().invoke(provision.test, ["access.yml", *words])
    assert tested.exit_code == 1
    assert tested.stderr == "• access.yml has no tests: nothing was checked.\n"


def test_policy_tests_against_the_tenant(run: Run) -> None:
    """Judged by what is there today."""
    Path("access.yml").write_text("tests: [ann may ask for marketing-campaign, ends in 30 days]\n")
    tested = run(provision.test, ["access.yml", "--tenant", "--json"])
    assert tested.exit_code == 0
    assert json.loads(tested.stdout)["failed"] == 0


def test_names_cannot_drive_the_terminal(run: Run, tenant: Tenant) -> None:
    """Control characters and markup in a tenant's names are shown, not obeyed."""
    for policy in tenant.world.policies.values():
        policy.description = "[bold]x[/bold]\x1b[2J"
    Path("access.yml").write_text(run(provision.import_, ["-"]).stdout.replace("[bold]x", "[red]y"))
    planned = run(provision.plan, ["access.yml"]).stdout
    assert "[bold]x[/bold]" in planned
    assert "\x1b" not in planned


def test_missing_settings_are_exit_code_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sentence for each."""
    monkeypatch.chdir(tmp_path)
    Path("access.yml").write_text(SMALL)
    planned = CliRunner().invoke(provision.plan, ["access.yml"])
    assert planned.exit_code == 2
    assert "AZURE_TENANT_ID is not set" in planned.stderr


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A worker among several ignores Ctrl-C, which is for the one that started it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_stopping_apply_says_how_to_go_on(run: Run, tenant: Tenant) -> None:
    """Ctrl-C in the middle: what was done stays done, and the next apply ends as if nothing had been."""
    Path("access.yml").write_text(SMALL)

    def stop() -> None:
        if len(tenant.world.groups) > groups:
            unsubscribe()
            signal.raise_signal(signal.SIGINT)

    groups = len(tenant.world.groups)
    unsubscribe = tenant.subscribe(stop)
    stopped = run(provision.apply, ["access.yml"])
    assert stopped.exit_code == 1
    assert stopped.stderr.endswith(
        "• Stopped. What was done stays done; apply again to go on from there.\n"
    )
    assert run(provision.apply, ["access.yml"]).exit_code == 0
    assert run(provision.plan, ["access.yml"]).exit_code == 0
    assert [name for name, _ in picture(tenant)["groups"]].count("Campaign files") == 1


def test_what_came_out_otherwise_is_said_and_is_exit_code_1(run: Run, tenant: Tenant) -> None:
    """Somebody gets the package while apply is at work: their role stays, all else is done, and a sentence says so."""
    Path("access.yml").write_text(SMALL)
    run(provision.apply, ["access.yml"])
    world = tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )

    def deliver() -> None:
        unsubscribe()
        world.assignments["ann"] = Assignment(
            id="ann",
            package_id=package.id,
            policy_id=world.policies_of(package.id)[0].id,
            target_id=ANN,
            subject_id=world.subject_id(ANN),
            created_at=world.now(),
            state="delivered",
        )

    less = SMALL.replace("gives: Member of group Campaign files", "gives: []")
    Path("access.yml").write_text(less.replace("The autumn campaign", "Leaves fall"))
    unsubscribe = tenant.subscribe(deliver)
    applied = run(provision.apply, ["access.yml", "--yes"])
    assert applied.exit_code == 1
    assert (
        "• Member of group Campaign files in package Autumn Campaign was left alone: 1 assignment is live; "
        "end it first.\n"
    ) in applied.stderr
    assert len(package.role_scopes) == 1
    assert ("Autumn", "Leaves fall") in picture(tenant)["catalogs"]


def test_a_plan_says_what_entra_may_not_take(run: Run) -> None:
    """Reviews that are taken away have been seen to stay."""
    reviews = (
        "            reviews: {every: week, start: 2027-01-01, lasts: 3 days, by: themselves}\n"
    )
    Path("access.yml").write_text(SMALL + reviews)
    run(provision.apply, ["access.yml"])
    Path("access.yml").write_text(SMALL)
    planned = run(provision.plan, ["access.yml"])
    assert "    Entra has been seen to keep reviews;" in planned.stdout


@pytest.mark.usefixtures("simulated")
async def test_a_wait_that_graph_asks_for_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, before it is kept."""
    reads = provision.patient_reads(ProgressDisplay())
    await reads.sleep(60)
    assert capsys.readouterr().err == "  Graph asks to wait 60 s …\n"
    assert reads.patience.total_seconds() == 300
