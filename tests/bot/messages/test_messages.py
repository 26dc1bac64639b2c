"""Every message and every view: valid in Slack's eyes, whatever people and administrators have written."""

import functools
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot import chance, clock
from bot.approvals.model import Outcome
from bot.assignments.model import AssignmentState, EndReason
from bot.errors import PackageName
from bot.messages.admins import (
    access_list,
    alarms,
    command_answers,
    pending_list,
    repairing,
)
from bot.messages.approvals import approval_card, forms
from bot.messages.approvals.answers import all_answers
from bot.messages.assignments import changing, endings, reminding
from bot.messages.blocks.parts import escape, shorten
from bot.messages.overviews import helping, my_access
from bot.messages.overviews.home import home
from bot.messages.requests import acknowledging, offering, outcomes
from bot.messages.requests.request_form.form import request_form
from bot.notifications import outcome_notices
from bot.notifications.home_view import ROWS_IN_HOME
from bot.packages.model import Package, Stage
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import Choice, Question
from bot.packages.suggestions import KnownPackage
from bot.people.model import Verb
from bot.requests.model import Hold, Kind, Request, State
from sandbox.page.mrkdwn import mrkdwn
from sandbox.page.reader import Reader
from sandbox.slack.content import checked_blocks, checked_view
from tests.bot.samples import OF_ALL, click, held, offered, page, terms, wish

HOSTILE = {
    "plain": "Marketing Campaign",
    "broadcast": "<!channel> <!here> <!everyone>",
    "mention": "<@U0DANA> <#C0GENERAL> <!subteam^S0IAM>",
    "link": "<https://evil.example|Approve>",
    "date link": "<!date^0^{date}^https://evil.example|Approve>",
    "entities": "&lt;!channel&gt; & &amp; <",
    "format": "*bold* _it_ ~no~ `code` ```block``` > quote",
    "long": "x" * 3_000,
    "long words": "A resource role of the finance department " * 70,
    "wide": "\N{UNICORN FACE}" * 3_000,
    "long hostile": "<&>" * 1_000,
    "unicode": "🦄 ünï “quoted” \u202egnol\u202c \u200b",
    "lines": "a\nb\r\nc\td",
    "emoji": ":warning: :skull:",
}


def request(**changes: Any) -> Request:
    now = clock.now()
    facts = {
        "terms": terms(),
        "holder_name": "Ann Abara",
        "justification": "I run the launch",
        "ends_at": now + timedelta(days=30),
        "lapses_at": now + timedelta(days=14),
        "why": "Because.",
    }
    return wish(**{**facts, **changes})


def held_up(one: Request, *, why: str, verb: Verb | None = None) -> Hold:
    """A hold of it, and what Bo did about it."""
    return Hold(
        id=one.id[::-1],
        request_id=one.id,
        at=clock.now(),
        error="GraphUnavailable",
        why=why,
        verb=verb,
        done_by="U0BO" if verb else None,
        done_at=clock.now() if verb else None,
    )


def distinct(made: Mapping[str, Any]) -> dict[str, Any]:
    """Each once, under the first of its labels: of many states the same is said."""
    seen: dict[str, tuple[str, Any]] = {}
    for label, said in made.items():
        seen.setdefault(json.dumps(said), (label, said))
    return dict(seen.values())


def way(policy_id: str, name: str, text: str) -> OfferedPolicy:
    """A policy that asks two questions, one of them to choose from."""
    choice = Choice(value="x", text=text)
    members = NamedApprover(kind=ApproverKind.MEMBERS, name=name)
    stages = tuple(NamedStage(approvers=(members,), quorum=quorum) for quorum in (1, 2))
    return OfferedPolicy(
        id=policy_id,
        name=name,
        rank=1,
        lasts="30 days",
        stages=stages,
        longest_seconds=60 * 86_400,
        extension_stages=stages,
        has_own_dates=True,
        questions=(
            Question(id="t", text=text, required=True),
            Question(id="c", text=text, required=False, choices=(choice,)),
        ),
    )


