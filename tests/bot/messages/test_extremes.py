"""
Each screen and card in a tenant that is as large and as hostile as one can be, held against Slack's limits.

1,000 packages, 60 roles of 250 characters, 100 requests that wait, 40 that are stuck, 200 accesses of one person; and
every name, reason and role in markup, from right to left, or in emoji.
"""

import functools
import itertools
from dataclasses import replace
from typing import Any

import pytest

from bot import clock
from bot.accounts.model import ConnectedAccount
from bot.approvals.model import OpenQuestion, OpenQuestions, Outcome
from bot.approvals.store.approver_questions import MOST_OPEN
from bot.assignments.model import AssignmentState, Trouble, TroubleKind
from bot.console.model import LISTS, ConsolePage, Tab
from bot.emergencies.model import Emergency, ReviewedRequest
from bot.errors import PackageName
from bot.messages.accounts.connecting import home_row
from bot.messages.admins import (
    access_list,
    command_answers,
    pending_list,
    removal_forms,
    repairing,
)
from bot.messages.admins.console import choices, lists, window
from bot.messages.admins.console.assignments import assignment_list
from bot.messages.admins.console.audit import audit_list
from bot.messages.approvals import (
    approval_card,
    approver_questions,
    approving_for_less,
    card_threads,
    decided_list,
    delegating,
    forms,
    nudging,
    pending_rows,
    review,
)
from bot.messages.assignments import reminding, troubles
from bot.messages.assignments.opening import everything_to_open
from bot.messages.blocks.parts import beginning, escape, length, shorten, split
from bot.messages.emergencies.emergency_list import OpenReviews
from bot.messages.overviews import my_access, past_requests
from bot.messages.overviews.home import AdminOverview, home
from bot.messages.phrases import waiting
from bot.messages.requests import (
    acknowledging,
    asking_again,
    offering,
    on_behalf,
    package_menu,
    several,
)
from bot.messages.requests.request_form.form import menu_form, request_form
from bot.notifications.home_view import REVIEWS_IN_HOME, ROWS_IN_HOME
from bot.notifications.model import Occasion
from bot.packages.model import Stage
from bot.packages.questions import Question
from bot.packages.settings.model import DelegationLimits
from bot.packages.suggestions import Prospect, Suggestion
from bot.paging import ListName, Mark, Place
from bot.people.model import Verb
from bot.requests.model import ENDED, AskedTogether, Evidence, Kind, State
from tests.bot.messages.every_message import held_up, openings, request, way
from tests.bot.samples import (
    OF_ALL,
    SOME_DAY,
    approver_question,
    click,
    delegation,
    held,
    offered,
    page,
    terms,
)
from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.plugin import CHECKER

# One worker makes each table of screens once, for all tests here.

LIMITS = DelegationLimits(takes_sign_in=True, contexts=("c1", "c22"), entra_decides=True)
PACKAGES, ROLES, ROLE_LENGTH, WAITING, STUCK, HELD = 1_000, 60, 250, 100, 40, 200

TEXTS = {
    "plain": "Access to the finance department ",
    "markup": "<!channel> <@U0DANA> <https://evil.example|Approve> *b* _i_ ~s~ `c` > & ",
    "entities": "<&>",
    "right to left": "\u05d2\u05d9\u05e9\u05d4 \u0644\u0644\u0645\u0627\u0644\u064a\u0629 \u202eesrever\u202c ",
    "emoji": "\N{UNICORN FACE}\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}:warning: ",
    "one word": "x",
    "lines": "one\ntwo\r\n> three\n\n",
}
READERS = {"requester": "U0ANN", "approver": "U0BO", "admin": "U0DANA"}
# Of all that Home says of an account, the longest.
CHALLENGED = ConnectedAccount(
    slack_user="U0ANN",
    entra_id="e1",
    scopes=(),
    is_public=False,
    connected_at=SOME_DAY,
    used_at=SOME_DAY,
    challenge="{}",
)


