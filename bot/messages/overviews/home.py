"""Draw App Home: what waits for somebody, what they have and asked for, what they may ask for, and what admins look after."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from bot.approvals.model import NO_QUESTIONS, OpenQuestions
from bot.assignments.model import Assignment
from bot.console.model import LONGEST_SOUGHT, Tab
from bot.messages.approvals import delegating
from bot.messages.approvals.approving_several import approve_all_row
from bot.messages.approvals.decided_list import decided_button
from bot.messages.approvals.pending_rows import pending_review
from bot.messages.blocks.pages import Fitting, Room, Row, fitted
from bot.messages.blocks.parts import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    header,
    person,
    plain,
    section,
    until,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies.emergency_list import NO_REVIEWS, OpenReviews, review_rows
from bot.messages.overviews.my_access import NO_ACCESS, NOTHING, my_access_rows, past_button
from bot.messages.overviews.open_questions import question_rows
from bot.messages.phrases.request_words import for_admins
from bot.messages.requests.offering import offered
from bot.packages.local_links import OpeningsByPackage
from bot.packages.model import Package
from bot.packages.offers import PoliciesHeldUnder
from bot.packages.settings.model import NO_LIMITS, DelegationLimits
from bot.paging import Count, ListName, Page, Place, write_place
from bot.people.model import CONNECTED_ELSEWHERE, Delegation
from bot.requests.model import Hold, Request
from bot.words import N_, _, translate

# App Home takes 100 blocks and 250 kB: something for each of its lists, and the rest for what is between them.
TO_DECIDE: Final = Room(blocks=16, characters=50_000, is_escaped=True)
OWN: Final = Room(blocks=20, characters=40_000, is_escaped=True)
WAITING: Final = Room(blocks=12, characters=40_000, is_escaped=True)
OFFERED: Final = Room(blocks=8, characters=30_000, is_escaped=True)
QUESTIONS: Final = Room(blocks=6, characters=20_000, is_escaped=True)
FOR_ADMIN: Final = Room(blocks=5, characters=15_000, is_escaped=True)
SHOW_ALL: Final = N_("Show all")


@dataclass(frozen=True, kw_only=True)
class AdminOverview:
    """
    The beginnings of what an admin looks after.

    Attributes:
        others: What waits for a decision of others.
        ending: What ends within a week.
        stuck: The requests that keep failing.
    """

    others: Page[Request]
    ending: Page[Assignment]
    stuck: Page[tuple[Hold, Request]]


# Of what others let somebody decide; `/my-access delegate` lists all.
MOST_DELEGATIONS: Final = 5


def home(
    *,
    reader: str,
    held: Page[Assignment],
    waiting: Page[Request],
    asked: Mapping[str, Request],
    to_decide: Page[Request],
    offer: Sequence[Package],
    mine: Collection[str],
    refusal: str | None = None,
    held_under: PoliciesHeldUnder,
    opens: OpeningsByPackage = MappingProxyType({}),
    given: Sequence[Delegation] = (),
    received: Sequence[Delegation] = (),
    reviews: OpenReviews = NO_REVIEWS,
    questions: OpenQuestions = NO_QUESTIONS,
    admin: AdminOverview | None = None,
    account: Sequence[Block] = (),
    limits: DelegationLimits = NO_LIMITS,
    is_connected_elsewhere: bool = False,
    is_paused: bool = False,
) -> dict[str, object]:
    """
    Draw the Home view of one person, within Slack's 100 blocks.

    Args:
        asked: The open requests about what is shown, by assignment.
        offer: What they may ask for, as far as it is known, what they may have first.
        mine: Ids of the packages that they have or have asked for.
        refusal: Why they can ask for nothing, a sentence; None: they can.
        opens: What they can open of what they have, by package.
        given: By what they let others decide for them.
        received: By what others let them decide.
        reviews: Emergency access that they are asked to review, and of an admin all that is to be reviewed.
        questions: What they are asked about their requests, and have not answered.
        admin: What they look after as an admin; None for others.
        account: What says whether their Microsoft account is connected; empty where nobody can connect one.
        limits: What the package settings take from delegates.
        is_connected_elsewhere: What they have is shown to another account of theirs.
        is_paused: All granting is paused.
    """
    blocks: list[Block] = [*review_rows(reviews), *question_rows(questions, room=QUESTIONS)]
    together = approve_all_row(to_decide.rows, reader=reader)
    about_account = [divider(), *account] if account and refusal is None else []
    who_decides = delegating.rows(
        given[:MOST_DELEGATIONS], received[:MOST_DELEGATIONS], limits=limits
    )
    # What only few people have takes its place from the lists: of delegations, the buttons to sign in for them.
    to_prove = max(len(who_decides) - 2 * MOST_DELEGATIONS, 0)
    short = len(blocks) + len(together) + len(about_account) + to_prove
    if to_decide.rows:
        blocks.append(header(_("Waiting for your decision")))
        blocks += together
        blocks += _list(
            (pending_review(request, reader=reader) for request in to_decide.rows),
            count=to_decide.count,
            room=_shorter(TO_DECIDE, short // 4),
            everything=Place(list=ListName.TO_DECIDE),
        )
    if to_decide.rows or given or received:
        blocks += [
            *who_decides,
            delegating.ask_button_row(decided_button()),
            divider(),
        ]
    blocks.append(header(_("Your access")))
    if held.rows:
        blocks += _list(
            my_access_rows(
                held.rows, (), reader=reader, asked=asked, held_under=held_under, opens=opens
            ),
            count=held.count,
            room=_shorter(OWN, -(-short // 2)),
            everything=Place(list=ListName.MINE),
        )
    else:
        # What waits stands right below, or above as a question.
        has_more = bool(waiting.rows or questions.rows)
        nothing = (
            CONNECTED_ELSEWHERE if is_connected_elsewhere else NO_ACCESS if has_more else NOTHING
        )
        blocks.append(section(_(nothing)))
    if waiting.rows:
        blocks.append(header(_("Your requests")))
        blocks += _list(
            my_access_rows(
                (),
                waiting.rows,
                reader=reader,
                asked=asked,
                held_under=held_under,
                is_paused=is_paused,
            ),
            count=waiting.count,
            room=_shorter(WAITING, -(-short // 4)),
            everything=Place(list=ListName.ASKED),
        )
    if admin is not None:
        blocks += _admin(admin)
    if refusal is None:
        blocks += _offers(offer, mine)
    else:
        blocks += [divider(), section(escape_sentence(translate(refusal)))]
    blocks += about_account
    return {"type": "home", "callback_id": "latchkey_home", "blocks": blocks}


def _shorter(room: Room, blocks: int) -> Room:
    """Leave so many blocks of a list's room to what is above it."""
    return replace(room, blocks=room.blocks - blocks)


