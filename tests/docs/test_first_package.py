"""The tutorial of the first package, done as it is written: each command is run, and says what the page says."""

import re

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from tests.docs.references import ROOT

PAGE = (ROOT / "docs" / "tutorials" / "first-package.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Where the reader puts the second policy, and what the new sentences take the place of.
BEFORE_THE_POLICY = "            may extend: yes\n"
LAST_SENTENCE = "  - cy@contoso.example may not ask for kitchen-key\n"


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """The reader's file, in a folder of its own, with no settings."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "kitchen.yml"


def test_the_tutorial_does_what_it_says(kitchen):
    """From the first block to the last."""
    done = 0
    for kind, text in BLOCK.findall(PAGE):
        if kind == "yaml":
            kitchen.write_text(written(kitchen, text))
        elif kind == "bash":
            words = text.split()
            assert words[0] == "latchkey"
            result = CliRunner().invoke(main, words[1:])
        else:
            assert kind == "text"
            assert result.output == text
            assert result.exit_code == (1 if "✗" in text else 0)
            done += 1
    assert done == 3


def written(kitchen, text):
    """Return what the file has after the reader has done as the page says."""
    if not kitchen.exists():
        return text
    before = kitchen.read_text()
    place = BEFORE_THE_POLICY if "- name:" in text else LAST_SENTENCE
    assert before.count(place) == 1
    return before.replace(place, place + text if place == BEFORE_THE_POLICY else text)