@functools.cache
def every_message(text: str, *, count: int = 1) -> dict[str, Any]:
    """All that the bot can say, with *text* wherever somebody else chose the words."""
    name = text[:256]
    made: dict[str, Any] = {}
    questions = tuple(
        Question(id=f"q{number}", text=text, required=True) for number in range(count)
    )
    long_terms = terms(
        policy_name=name,
        catalog=name,
        contents=(name,) * count,
        stages=(Stage(reason_required=True), *(Stage(),) * max(count - 10, 1)),
        questions=questions,
    )
    about = {
        "answers": {each.id: (text[:1_000],) for each in questions},
        "starts_at": clock.now() + timedelta(days=1),
        "package_name": name,
        "holder_name": name,
        "justification": text[:1_000],
        "why": text[:1_000],
        "terms": long_terms,
    }
    one_id = chance.new_id()
    for kind, state, in_slack in itertools.product(Kind, State, (True, False)):
        holder = "U0ANN" if in_slack else None
        one = request(id=one_id, kind=kind, state=state, holder=holder, round=1, **about)
        decided = [
            click(one, name=name, reason=text[:1_000], outcome=Outcome.ACCEPTED, verb=verb)
            for verb in (*(Verb.APPROVE,) * max(count - 10, 1), Verb.DENY)
        ]
        label = f"{kind} {state} {in_slack}"
        made[f"card {label}"] = approval_card.card(one, decided)
        made[f"failed {label}"] = alarms.failed(one)
        made[f"stuck {label}"] = alarms.slow(one)
        for verb in (None, Verb.RETRY, Verb.GIVE_UP):
            hold = held_up(one, why=text[:1_000], verb=verb)
            holding = replace(one, held_at=None if verb else hold.at)
            made[f"held {label} {verb}"] = repairing.card(hold, holding)
        made[f"not understood {label}"] = alarms.not_understood(one)
        if not one.is_open:
            for notice, said in outcome_notices.notices_for_request(
                one, decided=decided, admin_channel="C0APPROVALS", will_remind=True
            ):
                made[f"news {notice.key.split(':')[0]} {label}"] = said
        else:
            made[f"already asked {label}"] = acknowledging.already_asked(one)
            for known in (
                KnownPackage(package=None),
                KnownPackage(package=offered(policies=(way("1", name, text),))),
                KnownPackage(package=None, is_for_others=True),
            ):
                made[f"asked {label} {known.is_for_others} {known.package is None}"] = (
                    acknowledging.asked(one, known)
                )
            for is_new in (True, False):
                made[f"extending {label} {is_new}"] = changing.extending(one, is_new=is_new)
                made[f"returning {label} {is_new}"] = changing.returning(one, is_new=is_new)
                made[f"removing {label} {is_new}"] = command_answers.removing(one, is_new=is_new)
    rows = [
        held(
            id=f"a{number}",
            package_id=str(number),
            policy_id=str(number),
            package_name=name,
            holder_name=name,
            state=AssignmentState.REMOVING if number % 3 == 2 else AssignmentState.LIVE,
        )
        for number in range(count)
    ]
    waiting = [
        request(
            kind=kind,
            state=state,
            package_id=f"{number}",
            assignment_id=f"a{number}" if kind is not Kind.ADD else None,
            **about,
        )
        for number, (kind, state) in zip(
            range(count),
            itertools.cycle(
                (k, s) for k in Kind for s in (State.PENDING, State.SUBMITTED, State.APPROVED)
            ),
            strict=False,
        )
    ]
    packages = [
        Package(
            id=f"p{number}",
            slug=f"s{number}" + "x" * 120,
            name=name,
            catalog=name,
            description=text,
            contents=(name,) * count,
            lasts=name[:64],
            needs_approval=bool(number % 2),
        )
        for number in range(count)
    ]
    choices = [PackageName(id=each.id, name=each.name, catalog=name) for each in packages]
    abouts = {each.id: each.id for each in choices}
    extendable = {
        str(number): way(str(number), name, text) if number % 3 else None
        for number in range(count)
        if number % 2
    }
    busy = {each.assignment_id: each for each in waiting if each.assignment_id}
    made |= {
        "expiring": reminding.expiring(rows, extendable=extendable, busy={}),
        "expiring busy": reminding.expiring(rows, extendable=extendable, busy=busy),
        "my access": my_access.my_access(
            page(rows),
            page(waiting),
            asked={row: each.kind for row, each in busy.items()},
            extendable=extendable,
        ),
        "offer": offering.offer(packages),
        "offer page 2": offering.offer(packages, page=2),
        "unknown": offering.offer(packages, intro=offering.no_such_package(name[:80])),
        "near": acknowledging.near(
            name[:80], choices, more=count, abouts=abouts, reason=text[:1_000]
        ),
        "near, one": acknowledging.near(
            name[:80], choices[:1], more=0, abouts=abouts, reason=text[:1_000]
        ),
        "which": acknowledging.which_package(
            name[:80], choices, abouts=abouts, reason=text[:1_000]
        ),
        "already held": acknowledging.already_held(rows[0], extendable),
        "help for people": helping.help_message(is_admin=True),
        "not understood": helping.not_understood(),
        "form needed": offering.form_needed("p", text[:500]),
        "reason needed": offering.reason_needed("p", name, text[:500]),
        "withdrawn": changing.canceled(waiting[0]),
        "letting end": changing.letting_end(rows[0]),
        "held list": repairing.listed(
            page(
                [
                    (held_up(each, why=text[:1_000]), replace(each, held_at=each.asked_at))
                    for each in waiting
                ]
            )
        ),
        "retrying": repairing.retrying(waiting[0]),
        "giving up": repairing.giving_up(waiting[0]),
        "pending": pending_list.pending(page(waiting), reader="U0BO"),
        "pending own": pending_list.pending(page(waiting), reader="U0ANN"),
        "assignments": access_list.assignments(
            page(rows), place=OF_ALL, package=name, whom="<@U0ANN>"
        ),
        "assignments after": access_list.assignments(
            page(rows, skipped=None), place=OF_ALL, package=name
        ),
        "which person": command_answers.which_person(
            name, {str(number): name for number in range(count)}, package_id="p"
        ),
        "help": command_answers.admin_help(),
        "ended": endings.ended(held(package_name=name, ended_why=EndReason.RAN_OUT)),
        "ended outside": endings.ended(held(package_name=name, ended_why=EndReason.OUTSIDE)),
    }
    return distinct(made)


