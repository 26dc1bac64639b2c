"""Provision packages as code: ``latchkey plan | apply | destroy | import | test FILE``."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.text import Text

from bot.cli.connection import (
    WHERE_PERMISSIONS_ARE,
    Stop,
    WrongSettings,
    api_option,
    failures_as_sentences,
    graph_for,
    graph_settings,
)
from bot.packages.names import clean
from bot.provisioning import render as showing
from bot.provisioning.changes.apply import Applier, ApplyError
from bot.provisioning.changes.destroy import Destroyer, destruction, settle
from bot.provisioning.changes.plan import Planned, make_plan
from bot.provisioning.file_format.file import Document, read_file
from bot.provisioning.file_format.grammar import GUID
from bot.provisioning.import_ import import_tenant
from bot.provisioning.policy_tests.evaluate import Evaluator, PolicyTestOutcome, PolicyTestResult
from bot.provisioning.policy_tests.facts import Facts, FileFacts
from bot.provisioning.policy_tests.tenant_facts import TenantFacts
from bot.provisioning.progress import ProgressDisplay
from bot.provisioning.writing.diff import Operation
from bot.provisioning.writing.retry import PATIENCE, Retrier
from bot.provisioning.writing.state import StateFile, locked, state_of
from bot.source import FileError
from graph import Graph, Retries
from graph.errors import Forbidden

WOULD_CHANGE: Final = 2
DOES_NOT_HOLD: Final = 1
WORTH_SAYING: Final = 5  # seconds

Result = TypeVar("Result")

file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON for programs.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A tenant to work on, and how the command talks meanwhile."""

    graph: Graph
    version: str
    state: StateFile
    retrier: Retrier
    progress: ProgressDisplay


@click.command()
@file_argument
@api_option
@json_option
def plan(file: Path, api: str | None, as_json: bool) -> None:
    """
    Show what apply would do to make the tenant agree with FILE; nothing is written.

    Exits with 0 when nothing would change, with 2 when something would, and with 1 when the file or
    the tenant cannot be understood.

    Example: latchkey plan docs/example.yml
    """

    async def work(document: Document, there: Connected) -> Planned:
        return await make_plan(there.graph, document, there.state, version=there.version)

    planned = _with_file(file, work, api=api)
    _show_plan(planned, file, as_json=as_json)
    if planned.plan.changes:
        sys.exit(WOULD_CHANGE)


@click.command()
@file_argument
@api_option
@json_option
@yes_option
@click.option(
    "--adopt",
    is_flag=True,
    help="Let destroy also delete what existed before and the file describes.",
)
def apply(file: Path, api: str | None, as_json: bool, yes: bool, adopt: bool) -> None:
    """
    Make the tenant agree with FILE.

    What is there already is left as it is or changed, never made twice; run it again after it was cut
    short, and it goes on.  It asks before it deletes anything.  What it made is noted beside the file,
    in FILE's name with .latchkey.json, and only that is ever deleted.

    Example: latchkey apply docs/example.yml
    """

    async def work(document: Document, there: Connected) -> list[str]:
        async def look() -> Planned:
            return await make_plan(there.graph, document, there.state, version=there.version)

        planned = await look()
        with there.progress.paused():
            _show_plan(planned, file, as_json=as_json)
            if planned.plan.count(Operation.DELETE) and not yes:
                _confirm("Go on and delete what is marked with “-”?")
                _insist_on_same(planned.plan, (await look()).plan, command="apply")
        applier = Applier(
            graph=there.graph,
            document=document,
            state=there.state,
            retrier=there.retrier,
            tell=there.progress.change,
        )
        await applier.apply(planned)
        if adopt:
            for key in applier.adopt(await look()):
                there.progress.done(f"adopted {' / '.join(key)}")
        return applier.remarks

    with _may_be_stopped("apply"):
        remarks = _with_file(file, work, api=api)
    if remarks:
        raise Stop(*(clean(f"{each}.") for each in remarks))


@click.command()
@file_argument
@api_option
@yes_option
def destroy(file: Path, api: str | None, yes: bool) -> None:
    """
    Delete what apply of FILE made in the tenant, and nothing else.

    Access to the packages is ended first; then policies, roles, packages, resources, catalogs, groups
    and people go.  It asks first.

    Example: latchkey destroy docs/example.yml
    """

    async def work(document: Document, there: Connected) -> None:
        await settle(there.graph, document, there.state, there.retrier, version=there.version)
        what = await destruction(there.graph, there.state)
        with there.progress.paused():
            _print(showing.destruction_lines(what))
            if not what.lines():
                click.echo(
                    f"Nothing to take away: {there.state.path} notes nothing that Latchkey made here."
                )
            elif not yes:
                _confirm("All of this is deleted for good. Go on?")
                now = await destruction(there.graph, there.state)
                _insist_on_same(what, now, command="destroy")
        destroyer = Destroyer(
            graph=there.graph,
            state=there.state,
            retrier=there.retrier,
            tell=there.progress.step,
        )
        await destroyer.destroy(what)

    with _may_be_stopped("destroy"):
        _with_file(file, work, api=api)


