"""Every message and every view, with any text in each place that people fill."""

import functools
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import chance, clock
from bot.approvals.model import Outcome
from bot.assignments.model import AssignmentState, EndReason
from bot.errors import PackageName
from bot.messages.admins import access_list, alarms, command_answers, pending_list, repairing
from bot.messages.approvals import approval_card, approving_several, forms
from bot.messages.approvals.answers import all_answers
from bot.messages.assignments import changing, endings, opening, reminding
from bot.messages.overviews import helping, my_access
from bot.messages.overviews.home import home
from bot.messages.requests import acknowledging, offering
from bot.messages.requests.request_form.form import request_form
from bot.notifications import outcome_notices
from bot.notifications.home_view import ROWS_IN_HOME
from bot.packages.model import Package, Stage
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offers import OfferedPolicy
from bot.packages.opening import LONGEST_ADDRESS, Opening, OpeningKind
from bot.packages.questions import Choice, Question
from bot.people.model import Verb
from bot.requests.model import Hold, Kind, KnownPackage, Request, State
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
                one,
                decided=decided,
                admin_channel="C0APPROVALS",
                will_remind=True,
                openings=openings(count, name),
                other_account="U0OTHER" if one.is_given_back else None,
            ):
                made[f"news {notice.key.split(':')[0]} {label}"] = said
        else:
            made[f"already asked {label}"] = acknowledging.already_asked(one, reader=one.asked_by)
            made[f"already asked by another {label}"] = acknowledging.already_asked(
                one, reader="U0OTHER"
            )
            for who in (one.asked_by or "U0ANN", "U0OTHER"):
                made[f"no emergency {label} {who}"] = acknowledging.already_asked(
                    one, reader=who, in_emergency=True
                )
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
    held_under = {
        str(number): way(str(number), name, text) if number % 3 else None
        for number in range(count)
        if number % 2
    }
    busy = {each.assignment_id: each for each in waiting if each.assignment_id}
    made |= {
        "expiring": reminding.expiring(rows, held_under=held_under, busy={}),
        "expiring busy": reminding.expiring(rows, held_under=held_under, busy=busy),
        "my access": my_access.my_access(
            page(rows),
            page(waiting),
            reader="U0ANN",
            asked=busy,
            held_under=held_under,
            opens={row.package_id: openings(number, name) for number, row in enumerate(rows)},
        ),
        "my access by an account that does not count": my_access.my_access(
            page([]),
            page(waiting),
            reader="U0ANN",
            asked={},
            held_under={},
            is_connected_elsewhere=True,
        ),
        "everything to open": opening.everything_to_open(name, openings(count, name)),
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
        "already held": acknowledging.already_held(rows[0], held_under),
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
        "several": approving_several.form(
            [
                replace(each, state=State.PENDING, terms=asking_terms, answers=answers)
                for each in others[: approving_several.MOST_CHOICES]
            ],
            decided={
                each.id: [click(each, name=name, reason=text[:1_000], outcome=Outcome.ACCEPTED)]
                for each in others
            },
        ),
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
            held_under={str(n): None for n in range(count)},
            opens={row.package_id: openings(number, name) for number, row in enumerate(rows)},
        ),
        "empty home": home(
            reader="U0BO",
            held=page([]),
            waiting=page([]),
            asked={},
            to_decide=page([]),
            offer=[],
            mine=(),
            held_under={},
        ),
        "home of an account that does not count": home(
            reader="U0BO",
            held=page([]),
            waiting=page(others, most=ROWS_IN_HOME),
            asked={},
            to_decide=page([]),
            offer=[],
            mine=(),
            held_under={},
            is_connected_elsewhere=True,
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


def openings(count: int, name: str) -> list[Opening]:
    """Return so many things to open, all of one name and each of another kind."""
    return [
        Opening(
            kind=kind,
            origin_id=str(number),
            name=name,
            url=f"https://contoso.sharepoint.com/{'x' * (LONGEST_ADDRESS - 40)}/{number}",
        )
        for number, kind in zip(range(count), itertools.cycle(OpeningKind), strict=False)
    ]


def texts_of(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False)


def mrkdwn_in(said: Any) -> list[str]:
    """Every mrkdwn text of a message or view."""
    if isinstance(said, Mapping):
        if said.get("type") == "mrkdwn":
            return [said["text"]]
        return [text for each in said.values() for text in mrkdwn_in(each)]
    if isinstance(said, list | tuple):
        return [text for each in said for text in mrkdwn_in(each)]
    return []
