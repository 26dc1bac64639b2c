"""
Every screen in the pseudo-language: whatever is not between its marks was not said through the catalogs.

What people and Entra have written is digits here, so that every word that is left is one of ours.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import clock
from bot.messages.admins import assignment_table, repairing
from bot.messages.approvals import approval_card, decision_lines, pending_rows
from bot.messages.requests import on_behalf
from bot.packages.model import Removal, Stage
from bot.people.model import Verb
from bot.requests.model import State
from bot.words import speaking
from bot.words.catalogs import PSEUDO
from tests.bot.messages import test_extremes
from tests.bot.messages.every_message import held_up, request
from tests.bot.messages.test_extremes import screens
from tests.bot.samples import OF_ALL, click, held, page, terms

# What no person reads.
UNREAD = frozenset(
    {
        *("type", "block_id", "action_id", "callback_id", "private_metadata", "value", "style"),
        *(
            "url",
            "initial_date",
            "initial_user",
            "metadata",
            "event_type",
            "focus_on_load",
            "dispatch_action_config",
        ),
    }
)
# The innermost of them.
SAID = re.compile(r"\[!! (?:(?!\[!! ).)*? !!\]", re.DOTALL)
# What is cut at its end, or where a long text goes on in another block.
CUT = re.compile(r"\[!! .*$|^.* !!\]", re.DOTALL)
# Slack's tokens, code, emoji, commands, ids, an error's class, the audit log's verb.
SIGNS = re.compile(
    r"<[^<>]*>|`[^`]*`|:[a-z_]+:|/[a-z]+-access\b|&(?:amp|lt|gt);|\b[uUapes]\d\w*|\b20\d\d-\S*|UTC|\(Graph\w+\)|\*approve\*"
)
# A sign that ends a sentence, right behind one that is said already, or behind a name.
HERE = "\N{BLACK SQUARE}"
GLUED = re.compile(rf"(?:{HERE}|\*|>)[.…]")
WORD = re.compile(r"[^\W\d_]{2,}")


def read(shown: Any) -> Iterator[str]:
    """Yield every text that somebody reads."""
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, dict):
        for key, each in shown.items():
            if key not in UNREAD:
                yield from read(each)
    elif isinstance(shown, list | tuple):
        for each in shown:
            yield from read(each)


def unsaid(text: str) -> str:
    """Return what of *text* has not come through the catalogs."""
    return SIGNS.sub(" ", CUT.sub(" ", without_said(text, " ")))


def without_said(text: str, instead: str) -> str:
    """Return *text* with *instead* of each sentence that has come through the catalogs."""
    left, before = text, ""
    while left != before:
        before, left = left, SAID.sub(instead, left)
    return left


def rarely_seen():
    """Return what the screens of the extremes do not show: nobody is found who decides; a sentence of each kind of decision."""
    made: dict[str, Any] = {}
    waits = request(
        state=State.PENDING,
        deciders=(),
        holder_name="73",
        package_name="73",
        justification="73",
        terms=terms(policy_name="73", contents=(), catalog="73"),
    )
    several = replace(
        waits,
        terms=terms(policy_name="73", contents=(), stages=(Stage(), Stage(quorum=2))),
        stage=1,
    )
    for label, waiting in (("one", waits), ("several", several)):
        made[f"nobody named, {label}"] = pending_rows.to_decide(page([waiting]), reader="U0X")
        made[f"nobody named, {label}, told"] = on_behalf.told_beneficiary(
            replace(waiting, wanted_for="U0X")
        )
        made[f"nobody named, {label}, stuck"] = repairing.card(
            held_up(waiting, why="73"), replace(waiting, held_at=clock.now())
        )
    for verb, reason, as_admin, for_user, end in itertools.product(
        (Verb.APPROVE, Verb.DENY),
        ("73", None),
        (True, False),
        ("U0X", None),
        ((None, None), (clock.now(), None), (clock.now(), clock.now())),
    ):
        decision = click(
            waits,
            name="73",
            verb=verb,
            reason=reason,
            as_admin=as_admin,
            for_user=for_user,
            ends_at=end[0],
            instead_of=end[1],
        )
        made[f"decision {verb} {reason} {as_admin} {for_user} {end}"] = [
            decision_lines.decision_line(decision),
            decision_lines.denial_line(decision),
        ]
    rows = [held(id=f"a{number}", package_name="73", holder_name="73") for number in range(60)]
    made["a table of who has what"] = assignment_table.assignments(
        page(rows, most=40), place=OF_ALL, package=None, notes=(), removing=()
    )
    removal = {"by": "U0X", "at": clock.now().isoformat()}
    for why in ("73", None):
        taken = replace(waits, terms=terms(contents=(), removal=Removal(**removal, why=why)))
        made[f"removed before, {why}"] = approval_card.card(taken, [], reader="U0X")
    return made


@pytest.fixture(scope="module")
def pseudo_screens():
    """All of them, with digits where people have written."""
    test_extremes.TEXTS["digits"] = "73 "
    with speaking(PSEUDO):
        made = {**screens("digits"), **rarely_seen()}
    del test_extremes.TEXTS["digits"]
    return made


def test_no_full_stop_is_put_behind_a_sentence(pseudo_screens):
    """It is the language's own, and so a part of the sentence."""
    found = {
        text[:200]
        for shown in pseudo_screens.values()
        for text in read(shown)
        if GLUED.search(CUT.sub(" ", without_said(text, HERE)))
    }
    assert not found, "\n".join(sorted(found))


def test_everything_is_said_through_the_catalogs(pseudo_screens):
    """No word is left that no translator sees."""
    found: dict[str, set[str]] = {}
    for label, shown in pseudo_screens.items():
        for text in read(shown):
            if WORD.search(unsaid(text)):
                found.setdefault(text[:200], set()).add(label)
    assert not found, "\n".join(f"{text!r}: {sorted(labels)[:3]}" for text, labels in found.items())
