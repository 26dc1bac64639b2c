"""Draw how far each result is from its target: `python -m benchmarks.plots results.json docs/performance.svg`."""

import json
from pathlib import Path
from typing import Final

import click
import matplotlib.pyplot as plt

MET: Final = "#2e7d4f"
MISSED: Final = "#c4532d"


@click.command(help=__doc__)
@click.argument("results", type=click.Path(exists=True, path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
def main(results: Path, picture: Path) -> None:
    found = [each for each in json.loads(results.read_text()) if each["ratio"]]
    found.reverse()
    labels = [f"{each['number']}  {each['work']}  ({each['target']})" for each in found]
    plt.rcParams.update({"svg.hashsalt": "latchkey", "svg.fonttype": "none", "font.size": 8})
    figure, axes = plt.subplots(figsize=(10, 0.28 * len(found) + 1), layout="constrained")
    bars = axes.barh(
        labels,
        [each["ratio"] for each in found],
        color=[MET if each["met"] else MISSED for each in found],
    )
    # Met and missed are told apart by a word, too.
    axes.bar_label(
        bars,
        [f" {each['ratio']:.3g}  {'met' if each['met'] else 'missed'}" for each in found],
    )
    axes.set_xscale("log")
    axes.margins(x=0.25)
    axes.set_xlabel("ratio to the floor named in the table (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
