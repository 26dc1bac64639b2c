"""Import the module of a command when the command is called, and not to list it."""

import errno
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

# What a system answers when there is no room for what is written.
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class Named:
    """
    A command, by its module and name, and the line that the list of commands has of it.

    Attributes:
        place: Its module and its name there: ``bot.cli.operations.guard:pause``.
        line: Its line in the list.
    """

    place: str
    line: str

    def load(self) -> click.Command:
        module, _, name = self.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


class LazyGroup(click.Group):
    """
    A group made of a table of its commands.

    Source: click, "Lazily Loading Subcommands".
    """

    def __init__(self, *args: Any, table: Mapping[str, Named], **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        named = self.table.get(cmd_name)
        if named is None:
            return None
        # Whoever asks for help does not wait for it.
        from bot.cli import own_packages
        from bot.logs import send_logs_to_stderr

        own_packages.check_own_packages()
        send_logs_to_stderr()
        return named.load()

    def __call__(self, *args: Any, **extra: Any) -> Any:
        """Run the program; a place without room for what it writes, or where it may not go, is a sentence, and exit code 1."""
        try:
            return super().__call__(*args, **extra)
        except PermissionError as error:
            if error.filename is None:
                raise
            click.echo(
                f"• {error.filename}: {error.strerror}. Call it as a user who may use that, such as the bot's own.",
                err=True,
            )
            sys.exit(1)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            click.echo(f"Not everything could be written: {os.strerror(error.errno)}.", err=True)
            # What is left of it would be tried once more at the end of the program, and fail as loudly.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name].line) for name in self.list_commands(ctx)])
