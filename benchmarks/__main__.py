"""
Every benchmark, one after the other, and one table: `make bench`.

A benchmark is a module of this folder with a function `measure(options)` that returns lines of the table.  What is
compared is measured in the same run, turn by turn, because two runs on a busy machine say nothing of each other.
"""

import gc
import importlib
import time
import traceback
from pathlib import Path
from typing import Final

import click

from benchmarks.table import DATABASES, Database, Options, Result, save, show
from bot.logs import configure_logs

# In the order of the targets of docs/explanation/performance.md.
BENCHMARKS: Final[tuple[str, ...]] = (
    "names",
    "suggestions",
    "ack",
    "burst",
    "scale",
    "graph_calls",
    "listing",
    "sync",
    "delivery",
    "screens",
    "footprint",
    "replicas",
    "reminders",
    "packages",
    "model",
)


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(BENCHMARKS))
@click.option("--quick", is_flag=True, help="Only what does not need minutes.")
@click.option("--database", "databases", multiple=True, type=click.Choice(DATABASES))
@click.option("--save", "file", type=click.Path(path_type=Path), help="Write the results as JSON.")
def main(
    names: tuple[str, ...], quick: bool, databases: tuple[Database, ...], file: Path | None
) -> None:
    configure_logs(level=50)
    options = Options(quick=quick, databases=databases or DATABASES)
    results: list[Result] = []
    broken: list[str] = []
    for name in names or BENCHMARKS:
        # What the benchmarks before it have left is not looked through while this one is measured, here or in a child.
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        try:
            results += importlib.import_module(f"benchmarks.{name}").measure(options)
        except Exception:
            # What the others measure is not lost.
            traceback.print_exc()
            broken.append(name)
        click.echo(f"{name}: {time.perf_counter() - began:.0f} s", err=True)
    show(results)
    if file is not None:
        save(results, file)
    if broken:
        raise click.ClickException(f"These could not be measured, see above: {', '.join(broken)}")


if __name__ == "__main__":
    main()