@functools.cache
def every_view(text: str, *, count: int = 1) -> dict[str, Any]:
    """All forms and pages."""
    name = text[:256]
    package = offered(name=name, description=text, contents=(name,) * count, lasts=name[:64])
    one = request(package_name=name, holder_name=name)
    rows = [
        held(id=f"a{n}", package_id=str(n), policy_id=str(n), package_name=name)
        for n in range(count)
    ]
    asking_terms = terms(
        questions=tuple(Question(id=f"q{n}", text=text, required=True) for n in range(count))
    )
    answers = {each.id: (text[:1_000],) for each in asking_terms.questions}
    others = [
        request(package_name=name, package_id=str(n), holder=f"U{n}", justification=text[:1_000])
        for n in range(count)
    ]
    packages = [
        offered(id=f"p{n}", slug=f"s{n}", name=name, description=text) for n in range(count)
    ]
    return {
        "ask": request_form(
            package,
            policies=[way(f"p{number}", name, text) for number in range(min(count, 9))],
            chosen=way("p0", name, text),
            reason=text[:1_000],
        ),
        "answers": all_answers(replace(one, terms=asking_terms, answers=answers)),
        "why approve": forms.reason(click(one), one),
        "why deny": forms.reason(click(one, verb=Verb.DENY), one),
        "home": home(
            reader="U0BO",
            held=page(rows, most=ROWS_IN_HOME),
            waiting=page(others, most=max(ROWS_IN_HOME - count, 0)),
            asked={},
            to_decide=page(others, most=ROWS_IN_HOME),
            offer=packages,
            mine={"p0"},
            extendable={str(n): None for n in range(count)},
        ),
        "empty home": home(
            reader="U0BO",
            held=page([]),
            waiting=page([]),
            asked={},
            to_decide=page([]),
            offer=[],
            mine=(),
            extendable={},
        ),
    }


SIZES = [1, 3, 20, 60]
CASES = [
    *(pytest.param(text, 1, id=key) for key, text in HOSTILE.items()),
    *(pytest.param(HOSTILE["plain"], count, id=f"{count} rows") for count in SIZES),
    pytest.param(HOSTILE["long hostile"], 60, id="60 long hostile rows"),
    pytest.param(HOSTILE["long words"], 20, id="20 long rows"),
    pytest.param(HOSTILE["long words"], 60, id="60 long rows"),
    pytest.param(HOSTILE["wide"], 60, id="60 wide rows"),
]


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


def texts_of(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False)


@pytest.mark.parametrize("contents", [1, 20, 60])
def test_a_card_says_everything_that_counts(contents):
    """The card says who, what exactly, why, until when and under which policy, however much is in the package."""
    lines = tuple(
        f"Member of the group Resources of the team number {number:03} in the building"
        for number in range(contents)
    )
    one = request(state=State.PENDING, terms=terms(contents=lines, policy_name="Night shift"))

    said = texts_of(approval_card.card(one, []))

    for part in ("<@U0ANN>", "Ann Abara", "Marketing Campaign", "I run the launch", "Night shift"):
        assert part in said
    assert "Ends" in said
    assert f"!date^{int((one.ends_at or clock.now()).timestamp())}" in said
    assert all(line in said for line in lines) or "more" in said


def test_a_card_that_was_decided_has_no_buttons():
    """And says who decided."""
    for state in State:
        card = approval_card.card(request(state=state), [])
        has_buttons = any(block["type"] == "actions" for block in card["blocks"])
        assert has_buttons is (state is State.PENDING), state


def test_ones_own_request_has_no_buttons():
    """Nobody is tempted."""
    listed = pending_list.pending(page([request(state=State.PENDING)]), reader="U0ANN")

    assert "latchkey_approve" not in texts_of(listed)
    assert "latchkey_approve" in texts_of(
        pending_list.pending(page([request(state=State.PENDING)]), reader="U0BO")
    )


