"""Test what the command line imports, and when."""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bot.__main__ import COMMANDS, main

# Whoever asks for help waits for none of these.
HEAVY = {
    "aiohttp", "alembic", "apscheduler", "cryptography", "httpx", "msal", "prometheus_client", "psycopg", "pydantic",
    "requests", "rich", "slack_bolt", "slack_sdk", "sqlalchemy", "starlette", "structlog", "uvicorn",
}  # fmt: skip


def modules_after(statement: str) -> set[str]:
    """The names of all modules that *statement* has imported in a Python of its own."""
    program = f"{statement}\nimport sys\nprint('\\nmodules', *sys.modules)"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.rpartition("\nmodules ")[2].split())


def test_help_imports_click_and_our_table_only() -> None:
    """No command's own module, and nothing that it needs."""
    loaded = modules_after(
        "from bot.__main__ import main\nmain(['--help'], prog_name='latchkey', standalone_mode=False)"
    )
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.split(".")[0] in ("bot", "graph", "handlers")} == {
        "bot",
        "bot.__main__",
        "bot.cli",
        "bot.cli.lazy",
    }


def test_the_bot_imports_nothing_that_only_some_need() -> None:
    """Alembic is for schemas that are behind, a driver for PostgreSQL, cryptography for certificates."""
    loaded = modules_after("import bot.cli.operations.bot")
    only_for_some = {
        *("alembic", "mako", "psycopg", "cryptography"),
        *("sandbox", "yaml", "matplotlib"),
    }
    assert loaded & only_for_some == set()
    assert {"bot.app", "handlers", "graph"} <= loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_each_line_of_the_list_leads_to_its_command(name: str) -> None:
    """The table names modules by their names, which nothing else checks."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_the_list_shows_every_command() -> None:
    """With its line."""
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(name in shown and named.line in shown for name, named in COMMANDS.items())


def test_an_unknown_command_is_refused() -> None:
    """As click says it."""
    answer = CliRunner().invoke(main, ["grant"])
    assert answer.exit_code == 2
    assert "No such command 'grant'" in answer.output


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Each command that does something, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from leaves(found, f"{path} {name}")


def test_every_command_explains_itself_with_an_example() -> None:
    """One that calls this command, as docs/how-to/command-line.md promises."""
    without = [
        path
        for path, command in leaves(main, "latchkey")
        # "requests show" is "trace" by another name.
        if not re.search(
            rf"({path}|latchkey {command.name})\b", (command.help or "").partition("Example")[2]
        )
    ]
    assert without == []


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["audit", "--help"]])
def test_a_disk_without_room_is_a_sentence(words: list[str]) -> None:
    """And no traceback, neither at once nor when Python ends."""
    with FULL.open("w") as full:
        ran = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "bot", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr == "Not everything could be written: No space left on device.\n"


def test_a_folder_that_one_may_not_enter_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bot's folder is often open to its own user alone; the tests' user may be root, who may enter all."""
    file, stat = tmp_path / "latchkey.db", os.stat

    def forbid(path: Any, *args: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(str(file)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat(path, *args, **more)

    monkeypatch.setattr(os, "stat", forbid)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    for words in (["audit", "verify"], ["migrate"]):
        with pytest.raises(SystemExit) as ended:
            main(words, prog_name="latchkey")
        assert ended.value.code == 1
        said = capsys.readouterr().err
        assert f"• {file}" in said
        assert (
            "Permission denied. Call it as a user who may use that, such as the bot's own." in said
        )


def listed(group: click.Group, path: str) -> Iterator[tuple[str, str]]:
    """Yield each list of commands below *group* as a terminal of 80 columns shows it, with its group."""
    yield path, CliRunner().invoke(group, ["--help"], terminal_width=80).output
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from listed(command, f"{path} {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_of_a_list_of_commands_is_cut(name: str) -> None:
    """Half a sentence says nothing, or something else."""
    command = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group):
        cut = [
            (path, line)
            for path, shown in listed(command, name)
            for line in shown.partition("Commands:")[2].splitlines()
            if line.endswith("...")
        ]
        assert cut == []


def test_log_lines_leave_the_result_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read by a program, or kept in a file, is on standard output, and nothing else is."""
    file = tmp_path / "none.db"
    file.write_text("This is no database." * 100)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    said = CliRunner().invoke(main, ["migrate"])
    assert (said.exit_code, said.stdout) == (1, "")
    assert "database-unusable" in said.stderr
    assert "The database cannot be used" in said.stderr


def test_a_database_file_that_cannot_be_opened_has_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to look at is the folder."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/latchkey.db")
    said = CliRunner().invoke(main, ["migrate"])
    assert said.exit_code == 1
    assert "Check DATABASE_URL, and your rights to the file and its folder." in said.stderr
