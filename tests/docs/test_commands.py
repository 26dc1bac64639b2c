"""Every command in the documents is one: bash reads it, the command line knows it, and the files it names are there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Final

import click
import pytest

from bot.__main__ import main
from tests.docs.references import ROOT, documents

BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"(?<!`)`(latchkey [^`\n]+)`(?!`)")
SHELL: Final = frozenset({"bash", "sh", ""})
# What documents leave out of a command, and how they write what the reader fills in.
ELLIPSES: Final = ("…", "...")
# What comes first on a line with a command of ours: variables, sudo, a folder; or a container or unit that runs it.
OURS: Final = re.compile(
    r"\s*(?:(?:[A-Z_]+=\S+\s+)*(?:sudo )?(?:\S*/)?latchkey"
    r"|docker run .* (?:latchkey|\S+/latchkey:\S+)"
    r"|.* exec \S+ (?:-- )?latchkey"
    r"|sudo systemd-run .*/latchkey)\s+([a-z-].*)"
)


def blocks(language: str | None = None) -> Iterator[tuple[str, str]]:
    """The fenced blocks of all documents: name of the document, and text."""
    for document in documents():
        for kind, text in BLOCK.findall(document.read_text()):
            if kind == language if language is not None else kind in SHELL:
                yield document.name, text


def commands() -> Iterator[tuple[str, str]]:
    """Yield what the documents have behind `latchkey`, with the document's name; comments are left out."""
    for name, text in blocks():
        for line in text.replace("\\\n", " ").splitlines():
            bare = re.sub(r"(?:^|\s)#.*$", "", line)
            found = OURS.fullmatch(bare.rstrip())
            if found:
                yield name, found[1]
    for document in documents():
        for said in INLINE.findall(BLOCK.sub("", document.read_text())):
            yield document.name, said.removeprefix("latchkey ")


@pytest.mark.parametrize(
    ("name", "text"), [pytest.param(*each, id=f"{each[0]}-{n}") for n, each in enumerate(blocks("bash"))]
)  # fmt: skip
def test_bash_reads_every_block_of_bash(name, text):
    """Nothing is run."""
    # What the reader fills in is written in angle brackets, which a shell takes for a file.
    plain = re.sub(r"<[a-z][^>\n]*>", "FILLED_IN", text)
    said = subprocess.run(
        ["/usr/bin/env", "bash", "-n"], input=plain, capture_output=True, text=True
    )
    assert said.stderr == ""


@pytest.mark.parametrize(("name", "line"), sorted(set(commands())))
def test_every_command_of_latchkeys_is_one(name, line):
    """The command and all of its options are known; what may be left out with “…” is."""
    line = line.replace("\\|", "|")
    words = shlex.split(
        re.split(r"\s[|>&;]|[|>;](?=\s)", line)[0].replace("[", " [ ").replace("]", " ] ")
    )
    words = [word for word in words if word not in ("[", "]")]
    command: click.Command = main
    context = click.Context(main)
    while words and isinstance(command, click.Group):
        if words[0].startswith("-") or set(words[0]) & set("…,|") or words[0].isupper():
            break
        found = command.get_command(context, words[0].rstrip(","))
        assert found is not None, f"latchkey has no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context)
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known | {"--help", "-h"}


def test_every_file_of_deploy_that_a_document_names_is_there():
    """In a command or in a sentence."""
    made = re.compile(r"deploy/compose/(?:secrets|slack-manifest|latchkey\.env)")
    named = {
        path.rstrip("./")
        for document in documents()
        for path in re.findall(r"\bdeploy/[\w./-]+", document.read_text())
        if not made.match(path)
    }
    assert len(named) > 4
    assert {each for each in named if not (ROOT / each).exists()} == set()


STEP: Final = re.compile(r"\*\*(\d+)\. [^*]+\*\*[^(]*\((?:[^()]*?: )?(\d+) minutes?\b")
HOUR: Final = 60


def test_an_installation_takes_the_steps_and_the_minutes_that_its_tables_say():
    """Each step stands once in the table of what is assumed, with its minutes; together they are less than an hour."""
    text = (ROOT / "docs" / "how-to" / "install.md").read_text()
    rows = re.findall(r"^\| \[([^\]]+)\]\([^)]+\) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    assert len(rows) == 3
    table = text.partition("| What is done |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    for column, (heading, steps, minutes) in enumerate(rows, start=1):
        section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        taken = {int(number): int(each) for number, each in STEP.findall(section)}
        assert list(taken) == list(range(1, int(steps) + 1)), heading
        assumed = [row[column].split(": ") for row in cells[:-1] if row[column]]
        numbers = [[int(each) for each in several.split(", ")] for several, _ in assumed]
        assert sorted(each for several in numbers for each in several) == list(taken), heading
        for several, (_, said) in zip(numbers, assumed, strict=True):
            assert sum(taken[each] for each in several) == int(said), (heading, several)
        together = sum(taken.values())
        assert cells[-1][column] == f"**{together}**"
        assert int(minutes) == -(-together // 5) * 5 <= HOUR


MODULE: Final = re.compile(r"\bpython -m (tests|benchmarks|bot|sandbox)((?:\.\w+)*)")
TESTS: Final = re.compile(r"\bpytest (?:-\S+ )*(tests/[\w/]+(?:\.py)?)")


def test_every_target_and_module_in_a_block_is_there():
    """What bash can read need not be: `make` has the target, Python has the module, pytest has the file."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [line for _, text in blocks() for line in text.splitlines()]
    made = {found[1] for line in lines if (found := re.match(r"(?:\w+=\S+ )*make ([a-z-]+)", line))}
    assert len(made) > 10
    assert made - targets == set()
    named = {"".join(found) for line in lines for found in MODULE.findall(line)}
    paths = [ROOT / name.replace(".", "/") for name in named]
    paths += [ROOT / path for line in lines for path in TESTS.findall(line)]
    assert [path for path in paths if not (path.exists() or path.with_suffix(".py").exists())] == []