@pytest.mark.parametrize("will_remind", [True, False])
def test_a_delivery_promises_a_reminder_if_there_will_be_one(will_remind):
    """Not without an end, nor for a day only."""
    one = request(state=State.DELIVERED, ends_at=None)
    said = texts_of(outcomes.delivered(one, by=None, will_remind=will_remind))

    assert "no end date" in said
    assert ("remind" in said) is will_remind


@pytest.mark.parametrize("kind", [Kind.ADD, Kind.EXTEND])
@pytest.mark.parametrize(("will_remind", "ends"), [(True, True), (False, True), (False, False)])
def test_what_is_too_short_for_a_reminder_says_so(kind, will_remind, ends):
    """Nobody waits for one that will not come; without an end there is nothing to say."""
    end = clock.now() + timedelta(hours=2) if ends else None
    one = request(kind=kind, state=State.DELIVERED, ends_at=end)
    said = texts_of(outcomes.delivered(one, by=None, will_remind=will_remind))

    assert ("too short for a reminder" in said) is (ends and not will_remind)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30), "30 days left"),
        (timedelta(days=7), "7 days left"),
        (timedelta(hours=30), "30 hours left"),
        (timedelta(hours=1, seconds=5), "1 hour left"),
        (timedelta(minutes=59), "less than an hour left"),
        (timedelta(seconds=1), "less than an hour left"),
    ],
)
def test_time_left_is_said_in_words(left, words):
    """In the unit that matters."""
    row = held(ends_at=clock.now() + left + timedelta(milliseconds=500))

    assert words in texts_of(my_access.my_access(page([row]), page([]), asked={}, extendable={}))


def test_access_that_has_run_out_is_not_said_to_have_time_left():
    """Between its end and the next look at Graph."""
    row = held(ends_at=clock.now() - timedelta(hours=3))

    assert "left" not in texts_of(
        my_access.my_access(page([row]), page([]), asked={}, extendable={})
    )


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


def mrkdwn_in(said: Any) -> list[str]:
    """Every mrkdwn text of a message or view."""
    if isinstance(said, Mapping):
        if said.get("type") == "mrkdwn":
            return [said["text"]]
        return [text for each in said.values() for text in mrkdwn_in(each)]
    if isinstance(said, list | tuple):
        return [text for each in said for text in mrkdwn_in(each)]
    return []


def test_a_denial_names_only_who_denied():
    """Who had approved an earlier step is said to have approved."""
    one = request(state=State.DENIED)
    decided = [
        click(one, name="Mia Moreau", outcome=Outcome.ACCEPTED, verb=Verb.APPROVE),
        click(one, name="Dana Diaz", outcome=Outcome.ACCEPTED, verb=Verb.DENY),
    ]
    [(_, said)] = outcome_notices.notices_for_request(
        one, decided=decided, admin_channel="C0ADMIN", will_remind=False
    )
    assert "was denied by Dana Diaz. Mia Moreau had approved it before." in said["text"]


@pytest.mark.parametrize("state", [State.RECEIVED, State.APPROVED, State.SUBMITTED])
def test_a_removal_is_not_said_to_be_set_up(state):
    """Neither in the list nor in a reminder: access that goes away is being removed."""
    removal = request(kind=Kind.REMOVE, state=state, asked_by="U0ANN", assignment_id="a")
    for said in (
        my_access.my_access(page([]), page([removal]), asked={}, extendable={}),
        reminding.expiring([held(id="a")], extendable={}, busy={"a": removal}),
    ):
        assert "set up" not in json.dumps(said)
        assert "emov" in json.dumps(said) or "checked" in json.dumps(said)


def test_a_long_reason_is_shown_whole_to_whom_it_is_for():
    """A thousand characters with their line breaks: the form takes as many."""
    reason = "\n".join([f"{number}. Go there." for number in range(60)])[:994] + " & end"
    denied = outcomes.denied(request(state=State.DENIED, why=reason), by="Bo")
    asks = approval_card.card(request(justification=reason), [])
    removed = request(
        kind=Kind.REMOVE, state=State.DELIVERED, asked_by="U0DANA", justification=reason
    )
    for said in (denied, asks, outcomes.removed(removed, told="U0ANN")):
        shown = [block["text"]["text"] for block in said["blocks"] if "text" in block]
        assert reason in shown


def test_every_button_about_a_person_names_them():
    """To a screen reader, and with the package, however long both names are."""
    for name in ("Ann Abara", "x" * 256):
        one = request(holder_name=name, package_name=name, answers={"q": ("a",)})
        row = held(holder_name=name, package_name=name)
        hold = held_up(one, why="")
        stuck = replace(one, state=State.APPROVED, held_at=clock.now())
        made = [
            approval_card.card(one, []),
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