def _warn_of_state(file: Path) -> None:
    """Say that what Latchkey made has left a file that was written over, where the import leaves it out."""
    state = state_of(file)
    if state.exists():
        click.echo(
            f"{state} names what Latchkey has made. A plan of {file} may propose to delete what of that is not in it: no "
            "import writes people or groups. Read the plan before you apply it.",
            err=True,
        )


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@api_option
@click.option("--catalog", "catalogs", multiple=True, help="Only this catalog; may be repeated.")
@click.option("--force", is_flag=True, help="Write over FILE if it exists.")
def import_(file: Path, api: str | None, catalogs: tuple[str, ...], force: bool) -> None:
    """
    Write FILE from the tenant as it is; a plan of it says that nothing changes, but for what was left out.

    FILE may be - for standard output.

    Example: latchkey import access.yml --catalog General
    """
    is_output = str(file) == "-"
    if not is_output and file.exists() and not force:
        raise Stop(f"{file} exists already; --force writes over it.")

    async def work(graph: Graph) -> Any:
        return await import_tenant(graph, catalogs=catalogs)

    with _sentences():
        imported = asyncio.run(_connected(work, api=api))
        if is_output:
            click.echo(imported.text, nl=False)
        else:
            _write(file, imported.text)
            click.echo(f"{file} says what the tenant has.")
            _warn_of_state(file)
    for sentence in imported.left_out:
        click.echo(f"• Left out: {clean(sentence)}.", err=True)


@click.command()
@file_argument
@api_option
@click.option(
    "--tenant", is_flag=True, help="Judge what the tenant says today, not what the file says."
)
@json_option
def test(file: Path, api: str | None, tenant: bool, as_json: bool) -> None:
    """
    Run the policy tests in FILE, against the file alone or against the tenant.

    Exits with 1 when one does not hold or cannot be told, or there is none.

    Example: latchkey test docs/example.yml
    """
    with _sentences():
        document = read_file(file)

        async def evaluate(facts: Facts) -> list[PolicyTestResult]:
            return await Evaluator(facts).evaluate(document.file.tests)

        async def work(graph: Graph) -> list[PolicyTestResult]:
            return await evaluate(TenantFacts(graph, document.file))

        results = asyncio.run(
            _connected(work, api=api) if tenant else evaluate(FileFacts(document.file))
        )
    failed = sum(each.outcome is not PolicyTestOutcome.HOLDS for each in results)
    if as_json:
        tests = [each.as_json() for each in results]
        click.echo(json.dumps({"tests": tests, "failed": failed}, indent=2, ensure_ascii=False))
    elif results:
        _print(showing.policy_test_lines(results))
        click.echo(f"{len(results) - failed} of {len(results)} tests hold.")
    if not results:
        raise Stop(f"{file} has no tests: nothing was checked.")
    if failed:
        sys.exit(DOES_NOT_HOLD)


def _with_file(
    path: Path, work: Callable[[Document, Connected], Awaitable[Result]], *, api: str | None
) -> Result:
    """Read the file, then do *work* on the tenant with it; whatever goes wrong becomes sentences."""
    with _sentences():
        document = read_file(path)

        async def connected() -> Result:
            async with _tenant(path, api=api) as there:
                return await work(document, there)

        return asyncio.run(connected())


@asynccontextmanager
async def _tenant(path: Path, *, api: str | None) -> AsyncIterator[Connected]:
    settings = graph_settings()
    tenant_id = settings.azure_tenant_id or ""
    if not GUID.fullmatch(tenant_id):
        # A tenant has one id and several domains: by another of them nothing would be Latchkey's own.
        raise WrongSettings(
            f"AZURE_TENANT_ID is “{tenant_id}”: set it to the tenant's id, which is a GUID, and not to a domain. "
            "By that Latchkey keeps what it made."
        )
    progress = ProgressDisplay()
    async with graph_for(settings, api=api, retries=patient_reads(progress), batches=True) as graph:
        with locked(path), progress.shown():
            yield Connected(
                graph=graph,
                version=api or settings.graph_api_version,
                state=StateFile.beside(path, tenant=tenant_id),
                retrier=Retrier(say=progress.say),
                progress=progress,
            )


async def _connected(work: Callable[[Graph], Awaitable[Result]], *, api: str | None) -> Result:
    progress = ProgressDisplay()
    async with graph_for(
        graph_settings(), api=api, retries=patient_reads(progress), batches=True
    ) as graph:
        with progress.shown():
            return await work(graph)


def patient_reads(progress: ProgressDisplay) -> Retries:
    """Reads that wait as long as Graph asks for, five minutes in all for one of them, and say so."""

    async def sleep(seconds: float) -> None:
        if seconds >= WORTH_SAYING:
            progress.say(f"Graph asks to wait {seconds:.0f} s")
        await asyncio.sleep(seconds)

    return Retries(patience=PATIENCE, sleep=sleep, waits_out_throttling=True)


@contextmanager
def _may_be_stopped(command: str) -> Iterator[None]:
    """Say what to do after Ctrl-C: nothing is lost, and nothing is done twice."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stop(
            f"Stopped. What was done stays done; {command} again to go on from there."
        ) from None


@contextmanager
def _sentences() -> Iterator[None]:
    with failures_as_sentences():
        try:
            yield
        except FileError as error:
            raise Stop(*error.problems) from None
        except ApplyError as error:
            advice = [WHERE_PERMISSIONS_ARE] if isinstance(error.__cause__, Forbidden) else []
            raise Stop(str(error), *advice) from error


def _show_plan(planned: Planned, file: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(planned.plan.as_json(), indent=2, ensure_ascii=False))
    else:
        _print(showing.plan_lines(planned.plan, name=file.name))


def _print(lines: Iterable[Text]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def _confirm(question: str) -> None:
    click.confirm(question, abort=True, err=True)


def _insist_on_same(agreed: object, now: object, *, command: str) -> None:
    """Do nothing but what somebody has read and agreed to: it may have become something else while they did."""
    if now != agreed:
        raise Stop(
            "Something has changed in Entra since this was shown, and more or less would be deleted now. Nothing was "
            f"done; {command} again to see it."
        )


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror or error}.") from error
