"""Every message and every view: valid in Slack's eyes, whatever people and administrators have written."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot import clock
from bot.messages.admins import access_list, pending_list, repairing
from bot.messages.approvals import approval_card
from bot.messages.blocks.parts import escape, shorten
from bot.requests.model import State
from sandbox.page.mrkdwn import mrkdwn
from sandbox.page.reader import Reader
from sandbox.slack.content import checked_blocks, checked_view
from tests.bot.messages.every_message import (
    CASES,
    HOSTILE,
    every_message,
    every_view,
    held_up,
    mrkdwn_in,
    request,
)
from tests.bot.samples import OF_ALL, held, page


def mistakes(blocks: list[dict[str, Any]], *, most: int) -> list[str]:
    """Return what Slack's own library finds, and what it does not look for."""
    found = []
    if not 0 < len(blocks) <= most:
        found.append(f"{len(blocks)} blocks")
    for block in blocks:
        parsed = Block.parse(block)
        if parsed is None:
            found.append(f"unknown block {block['type']}")
            continue
        try:
            parsed.validate_json()
        except Exception as error:
            found.append(f"{error}: {block}")
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            if element.get("type") == "button" and len(element["value"]) > 64:
                found.append(f"value of {element}")
            if not element.get("action_id", "latchkey_").startswith("latchkey_"):
                found.append(f"action of {element}")
            if element.get("type") == "mrkdwn" and not element["text"]:
                found.append("empty text")
        if block["type"] == "section" and "text" in block and not block["text"]["text"].strip():
            found.append("empty section")
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    found += [f"twice: {each}" for each in ids if ids.count(each) > 1]
    return found


@pytest.mark.cases(6)
@pytest.mark.parametrize(("text", "count"), CASES)
def test_every_message_is_valid(text, count):
    """By the limits that Slack's library knows, and a few more."""
    for label, message in every_message(text, count=count).items():
        assert mistakes(message["blocks"], most=50) == [], label
        assert 0 < len(message["text"]) <= 4_000, label


@pytest.mark.parametrize(("text", "count"), CASES)
def test_every_view_is_valid(text, count):
    """Forms and pages."""
    for label, view in every_view(text, count=count).items():
        assert mistakes(view["blocks"], most=100) == [], label
        View(**view).validate_json()


@pytest.mark.parametrize(("text", "count"), CASES)
def test_slack_takes_every_message_and_view(text, count):
    """The stand-in, which is as strict as is known of Slack: it counts all texts of a message, and a view's bytes."""
    for label, message in every_message(text, count=count).items():
        assert len(json.dumps(checked_blocks(message["blocks"]))) > 0, label
    for label, view in every_view(text, count=count).items():
        assert checked_view(view)["type"] == view["type"], label


@pytest.fixture
def blockcheck(shared_conformance):
    """Slack's rules, as somebody else has read them."""
    return loaded(shared_conformance / "blockcheck.py")


@functools.cache
def loaded(path: Path) -> ModuleType:
    loader = SourceFileLoader("blockcheck", str(path))
    module = ModuleType(loader.name)
    module.__file__ = str(path)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(("text", "count"), CASES)
def test_every_message_conforms(blockcheck, text, count):
    """An independent reading of Slack's limits agrees."""
    for label, message in every_message(text, count=count).items():
        assert blockcheck.check_message(message) == [], label
    for label, view in every_view(text, count=count).items():
        assert blockcheck.check_view(view) == [], label


