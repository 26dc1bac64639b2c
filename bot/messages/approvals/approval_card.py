"""Draw the approval card of a request: the same whole card wherever it is shown, with buttons while they count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot import clock
from bot.approvals.model import ApproverQuestion, Decision
from bot.assignments.model import Assignment, AssignmentState
from bot.messages.approvals.answers import answer_blocks
from bot.messages.approvals.decision_lines import decision_line
from bot.messages.approvals.evidence import evidence_lines
from bot.messages.approvals.question_lines import ask_button, question_blocks
from bot.messages.approvals.why_asked import why_asked
from bot.messages.assignments.troubles import remove_button
from bot.messages.blocks.pages import MESSAGE, Room, fitted
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    actions,
    bold,
    button,
    context,
    day,
    doer,
    escape,
    fields,
    listed,
    message,
    moment,
    person,
    section,
    shorten,
    until,
)
from bot.messages.blocks.quotes import as_written, one_line, quoted
from bot.messages.emergencies import emergency
from bot.messages.phrases import policy_words, quorum
from bot.messages.phrases.decided_there import others_there, there_line
from bot.messages.phrases.request_words import asks_for, outcome, wish
from bot.messages.phrases.shorter_ends import for_less_button
from bot.messages.phrases.waiting import NOBODY_LEFT, named_deciders
from bot.packages.model import Removal
from bot.paging import Count
from bot.people.model import NamedAs
from bot.requests.model import Kind, Request, State
from bot.words import N_, _, translate
from bot.words.formats import as_sentence, in_a_row, in_quotes

# On a card, beside what is asked for: who decided the stages before, the last ones first.
ROOM_FOR_DECISIONS: Final = Room(blocks=12, characters=2_000)
# Of one fact on a card, escaped.
LONGEST_FACT: Final = 450
FRESH_SIGN_IN: Final = N_("Approving this takes a fresh sign-in to Microsoft.")
DELEGATES_SIGN_IN: Final = N_(
    "A delegate decides it only if their approver has signed in for that, too."
)
UNNAMED: Final = N_(
    ":warning: Its policy in Entra finds nobody who can decide this. An admin decides, if "
    "LATCHKEY_ADMINS_DECIDE lets them; otherwise name an approver in the policy."
)
UNNAMED_IN_ENTRA: Final = N_(
    ":warning: Its policy in Entra finds nobody who can decide this. Microsoft Entra decides it, so no admin can do that "
    "here: please name an approver in the policy."
)
NOBODY_ELSE_IN_ENTRA: Final = N_(
    ":warning: Its policy in Entra finds nobody for this step who has not decided an earlier one, and here nobody decides "
    "two. Microsoft Entra decides it, so no admin can do that here: please name another approver in the policy. My Access "
    "shows whether Entra takes both steps from one person."
)
ADMINS_MAY_NOT: Final = N_(
    "The admins may not decide this request: that is for the approvers whom its policy names."
)
TIME_IS_OVER: Final = N_(
    "The time to decide this was over {when}: nothing can be decided any more."
)
ENTRA_DECIDES: Final = N_(
    "Microsoft Entra decides this: here, only the approvers whom its policy names can approve or deny it."
)


def card(
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion] = (),
    reader: str | None = None,
    named_as: NamedAs | None = None,
    asked: bool = True,
    access: Assignment | None = None,
    is_for_admins: bool = False,
    is_shown_only: bool = False,
) -> Message:
    """
    Draw an approval card: who, what exactly, why, until when, under which policy; and how it was decided.

    Args:
        questions: What those who decide have asked, with the answers.
        reader: Whose direct message it is in; None: a channel's.
        named_as: Why they are asked, if that is known.
        asked: The stage that is decided now is the one that this card asks about; without, it has no buttons.
        access: What the request gave, on a card for admins: while it is there, they may remove it.
        is_for_admins: It is in the admins' channel; of what Entra decides they see all, and decide nothing.
        is_shown_only: Its reader, an admin, cannot decide it.
    """
    foot = (
        _foot(
            request,
            decided,
            reader=reader,
            named_as=named_as,
            is_shown_only=is_shown_only or (is_for_admins and request.entra_decides),
        )
        if asked
        else _passed(request, decided, reader=reader)
    )
    if access is not None:
        foot += _undo(access)
    above = facts(request, decided, questions=questions, room=MESSAGE.less(foot))
    return message(_plain_title(request), [*above, *foot])


def _undo(access: Assignment) -> list[Block]:
    """Let an admin remove what was given, as long as it is there."""
    if access.state is AssignmentState.REMOVING:
        return [context(_("This access is being removed."))]
    if access.state is AssignmentState.ENDED:
        return [context(_("This access has ended."))]
    return [actions(remove_button(access, label=_("Remove")), block_id=f"undo:{access.id}")]


def facts(
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion] = (),
    room: Room,
) -> list[Block]:
    """Say all that a card says of a request, but for where it stands: for the card, and for a form that covers it."""
    head = [section(wish(request)), *evidence_lines(request.evidence, about=_whom(request))]
    why = _why(request)
    said = _decisions(request, decided)
    talk = question_blocks(questions, room=room.less([*head, *why, *said]))
    wanted = _wanted(request, room=room.less([*head, *why, *talk, *said]))
    return [*head, *wanted, *why, *talk, *said]


def standing(request: Request, decided: Sequence[Decision], *, reader: str) -> list[Block]:
    """Say how far a request is, as its card does: who decided what, and for whom it waits; for whoever has no part in it now."""
    return [*_decisions(request, decided), *_passed(request, decided, reader=reader)]


def _decisions(request: Request, decided: Sequence[Decision]) -> list[Block]:
    """Say who decided what, here and in Entra, in that order; of many, the last ones."""
    said = fitted(
        [[context(decision_line(each))] for each in reversed(decided)],
        count=Count(len(decided)),
        room=ROOM_FOR_DECISIONS,
        rest=lambda left: _("… and {left} earlier.").format(left=left),
    )
    there = [context(there_line(each)) for each in others_there(request, decided)]
    return [*reversed(said), *reversed(there)]


def _whom(request: Request) -> str | None:
    """Return whose facts are shown, where somebody else has asked; None where that is plain."""
    if not request.is_on_behalf:
        return None
    return person(request.holder, request.holder_name)


def _why(request: Request) -> list[Block]:
    blocks = []
    if request.justification:
        blocks += [context(_("*Why*")), quoted(request.justification)]
    first_why = request.evidence.first_why if request.evidence else None
    if first_why and request.kind is Kind.EXTEND:
        blocks += [context(_("*Why they asked for it at first*")), quoted(first_why)]
    blocks += answer_blocks(request)
    if request.no_emergency_why:
        blocks.append(context(emergency.not_an_emergency_note(request)))
    return [*blocks, *_what_was_before(request)]


def _what_was_before(request: Request) -> list[Block]:
    """Say that the access was removed or has ended, or that this had been decided in other words."""
    blocks = []
    removal = request.terms.removal if request.terms else None
    if removal is not None:
        blocks.append(context(_removed_before(removal)))
    if request.access_ended_at is not None:
        blocks.append(context(_ended_before(request, request.access_ended_at)))
    elif request.round and not request.no_emergency_why:
        blocks.append(
            context(
                _(
                    "What is asked for, its policy, or who may decide it, has changed: it needs a new decision."
                )
            )
        )
    return blocks


def one_of_several(
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion] = (),
) -> list[Block]:
    """Say all that a card says of one of several requests that are decided together, but for what the package gives."""
    head = [section(wish(request)), *evidence_lines(request.evidence, about=_whom(request))]
    rules = [_rules(request), *_conflicts(request)]
    why = _why(request)
    said = _decisions(request, decided)
    talk = question_blocks(questions, room=MESSAGE.less([*head, *rules, *why, *said]))
    return [*head, *rules, *why, *talk, *said]


def gives(contents: Sequence[str], *, characters: int) -> list[Block]:
    """List what a package gives, as its terms say it."""
    said = [translate(each) for each in contents] or [_("nothing yet: the package is empty")]
    return listed(_("*The package gives*"), said, characters=characters)


def _removed_before(removal: Removal) -> str:
    """Say who took this access away, and what follows from that."""
    facts = {"person": person(removal.by), "when": moment(datetime.fromisoformat(removal.at))}
    if not removal.why:
        return _(
            ":warning: {person} removed this access {when}. So an admin decides whether they get it again, "
            "whatever the policy says."
        ).format(**facts)
    return _(
        ":warning: {person} removed this access {when}. So an admin decides whether they get it again, "
        "whatever the policy says. The reason of the removal: {reason}"
    ).format(**facts, reason=as_written(removal.why))


def _ended_before(request: Request, at: datetime) -> str:
    """Say that it was an extension, until the access ended."""
    return _(
        "The access of {person} ended {when}, before it was extended. Approving gives it anew."
    ).format(person=person(request.holder, request.holder_name), when=moment(at))


def _foot(
    request: Request,
    decided: Sequence[Decision],
    *,
    reader: str | None,
    named_as: NamedAs | None,
    is_shown_only: bool,
) -> list[Block]:
    """Say where it stands, with the buttons of whoever decides now; whoever has approved can only deny it yet."""
    stage = request.current_stage
    if request.state is not State.PENDING or stage is None:
        return [context(outcome_and_why(request))]
    blocks = []
    stages = request.terms.stages if request.terms else ()
    if len(stages) > 1:
        blocks.append(
            context(
                _("Step {stage} of {count}.").format(stage=request.stage + 1, count=len(stages))
            )
        )
    approvals = quorum.approvals_line(request, decided)
    if approvals is not None:
        blocks.append(context(approvals))
    # That an admin decides after a removal is said with the removal.
    if request.nobody_left:
        blocks.append(context(f":warning: {_(NOBODY_LEFT)}"))
    elif request.unnamed and not (stage.is_admins_own and request.terms and request.terms.removal):
        in_entra = NOBODY_ELSE_IN_ENTRA if request.stage > 0 else UNNAMED_IN_ENTRA
        unnamed = _(in_entra) if request.entra_decides else _(UNNAMED)
        blocks.append(context(unnamed if approvals is None else quorum.too_few(request)))
    if request.deciders:
        named = named_deciders(request, reader=None, together=request.approvals_needed > 1)
        blocks.append(context(_("Asked: {named_deciders}.").format(named_deciders=named)))
    part = quorum.own_part(request, decided, reader)
    if stage.fresh_sign_in and part is None:
        # Entra knows no delegates.
        said = [FRESH_SIGN_IN] if request.entra_decides else [FRESH_SIGN_IN, DELEGATES_SIGN_IN]
        blocks.append(context(" ".join(_(each) for each in said)))
    if named_as is not None and part is None:
        blocks.append(context(why_asked(request, named_as)))
    if request.lapses_at:
        when = moment(request.lapses_at)
        if request.is_past_deadline(clock.now()):
            # Drawn before the job that lets it expire has been there.
            return [*blocks, context(_(TIME_IS_OVER).format(when=when))]
        blocks.append(context(_("Expires {when} unless it is decided before.").format(when=when)))
    if is_shown_only:
        why = ENTRA_DECIDES if request.entra_decides else ADMINS_MAY_NOT
        return [*blocks, context(_(why))]
    if part is not None:
        return [*blocks, context(part), decision_buttons(request, has_approved=True)]
    return [*blocks, decision_buttons(request)]


def _passed(request: Request, decided: Sequence[Decision], *, reader: str | None) -> list[Block]:
    """Say where it stands, to whoever was asked about an earlier stage or round."""
    if request.state is not State.PENDING or request.current_stage is None:
        return [context(outcome_and_why(request))]
    if reader and any(reader in {each.slack_user, each.for_user} for each in decided):
        part = _("Your part is done.")
    elif request.round or reader in request.deciders:
        # Of what this card has asked about, nothing is decided; or its reader is asked about the next step, too.
        return [context(_("This card is out of date. Whoever decides now has a new one."))]
    else:
        part = _("This step is decided, and nothing is left for you to do.")
    return [context(f"{part} {_now_waits(request)}")]


def _now_waits(request: Request) -> str:
    steps = len(request.terms.stages) if request.terms else 1
    people = named_deciders(request, reader=None) or _("a decision")
    if steps > 1:
        return _("Now step {stage} of {steps} waits for {people}.").format(
            stage=request.stage + 1, steps=steps, people=people
        )
    return _("Now it waits for {people}.").format(people=people)


def _plain_title(request: Request) -> str:
    who = escape(request.holder_name or _("Somebody"))
    state = "" if request.state is State.PENDING else f" {outcome(request)}"
    if request.is_on_behalf:
        asker = request.terms.asker.name if request.terms and request.terms.asker else _("Somebody")
        line = _("{asker} asks for {package} for {person}").format(
            asker=escape(asker), package=escape(request.package_name), person=who
        )
    else:
        line = asks_for(request.kind, person=who, package=escape(request.package_name))
    return f"{as_sentence(line)}{state}"


def _wanted(request: Request, *, room: Room) -> list[Block]:
    """Say what exactly they would get, until when and under which policy, and who Entra says they are."""
    rules = _rules(request)
    if request.terms is None:
        return [rules]
    excluded = _conflicts(request)
    left = room.less([rules, *excluded]).characters
    return [*gives(request.terms.contents, characters=left), rules, *excluded]


def _rules(request: Request) -> Block:
    """Say until when they would have it and under which policy, when it was asked for, and who Entra says they are."""
    terms = request.terms
    account = _("*Account*\n{fact}").format(fact=_fact(request.holder_name or _("not known yet")))
    asked = _("*Asked*\n{when}").format(when=moment(request.asked_at))
    if terms is None:
        return fields(account, asked)
    catalog = [_("*Catalog*\n{fact}").format(fact=_fact(terms.catalog))] if terms.catalog else []
    return fields(
        account,
        *([_("*From*\n{when}").format(when=day(request.starts_at))] if request.starts_at else []),
        _("*Ends*\n{until}").format(until=_until(request)),
        _("*Rule*\n{fact}").format(fact=_fact(terms.policy_name)),
        *catalog,
        asked,
    )


def _conflicts(request: Request) -> list[Block]:
    """Say what they have that does not go together with it; nothing where all does."""
    if request.terms is None or not request.terms.excluded:
        return []
    names = one_line(in_a_row([in_quotes(each.name) for each in request.terms.excluded]))
    sentence = _("*They already have* {names}. Entra lets nobody ask for that who has {package}.")
    return [context(sentence.format(names=names, package=bold(request.package_name)))]


def _fact(text: str) -> str:
    return shorten(escape(text), LONGEST_FACT)


def _until(request: Request) -> str:
    end = request.ends_at if request.state is State.DELIVERED else request.granted_end
    if end is not None:
        return day(end)
    lasts = request.terms.lasts if request.terms else ""
    said = escape(policy_words.lasts(lasts))
    return _("{lasts} after delivery").format(lasts=said) if lasts[:1].isdigit() else said


def decision_buttons(request: Request, *, has_approved: bool = False) -> Block:
    """
    Make the buttons with which somebody decides, or asks a question first.

    Args:
        has_approved: Their approval counts already; they can still deny.
    """
    about = about_person(request.holder_name, request.package_name)
    approve = button(_("Approve"), "approve", request.ask_id, style="primary", about=about)
    # Asked for in Entra by somebody who is not found in Slack, and could not answer.
    is_nobody_here = request.holder is None and not request.is_on_behalf
    return actions(
        None if has_approved else approve,
        None if has_approved else for_less_button(request),
        button(_("Deny"), "deny", request.ask_id, style="danger", about=about),
        None if is_nobody_here else ask_button(request),
        block_id=f"card:{request.ask_id}",
    )


# Of these ends the reason is on the request; a denial's is with the decision.
REASON_SHOWN: Final = frozenset({State.REFUSED, State.FAILED, State.LAPSED, State.CANCELED})


def outcome_and_why(request: Request) -> str:
    said = outcome(request)
    if request.state is State.DELIVERED and request.ends_at and not request.emergency:
        done = _("Extended, {until}.") if request.kind is Kind.EXTEND else _("Delivered, {until}.")
        said = done.format(until=until(request.ends_at))
    if request.why and request.state in REASON_SHOWN and not request.is_declined:
        why = as_written(translate(request.why))
        if request.state is State.REFUSED:
            # It speaks to whoever asked: "You are not among …".
            who = doer(request.asked_by) if request.asked_by else person(None, request.holder_name)
            why = _("To {person}: {why}").format(person=who, why=why)
        said += f" {why}"
    return said