def _offers(offer: Sequence[Package], mine: Collection[str]) -> list[Block]:
    search = button(_("Request access"), "new_request", "-", style="primary")
    blocks = [divider(), header(_("Access you can ask for")), actions(search, past_button())]
    rest = [package for package in offer if package.id not in mine]
    if rest:
        blocks += fitted(
            ([offered(package)] for package in rest),
            count=Count(len(rest)),
            room=OFFERED,
            rest=lambda left: _(
                "… and {left} more: press *Request access* to search all of them."
            ).format(left=left),
        )
    elif offer:
        blocks.append(section(_("You have, or have asked for, everything that is offered here.")))
    else:
        blocks.append(section(_("Nothing can be asked for here yet.")))
    blocks.append(
        context(
            _("Whether you may have a package is checked against its policy in Entra when you ask.")
        )
    )
    return blocks


def _admin(admin: AdminOverview) -> list[Block]:
    blocks: list[Block] = [
        divider(),
        header(_("For admins")),
        _search_field(),
        actions(
            button(_("Open the console"), "console_assignments", Tab.ASSIGNMENTS),
            button(_("Audit log"), "console_audit", Tab.AUDIT),
            block_id="console",
        ),
    ]
    if admin.stuck.rows:
        blocks += [
            section(_("*Stuck: {count}*").format(count=admin.stuck.count)),
            *_few(_stuck_row(request) for _, request in admin.stuck.rows),
            actions(button(_("Show stuck requests"), "console_stuck", Tab.STUCK)),
        ]
    has_others = not admin.others.count.is_nothing
    if has_others:
        blocks += [
            section(_("*Waits for others: {count}*").format(count=admin.others.count)),
            *_few(pending_review(request, reader="") for request in admin.others.rows),
            actions(button(_("Show all that waits"), "console_pending", Tab.PENDING)),
        ]
    if admin.ending.rows:
        blocks += [
            section(_("*Ends within a week: {count}*").format(count=admin.ending.count)),
            *_few(_ending_row(row) for row in admin.ending.rows),
            context(_("The console's assignments begin with what ends first.")),
        ]
    if not (admin.stuck.rows or has_others or admin.ending.rows):
        blocks.append(
            section(
                _("Nothing is stuck, nothing waits for others, and nothing ends within a week.")
            )
        )
    return blocks


def _search_field() -> Block:
    return {
        "type": "input",
        "block_id": "search:home",
        "dispatch_action": True,
        "optional": True,
        "label": plain(_("Who has what? Search, and press Enter")),
        "element": {
            "type": "plain_text_input",
            "action_id": "latchkey_console_search",
            "max_length": LONGEST_SOUGHT,
            "placeholder": plain(_("Person, package, or both")),
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }


def _stuck_row(request: Request) -> Row:
    return [context(for_admins(request))]


def _ending_row(row: Assignment) -> Row:
    who = person(row.holder, row.holder_name)
    return [context(f"{who}: *{escape(row.package_name)}* {until(row.ends_at)}")]


def _few(rows: Iterable[Row]) -> list[Block]:
    shown = Fitting(FOR_ADMIN)
    for row in rows:
        if not shown.takes(row, FOR_ADMIN.size_of(row)):
            break
    return shown.blocks


def _list(rows: Iterable[Row], *, count: Count, room: Room, everything: Place) -> list[Block]:
    """Show the first whole rows, and a button for all of them where there are more."""
    shown = Fitting(Room(blocks=room.blocks - 1, characters=room.characters, is_escaped=True))
    for row in rows:
        if not shown.takes(row, room.size_of(row)):
            break
    left = count.less(shown.taken)
    if left.is_nothing:
        return shown.blocks
    label = _("Show all {count}").format(count=count) if count.is_exact else _(SHOW_ALL)
    return [*shown.blocks, actions(button(label, "my_more", write_place(everything) or "-"))]


def short_home() -> dict[str, object]:
    """Draw a short Home for when Slack does not take the whole page."""
    lines = (
        _("Slack refused this page, and I have logged why."),
        _("`/my-access` shows what you have, `/request-access` what there is."),
    )
    return {
        "type": "home",
        "callback_id": "latchkey_home",
        "blocks": [section("\n".join(lines))],
    }