def live_texts(value: Any) -> list[str]:
    """Every text that Slack would read as mrkdwn."""
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            return [value["text"]]
        return [each for inner in value.values() for each in live_texts(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in live_texts(inner)]
    return []


OURS = re.compile(r"<(@U[A-Z0-9]+|!date\^\d+\^[^|>^]+\|[^|>]+)>")


@pytest.mark.parametrize("key", ["broadcast", "mention", "link", "date link", "long hostile"])
def test_nobody_smuggles_in_a_mention_or_a_link(key):
    """The only live tokens are mentions of people by id and dates without links, both ours."""
    made = {**every_message(HOSTILE[key], count=3), **every_view(HOSTILE[key], count=3)}
    for label, message in made.items():
        texts = live_texts(message["blocks"]) + ([message["text"]] if "text" in message else [])
        for text in texts:
            rest = OURS.sub("", text)
            assert "<" not in rest, (label, text)
            mentioned = set(re.findall(r"<@(\w+)>", text))
            assert mentioned <= {"U0ANN", "U0BO"} | {f"U{n}" for n in range(3)}, label


def test_every_message_has_words_for_a_screen_reader():
    """The text alone says what it is about."""
    for label, message in every_message("Marketing Campaign").items():
        assert re.search(r"[A-Za-z]{3}", message["text"]), label


NAMES_WITH_FORMATS = (
    "*bold*",
    "Finance *Read*",
    "_italic_ and __more__",
    "~gone~",
    "`code` ```block```",
    "> a quote",
    "first\n> a quote",
    "* a *",
    "a*b*c",
    "*",
    "_*~`both`~*_",
)


def formats(text: str) -> list[str]:
    """Return what stands in bold, in italics, struck through, as code or as a quote."""
    reader = Reader(person_id="U0ANN", zone=ZoneInfo("UTC"), now=clock.now())
    html = str(mrkdwn(text, reader))
    return re.findall(r"<(?:strong|em|s|code|pre|blockquote)>.*?</", html, re.DOTALL)


@pytest.mark.parametrize("name", NAMES_WITH_FORMATS)
def test_a_name_formats_nothing(name):
    """Our own bold stays, and nothing within a name or behind it is bold, slanted, struck through, code or a quote."""
    assert formats(f"Before {escape(name)} after.") == []
    assert formats(f"{escape(name)}") == []
    around = formats(f"A *{escape(name)}* b *our own*")
    assert around[-1] == "<strong>our own</"
    # No format of Slack's goes on in the next line.
    assert len(around) == (1 if "\n" in name else 2)


@pytest.mark.cases(3)
@pytest.mark.parametrize("name", NAMES_WITH_FORMATS)
def test_no_message_is_formatted_by_a_name(name):
    """Whatever the name, no message has more formats than with a plain one of the same length and lines."""
    plain = re.sub(r"[^\w\s]|_", "x", name)
    plainly = {**every_message(plain), **every_view(plain)}
    compared = 0
    for label, said in {**every_message(name), **every_view(name)}.items():
        if label in plainly:
            compared += 1
            most = [len(formats(text)) for text in mrkdwn_in(plainly[label])]
            found = [len(formats(text)) for text in mrkdwn_in(said)]
            assert all(a <= b for a, b in zip(found, most, strict=True)), label
    assert compared > 30


@pytest.mark.parametrize("name", ["finance_read_only", "a_b", "Zoë_Ünal"])
def test_an_underscore_within_a_word_stays(name):
    """Slack takes none for a format there, and such names are common."""
    assert escape(name) == name


def test_every_button_about_a_person_names_them():
    """To a screen reader, and with the package, however long both names are."""
    for name in ("Ann Abara", "x" * 256):
        one = request(holder_name=name, package_name=name, answers={"q": ("a",)})
        row = held(holder_name=name, package_name=name)
        hold = held_up(one, why="")
        stuck = replace(one, state=State.APPROVED, held_at=clock.now())
        made = [
            approval_card.card(replace(one, state=State.PENDING), []),
            pending_list.pending(page([one]), reader="U0BO"),
            access_list.assignments(page([row]), place=OF_ALL),
            repairing.card(hold, stuck),
        ]
        found = [each for said in made for each in buttons_in(said)]
        assert len(found) >= 6
        for each in found:
            about = each["accessibility_label"].removeprefix(f"{each['text']['text']}: ")
            who, _, package = about.partition(", ")
            assert who == shorten(name, 27)
            assert package == shorten(name, 27)
            assert len(each["accessibility_label"]) <= 75


def buttons_in(said: Any) -> list[dict[str, Any]]:
    """Every button of a message."""
    if isinstance(said, Mapping):
        here = [dict(said)] if said.get("type") == "button" else []
        return here + [each for one in said.values() for each in buttons_in(one)]
    return [each for one in said for each in buttons_in(one)] if isinstance(said, list) else []
