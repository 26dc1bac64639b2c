"""Write docs/reference/commands.md: `python -m tests.docs.command_reference > docs/reference/commands.md`."""

import inspect
import re
from collections.abc import Iterator
from typing import Final

import click

from bot.__main__ import main

HEAD: Final = """# Commands

Every command with all of its options, as `latchkey COMMAND --help` has them. What for, and in which order, is in the guides:
[the command line](../how-to/command-line.md), [running it](../how-to/operations.md), [packages as code](../how-to/packages-as-code.md).
The exit codes are in [settings](settings.md#commands-and-exit-codes).

This page is made from the program: `make docs`.
"""
EXAMPLE: Final = re.compile(r"Examples?: ?")


def commands(
    group: click.Group = main, context: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its whole name, in the order of the names."""
    context = context or click.Context(group, info_name="latchkey")
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        yield below.command_path, command, below
        if isinstance(command, click.Group):
            yield from commands(command, below)


def page() -> str:
    """Return the page."""
    return HEAD + "".join("\n" + "\n".join(_section(*each)).rstrip() + "\n" for each in commands())


def _section(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {name}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{name} {usage}\n```\n"
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        lines = [line.strip() for line in paragraph.replace("\b", "").strip().splitlines()]
        if EXAMPLE.match(lines[0] if lines else ""):
            shown = [EXAMPLE.sub("", lines[0]), *lines[1:]]
            yield "\n".join(("```bash", *filter(None, shown), "```\n"))
        elif lines:
            yield f"{_plain(' '.join(lines))}\n"
    rows = [
        _row(each, context)
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
    ]
    if rows:
        yield "| Option | What |\n|---|---|"
        yield from rows


def _row(option: click.Option, context: click.Context) -> str:
    names, said = option.get_help_record(context) or ("", "")
    return f"| `{_cell(names)}` | {_plain(_cell(' '.join(said.split())))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """Let nothing in a sentence become a tag."""
    return re.sub(r"<(?=[a-zA-Z/!])", "&lt;", text)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
