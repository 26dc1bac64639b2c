"""Render a plan, a destruction and the results of policy tests as colored lines for people."""

from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from bot.packages.names import clean
from bot.provisioning.changes.destroy import Destruction
from bot.provisioning.policy_tests.evaluate import PolicyTestOutcome, PolicyTestResult
from bot.provisioning.writing.diff import Change, Operation, Plan

SIGNS: Final = {
    Operation.CREATE: ("+", "green"),
    Operation.CHANGE: ("~", "yellow"),
    Operation.DELETE: ("-", "red"),
}
MARKS: Final = {
    PolicyTestOutcome.HOLDS: ("✓", "green"),
    PolicyTestOutcome.FAILS: ("✗", "red"),
    PolicyTestOutcome.UNCLEAR: ("?", "yellow"),
}


def plan_lines(plan: Plan, *, name: str) -> Iterator[Text]:
    """
    Render what would be done, a line a change, with what differs under it.

    Args:
        name: What the file is called.
    """
    for change in plan.changes:
        yield from _change_lines(change, name=name)
    for sentence in plan.left_alone:
        yield Text(f"  left alone: {clean(sentence)}", style="dim")
    if not plan.changes:
        yield Text("Nothing would change: the tenant is as the file says.")
        return
    counts = [
        f"{plan.count(operation)} to {operation}"
        for operation in Operation
        if plan.count(operation)
    ]
    yield Text(f"{', '.join(counts)}.", style="bold")


def _change_lines(change: Change, *, name: str) -> Iterator[Text]:
    sign, color = SIGNS[change.operation]
    line = Text(f"{sign} {clean(change.title)}", style=color)
    if change.line is not None:
        line.append(f"  {name}:{change.line}", style="dim")
    yield line
    for each in change.differences:
        said = Text(f"    {clean(each.what)}: ")
        if each.before is not None:
            said.append(clean(each.before) or "nothing", style="red")
            said.append(" → ")
        elif change.operation is Operation.CHANGE:
            said.append("nothing → ")
        said.append(clean(each.after) if each.after is not None else "nothing", style="green")
        yield said
    for note in change.notes:
        yield Text(f"    {clean(note)}", style="dim")


def destruction_lines(what: Destruction) -> Iterator[Text]:
    """Render what would be taken away, in order."""
    for line in what.lines():
        yield Text(f"- {clean(line)}", style="red")
    for sentence in what.kept:
        yield Text(f"  {clean(sentence)}", style="dim")


def policy_test_lines(results: Iterable[PolicyTestResult]) -> Iterator[Text]:
    """Render each policy test, and why it does not hold if it does not."""
    for result in results:
        mark, color = MARKS[result.outcome]
        yield Text.assemble((mark, color), f" {clean(result.text)}")
        if result.outcome is not PolicyTestOutcome.HOLDS:
            yield Text(f"    {result.outcome}: {clean(result.why)}", style=color)