def of_length(text: str, characters: int) -> str:
    """*text* over and over, to so many characters."""
    return (text * (characters // len(text) + 1))[:characters]


@functools.cache
def screens(key: str) -> dict[str, Any]:
    """Everything that people see, by its name."""
    text = TEXTS[key]
    name, reason, role = of_length(text, 256), of_length(text, 1_000), of_length(text, ROLE_LENGTH)
    questions = tuple(Question(id=f"q{number}", text=reason, required=True) for number in range(20))
    large = terms(
        policy_name=name,
        catalog=name,
        contents=(role,) * ROLES,
        stages=(Stage(reason_required=True), Stage(), Stage()),
        questions=questions,
    )
    evidence = Evidence(
        title=name,
        department=name,
        manager=name,
        is_guest=True,
        holders=1_000,
        colleagues=1_000,
        had_until=clock.now(),
        denied_at=clock.now(),
        has_from=clock.now(),
        first_why=reason,
    )
    facts = {
        "package_name": name,
        "holder_name": name,
        "justification": reason,
        "why": reason,
        "terms": large,
        "evidence": evidence,
        "answers": {each.id: (reason,) for each in questions},
        "deciders": tuple(f"U0{number}" for number in range(40)),
    }
    pending = [
        request(
            state=State.PENDING,
            kind=kind,
            package_id=f"p{number}",
            holder=f"U0H{number}",
            asked_by=f"U0H{number}",
            assignment_id=f"a{number}" if kind is not Kind.ADD else None,
            **facts,
        )
        for number, kind in zip(
            range(WAITING), itertools.cycle((Kind.ADD, Kind.EXTEND)), strict=False
        )
    ]
    one = replace(pending[0], round=1)
    decided = [
        click(one, name=name, reason=reason, outcome=Outcome.ACCEPTED, verb=verb)
        for verb in (*(Verb.APPROVE,) * 20, Verb.DENY)
    ]
    asked = [
        approver_question(
            one, question=reason, answer=reason, answered_by="U0ANN", answered_at=one.asked_at
        )
        for _ in range(20)
    ]
    stuck = [
        (held_up(each, why=reason), replace(each, held_at=clock.now())) for each in pending[:STUCK]
    ]
    packages = [
        offered(
            id=f"p{number}",
            slug=f"s{number}" + "x" * 120,
            name=name,
            catalog=of_length(f"{number % 120} {text}", 256),
            description=reason,
            contents=(role,) * ROLES,
            lasts=name[:64],
        )
        for number in range(PACKAGES)
    ]
    rows = [
        held(
            id=f"a{number}",
            package_id=f"p{number}",
            policy_id=f"p{number}",
            package_name=name,
            holder_name=name,
            state=AssignmentState.REMOVING if number % 7 == 6 else AssignmentState.LIVE,
        )
        for number in range(HELD)
    ]
    policies = [way(f"p{number}", name, reason) for number in range(20)]
    held_under: dict[str, Any] = {f"p{number}": policies[number % 20] for number in range(HELD)}
    opens = {f"p{number}": openings(number, name[:200]) for number in range(HELD)}
    named = [PackageName(id=each.id, name=name, catalog=name) for each in packages]
    people = {f"e{number}": name for number in range(PACKAGES)}
    given, received = ([delegation(canceled_why=reason) for _ in range(HELD)] for _ in range(2))
    made: dict[str, Any] = {}

    # The form, and the menu's suggestions.
    for chosen in (None, policies[0]):
        made[f"form, {'a policy' if chosen else 'no policy'} chosen"] = request_form(
            packages[0],
            policies=policies,
            chosen=chosen,
            reason=reason,
            reason_hint=reason,
            note=reason,
            has_menu=True,
            following=[each.id for each in packages[1:10]],
            for_others=True,
            wanted_for="U0ANN",
        )
    made["form, ten packages"] = menu_form(
        packages[:10], reason=reason, note=reason, for_others=True, wanted_for="U0ANN"
    )
    for prospect in Prospect:
        made[f"suggestions {prospect.name}"] = {
            "option_groups": package_menu.option_groups(
                [Suggestion(package=each, prospect=prospect) for each in packages[:100]]
            )
        }
    made["results"] = several.results_view(
        AskedTogether(
            asked=pending[:10],
            open_before=pending[:10],
            refused=[(each, reason) for each in packages[:10]],
            not_saved=packages[:10],
            not_known=packages[:10],
        )
    )
    made["near"] = acknowledging.near(
        name[:80], named, more=PACKAGES, abouts={each.id: each.id for each in named}, reason=reason
    )
    made["offer"] = offering.offer(packages)
    made["offer, last page"] = offering.offer(packages, page=PACKAGES // 10)

    # The card, what lies over it, and what follows it.
    for state, reader in itertools.product(State, (None, *READERS.values())):
        shown = replace(one, state=state)
        made[f"card {state} {reader}"] = approval_card.card(
            shown, decided, questions=asked, reader=reader
        )
        made[f"review {state} {reader}"] = review.review(
            shown, decided, questions=asked, reader=reader or "U0X"
        )
    made["next step"] = card_threads.next_step(one)
    made["ending"] = card_threads.ending(replace(one, state=State.DENIED), decided)
    made["why deny"] = forms.reason(click(one, verb=Verb.DENY), one, decided, asked)
    made["approve for less"] = approving_for_less.form(click(one), one, decided, asked)
    made["ask a question"] = approver_questions.ask_form(one, decided, asked)
    made["question saved"] = approver_questions.question_saved(asked[0], one)
    made["answer"] = approver_questions.answer_form(asked[0], one)
    for state, question in itertools.product(
        (State.PENDING, State.DENIED), (asked[0], replace(asked[0], answer=None, answered_at=None))
    ):
        shown, step = replace(one, state=state), f"{state} {question.is_answered}"
        made[f"question {step}"] = approver_questions.told_requester(
            question, shown, reader="U0ANN"
        )
        for has_card in (True, False) if question.is_answered else ():
            made[f"answer {step} {has_card}"] = approver_questions.told_asker(
                question,
                shown,
                decided,
                questions=asked,
                named_as=None,
                card=has_card,
                review=not has_card,
            )
    made["question not sent"] = approver_questions.not_sent(replace(asked[0], why=reason), one)
    made["question in a thread"] = approver_questions.asked_in_thread(asked[0], "1.1")
    made["answer in a thread"] = approver_questions.answered_in_thread(asked[0], "1.1")
    made["answer saved"] = approver_questions.answer_saved(asked[0], one)
    made["explanation"] = asking_again.explanation(
        asking_again.RefusalExplained(
            request=replace(one, state=State.REFUSED), package=packages[0], channel="C0HELP"
        )
    )

    # What waits for one's answer, as much as there can be of it.
    waits = OpenQuestions(
        reader="U0X",
        rows=[
            OpenQuestion(question=replace(each, id=f"q{number}"), request=one)
            for number, each in enumerate(asked[:MOST_OPEN])
        ],
        count=1_000,
    )

    reviews = OpenReviews(
        rows=[
            ReviewedRequest(
                emergency=Emergency(
                    request_id=one.id,
                    holder="U0ANN",
                    entra_id="e1",
                    package_id="p1",
                    opened_at=clock.now(),
                    review_by=clock.now(),
                ),
                request=replace(one, id=f"e{number}"),
            )
            for number in range(REVIEWS_IN_HOME)
        ],
        count=1_000,
    )
    # Several for each of many packages, which can be approved together.
    alike = [
        replace(each, package_id=f"p{number // 2}") for number, each in enumerate(pending[:20])
    ]

    # Home of three roles.
    for role_name, reader in READERS.items():
        is_admin = role_name == "admin"
        made[f"home of the {role_name}"] = home(
            reader=reader,
            held=page(rows, most=ROWS_IN_HOME),
            waiting=page(pending, most=ROWS_IN_HOME),
            asked={
                row.id: replace(
                    one, id=f"asked{index}", kind=Kind.REMOVE if index % 4 else Kind.EXTEND
                )
                for index, row in enumerate(rows[::2])
            },
            to_decide=page([] if role_name == "requester" else alike, most=ROWS_IN_HOME),
            offer=packages,
            mine={f"p{number}" for number in range(HELD)},
            held_under=held_under,
            opens=opens,
            given=given,
            received=received,
            questions=waits,
            reviews=reviews,
            account=home_row(CHALLENGED),
            limits=LIMITS,
            admin=AdminOverview(others=page(pending[20:]), ending=page(rows), stuck=page(stuck))
            if is_admin
            else None,
        )

    # The console's tabs, and the forms over them.
    narrow = Place(list=ListName.ASSIGNMENTS, package_id="p1", entra_ids=("e" * 36,))
    audit = [
        {
            "position": number,
            "at": clock.now(),
            "actor": name if number % 2 else "U0ANN",
            "verb": "approve",
            "before": name,
            "after": name,
            "package_id": f"p{number}",
            "subject_entra_id": f"e{number}",
            "why": reason,
        }
        for number in range(10)
    ]
    after = Mark(None, "1")
    for tab in Tab:
        at = ConsolePage(
            tab=tab,
            sought=name[:200],
            place=replace(narrow, list=LISTS[tab], after=after),
        )
        contents = {
            "pending": lists.pending(at, page(pending), reader="U0DANA"),
            "stuck": lists.stuck(at, page(stuck)),
            "assignments": assignment_list(
                at,
                page(rows),
                place=narrow,
                package=name,
                whom=escape(name),
                notes=[escape(reason)],
                removing=(),
                why={row.id: escape(reason) for row in rows},
                waiting=pending[:5],
            ),
            "audit": audit_list(
                at,
                audit,
                place=Place(list=ListName.AUDIT),
                names={each: escape(name) for each in people},
                packages={each.id: name for each in packages},
                narrowed=escape(name),
                has_more=True,
            ),
            "which person": choices.which_person(at, name[:200], people, package_id="p1"),
            "which package": choices.which_package(at, reason, named),
        }
        for content, blocks in contents.items():
            made[f"console {tab}, {content}"] = window.view(
                at, blocks, note=escape(reason), user="U0ANN"
            )
    made["console refused"] = window.refused(reason)
    of = removal_forms.About(page="p" * 1_500, key="k" * 32, fingerprint="f" * 64)
    made["remove one"] = removal_forms.one(rows[0], of, automatic=True)
    made["remove several"] = removal_forms.several(rows, of)
    made["remove everything"] = removal_forms.everything(
        rows, of, count=page(rows).count, whose=escape(name), changed=True
    )

    # Reminders and lists.
    made["expiring"] = reminding.expiring(rows, held_under=held_under, busy={})
    made["my access"] = my_access.my_access(
        page(rows),
        page(pending),
        reader="U0ANN",
        asked={},
        held_under=held_under,
        opens=opens,
        questions=waits,
    )
    made["everything to open"] = everything_to_open(name, openings(1_000, name[:200]))
    made["my access, nothing but questions"] = my_access.my_access(
        page([]), page([]), reader="U0ANN", asked={}, held_under=held_under, questions=waits
    )
    past = [
        past_requests.PastRequest(
            request=replace(each, state=state),
            decided=decided,
            access=rows[0] if state is State.DELIVERED else None,
        )
        for each, state in zip(pending, itertools.cycle(ENDED), strict=False)
    ]
    made["past requests"] = past_requests.past_requests(
        past_requests.PastRequests(
            reader=one.asked_by,
            page=page(past),
            again={each.id for each in pending},
            since=clock.now(),
        )
    )
    made["decided"] = decided_list.decided(
        page([(each, replace(one, state=State.DENIED)) for each in decided]), since=clock.now()
    )
    made["to decide"] = pending_rows.to_decide(page(pending), reader="U0BO")
    made["pending"] = pending_list.pending(page(pending), reader="U0BO")
    made["to decide, two for each"] = pending_rows.to_decide(page(alike), reader="U0BO")
    made["pending, two for each"] = pending_list.pending(page(alike), reader="U0BO")
    made["stuck"] = repairing.listed(page(stuck))
    made["assignments"] = access_list.assignments(
        page(rows), place=OF_ALL, package=name, whom=escape(name), notes=[escape(reason)]
    )
    made["which person"] = command_answers.which_person(name, people, package_id="p1")
    made["delegations"] = delegating.listed_all(given, limits=LIMITS)
    made["own delegations"] = delegating.listed_own(given, received, limits=LIMITS)
    for occasion in Occasion:
        made[f"nudge {occasion}"] = nudging.nudge(
            one, decided, questions=asked, occasion=occasion, reader="U0BO", asked=True
        )
    made["reminding"] = waiting.reminding(one)
    made["for another"] = on_behalf.told_beneficiary(replace(one, wanted_for="U0CY"))
    for kind in TroubleKind:
        trouble = Trouble(id="t", kind=kind, about="a0", at=clock.now(), why=reason)
        made[f"trouble {kind}"] = troubles.card(trouble, rows[0], package=name, unreadable=200)
    return made


@pytest.fixture(scope="module")
def limits():
    """Both readings of Slack's limits, as far as they are at hand."""
    return Limits(load_second(CHECKER))


@pytest.mark.cases(2)
@pytest.mark.parametrize("key", TEXTS)
def test_every_screen_is_within_slacks_limits(limits, key):
    """Nothing is refused, cut by Slack, or read as a mention, a link or a broadcast that somebody has written."""
    found = {}
    for label, said in screens(key).items():
        if "option_groups" in said:
            found[label] = limits.of_answer(said)
        elif "type" in said:
            found[label] = limits.of_view(said)
        else:
            found[label] = limits.of_message(said)
    wrong = [f"{label}: {problems[0]}"[:300] for label, problems in found.items() if problems]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("key", TEXTS)
def test_what_is_left_out_of_a_list_is_said(key):
    """The lists that do not fit say that there is more, or have a button for it."""
    made = screens(key)
    for label in ("my access", "to decide", "pending", "stuck", "assignments", "offer", "near"):
        said = str(made[label])
        assert "more" in said or "Next" in said, label


@pytest.mark.parametrize("limit", [1, 2, 10, 75])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_are_cut_within_a_limit_as_utf_16_counts(text, limit):
    """No piece is longer, no sign is halved, and the pieces together are the whole."""
    whole = text * 20
    assert length(whole) == len(whole.encode("utf-16-le")) // 2
    assert length(shorten(whole, limit)) <= limit
    assert whole.startswith(beginning(whole, limit))
    if limit > 1:
        pieces = split(whole, limit)
        assert "".join(pieces) == whole
        assert max(length(piece) for piece in pieces) <= limit


def test_a_role_is_whole_or_counted():
    """Of 60 roles of 250 characters the card says as many as fit, and how many more there are."""
    said = str(screens("plain")["card pending None"])
    assert "more: see the package in Entra." in said


def test_the_table_has_every_role_and_tab():
    """A tab or role that is added is in the table by itself."""
    made = screens("plain")
    assert {f"home of the {role}" for role in READERS} <= made.keys()
    assert all(any(label.startswith(f"console {tab},") for label in made) for tab in Tab)
    assert len(made) > 100
