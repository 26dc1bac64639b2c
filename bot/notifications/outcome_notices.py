"""Find the notices that the end of a request, or of an access, calls for: to whom, under which key, in which words."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.approvals.model import Decision, approvals_of, shown_to
from bot.assignments.model import Assignment
from bot.database.audit_log.audit import LATCHKEY
from bot.messages.admins import alarms
from bot.messages.assignments import endings, troubles
from bot.messages.blocks.parts import Message, moment
from bot.messages.emergencies import emergency
from bot.messages.phrases.decided import names_of
from bot.messages.phrases.naming import remover
from bot.messages.phrases.shorter_ends import earliest
from bot.messages.requests import made_in_entra, on_behalf, outcomes
from bot.messages.requests.asking_again import RefusalExplained, with_again_buttons
from bot.notifications.model import Notice
from bot.packages.opening import Opening
from bot.packages.refusals import PACKAGE_GONE, is_for_now
from bot.people.model import Verb
from bot.requests.model import Kind, Request, State, shown_there
from bot.words.formats import all_of

# The kind of the notice that a package's rules are not understood; the word is stored.
NOT_UNDERSTOOD: Final = "puzzle"

# Of those that say what is asked for somebody else, and are redrawn; and the beginnings of their keys.
FOR_OTHER: Final = "for-other"
TO_THEM: Final = "asked-for-you"
TO_ASKER: Final = "asked-for-them"

# Of one that says that there is what another asked for, with a way to return it; it is redrawn when that ends.
GIVEN_FOR_OTHER: Final = "given-for-you"

# Of one that says how the extension stands of access that has ended, and is redrawn.
ENDED_EXTENDING: Final = "ended-extending"

# A notice, and what it says.
OwedNotice = tuple[Notice, Message]


def notices_for_request(
    request: Request,
    *,
    decided: Sequence[Decision],
    admin_channel: str,
    will_remind: bool,
    delivery_note: str | None = None,
    openings: Collection[Opening] = (),
    may_return: bool = True,
    explained: RefusalExplained | None = None,
    is_offered: bool = True,
    other_account: str | None = None,
    kept: Assignment | None = None,
    ended: Assignment | None = None,
) -> list[OwedNotice]:
    """
    Return everything that is to be said about a request that has ended.

    Args:
        other_account: Another Slack account of whoever has given access back, to which messages about it went.
        ended: The access that has ended without the removal that was to end it; the account to which messages about it
            go hears that by itself.
        kept: The access that is still there although an extension of it was canceled for its removal.
        is_offered: Whether its package can still be asked for.
        will_remind: Whether a reminder of the access's end is still to come.
        delivery_note: The package's own sentence, for whoever has got access.
        openings: What they can open.
        may_return: Whoever has got access may give it back.
        explained: What there is to say about a refusal besides its reason.
    """
    owed = []
    to = _first_to_know(request)
    if request.is_on_behalf:
        owed += _outcomes_for_others(
            request,
            decided,
            will_remind=will_remind,
            delivery_note=delivery_note,
            openings=openings,
            may_return=may_return,
            explained=explained,
        )
    elif ended is not None:
        if to is not None and ended.holder not in (None, to):
            # By another account of whoever has it, who was to be told when it is done.
            notice = _notice(str(request.state), request, to=to)
            owed.append((notice, endings.ended(ended, is_offered=is_offered)))
    elif to is not None:
        words = _words(
            request,
            decided,
            to=to,
            will_remind=will_remind,
            note=delivery_note,
            openings=openings,
            explained=explained,
            is_offered=is_offered,
        )
        is_decided = request.state in {State.DELIVERED, State.DENIED}
        if is_decided and request.cancel_wanted_at is not None:
            words = outcomes.after_all(request, words)
        owed.append((_notice(str(request.state), request, to=to), words))
    by_somebody_else = request.kind is Kind.REMOVE and request.asked_by not in {
        request.holder,
        LATCHKEY,
    }
    if request.state is State.DELIVERED and by_somebody_else:
        # Whoever had somebody else's access removed wants to know, too.
        notice = _notice("removed-by", request, to=request.asked_by)
        owed.append((notice, outcomes.removed(request, told=request.asked_by)))
    if kept is not None and request.holder is not None:
        notice = _notice("kept", request, to=request.holder)
        owed.append((notice, outcomes.kept_after_all(request, kept)))
    if other_account is not None:
        notice = _notice("returned", request, to=other_account)
        owed.append((notice, outcomes.returned_by_other_account(request)))
    if request.state is State.REFUSED and request.tell_admins:
        notice = not_understood_notice(request, to=admin_channel)
        is_nobodys = request.why == alarms.NOBODY_DECIDES
        say = alarms.nobody_decides if is_nobodys else alarms.not_understood
        owed.append((notice, say(request)))
    # Whoever gave it up did so on the card of its hold, which says so.
    if request.state is State.FAILED and request.give_up_by is None:
        owed.append((alarm("alarm", request, to=admin_channel), alarms.failed(request)))
    return owed


def notices_for_begin(request: Request, decided: Sequence[Decision]) -> list[OwedNotice]:
    """Return what is to be said about a request of which all is decided, and whose access begins later."""
    if not request.is_scheduled:
        return []
    owed = []
    for to in dict.fromkeys((request.holder, request.asked_by)):
        if to is None:
            continue
        approved = names_of(shown_to(request, decided, to), Verb.APPROVE)
        by = all_of(approved) or _there(request, Verb.APPROVE, reader=to)
        prefix = "begins" if to == request.holder else "begins-for"
        words = outcomes.begins_later(request, by=by, told=to)
        owed.append((_notice(prefix, request, to=to), words))
    return owed


def notice_for_expiry(
    assignment: Assignment, *, extending: Request | None, is_offered: bool
) -> OwedNotice:
    """
    Tell the holder of an access that it has ended.

    Args:
        is_offered: Its package can still be asked for.
        extending: Their open request to extend it, or what has become of that.
    """
    notice = Notice(
        key=f"ended:{assignment.id}",
        kind="news",
        to=assignment.holder or "",
        assignment_id=assignment.id,
    )
    if extending is not None:
        notice = replace(notice, kind=ENDED_EXTENDING, request_id=extending.id)
        return notice, endings.ended_while_extending(assignment, extending)
    return notice, endings.ended(assignment, is_offered=is_offered)


def not_understood_notice(request: Request, *, to: str) -> Notice:
    """Tell the admins once a day that a package's rules are not understood, however many ask for it; they are counted."""
    day = (request.ended_at or request.updated_at).strftime("%Y-%m-%d")
    return Notice(
        key=f"{NOT_UNDERSTOOD}:{request.package_id}:{day}",
        kind=NOT_UNDERSTOOD,
        to=to,
        request_id=request.id,
    )


def notices_while_pending(request: Request) -> list[OwedNotice]:
    """Tell whoever has asked what they could not know yet of their request; and who is asked for by another."""
    told = _notices_for_others(request)
    if request.is_made_in_entra and request.holder is not None:
        notice = _notice("made-in-entra", request, to=request.holder)
        told.append((notice, made_in_entra.seen(request)))
    if request.no_emergency_why and request.holder is not None:
        told.append(
            (
                _notice(f"no-emergency-{request.round}", request, to=request.holder),
                emergency.not_an_emergency(request),
            )
        )
    removal = request.terms.removal if request.terms else None
    if removal is None or request.holder is None:
        return told
    at = moment(datetime.fromisoformat(removal.at))
    by = remover(request, removal.by, begins=True)
    said = troubles.removed_before(request.package_name, by=by, at=at, why=removal.why)
    return [*told, (_notice("removed-before", request, to=request.holder), said)]


def _notices_for_others(request: Request) -> list[OwedNotice]:
    """Tell whom it is for, and whoever asked for them, that a request waits for a decision."""
    if not request.is_on_behalf or request.holder is None:
        return []
    return [
        (
            _for_other(TO_THEM, request, to=request.holder),
            on_behalf.told_beneficiary(request),
        ),
        (_for_other(TO_ASKER, request, to=request.asked_by), on_behalf.told_asker(request)),
    ]


def content_for_other(notice: Notice, request: Request) -> Message:
    """Return what a message about what is asked for somebody else says now."""
    if notice.key.startswith(f"{TO_THEM}:"):
        return on_behalf.told_beneficiary(request)
    return on_behalf.told_asker(request)


def _outcomes_for_others(
    request: Request,
    decided: Sequence[Decision],
    *,
    will_remind: bool,
    delivery_note: str | None,
    openings: Collection[Opening],
    may_return: bool,
    explained: RefusalExplained | None,
) -> list[OwedNotice]:
    """Return what whoever asked for somebody else, and whom they asked for, are told at the end."""
    owed = []
    withdrawn = request.state is State.CANCELED and not request.why
    declined = request.state is State.CANCELED and request.is_declined
    if not withdrawn:
        verb = Verb.DENY if request.state is State.DENIED else Verb.APPROVE
        seen = shown_to(request, decided, request.asked_by)
        by = all_of(names_of(seen, verb)) or None
        said = on_behalf.outcome_for_asker(request, by=by, explained=explained)
        owed.append((_notice(f"{request.state}-for", request, to=request.asked_by), said))
    # Before it was known that whoever asked may do so, the other heard nothing.
    if request.holder is not None and not declined:
        notice = _notice(str(request.state), request, to=request.holder)
        if request.state is State.DELIVERED:
            notice = replace(notice, kind=GIVEN_FOR_OTHER)
            said = given_for_other(
                request,
                decided,
                will_remind=will_remind,
                note=delivery_note,
                openings=openings,
                may_return=may_return,
            )
        else:
            said = on_behalf.outcome_for_beneficiary(request)
        owed.append((notice, said))
    return owed


def given_for_other(
    request: Request,
    decided: Sequence[Decision],
    *,
    will_remind: bool,
    note: str | None,
    openings: Collection[Opening],
    may_return: bool,
) -> Message:
    """
    Tell somebody that they have what another asked for for them.

    Args:
        may_return: Its policy lets them give it back, and nobody takes it away just now.
    """
    words = _words(
        request,
        decided,
        to=request.holder or "",
        will_remind=will_remind,
        note=note,
        openings=openings,
    )
    return on_behalf.with_asker(words, request, may_return=may_return)


def alarm(prefix: str, request: Request, *, to: str) -> Notice:
    return Notice(key=f"{prefix}:{request.id}", kind="alarm", to=to, request_id=request.id)


def _for_other(prefix: str, request: Request, *, to: str) -> Notice:
    return Notice(key=f"{prefix}:{request.id}", kind=FOR_OTHER, to=to, request_id=request.id)


def _notice(prefix: str, request: Request, *, to: str) -> Notice:
    return Notice(key=f"{prefix}:{request.id}", kind="news", to=to, request_id=request.id)


def _first_to_know(request: Request) -> str | None:
    """Return who hears how it ended; nobody, if they withdrew it themselves or are not in Slack."""
    if request.is_canceled_in_entra:
        return request.holder
    if request.state is State.CANCELED:
        return request.holder if request.is_canceled_by_admin else None
    # A removal that did not happen is the admin's news: the holder was never told of it.
    if request.kind is Kind.REMOVE and request.state is not State.DELIVERED:
        return request.asked_by if request.asked_by != LATCHKEY else None
    return request.holder


def _there(request: Request, verb: Verb, *, reader: str) -> str | None:
    """Return who has decided so in Entra, by name, where that is known and for the reader to see."""
    there = shown_there(request, reader)
    names = [each.name for each in there if each.verb is verb and each.name]
    return all_of(list(dict.fromkeys(names))) or None


def _words(
    request: Request,
    decided: Sequence[Decision],
    *,
    to: str,
    will_remind: bool,
    note: str | None,
    openings: Collection[Opening],
    explained: RefusalExplained | None = None,
    is_offered: bool = True,
) -> Message:
    approved = names_of(shown_to(request, decided, to), Verb.APPROVE)
    if request.state is State.DELIVERED:
        if request.kind is Kind.REMOVE:
            return outcomes.removed(request, told=to)
        by = all_of(approved) or _there(request, Verb.APPROVE, reader=to)
        return outcomes.delivered(
            request,
            by=by,
            will_remind=will_remind,
            note=note,
            openings=openings,
            shorter=earliest(decided),
            told=to,
        )
    if request.state is State.DENIED:
        denials = [each for each in decided if each.verb is Verb.DENY]
        by = all_of(names_of(shown_to(request, denials, to), Verb.DENY)) or _there(
            request, Verb.DENY, reader=to
        )
        # Whoever has denied a stage after all had approved it only for a while.
        against = {(each.stage, voice) for each in denials for voice in each.voices}
        others = [
            each
            for each in decided
            if against.isdisjoint((each.stage, voice) for voice in each.voices)
        ]
        approved = names_of(shown_to(request, others, to), Verb.APPROVE)
        denied = outcomes.denied(request, by=by, approved=approved)
        return with_again_buttons(denied, request, is_offered=is_offered)
    if request.state is State.LAPSED:
        if request.approvals:
            # The stage that was too late has some of its approvals.
            in_stage = approvals_of(decided, request.stage)
            approved = names_of(shown_to(request, in_stage, to), Verb.APPROVE)
        lapsed = outcomes.lapsed(request, approved=approved, is_offered=is_offered)
        return with_again_buttons(lapsed, request, is_offered=is_offered)
    if request.is_canceled_in_entra:
        return outcomes.canceled_in_entra(request)
    if request.state is State.CANCELED:
        return outcomes.canceled_by_admin(request)
    if request.state is State.FAILED:
        failed = outcomes.failed(request, is_offered=is_offered, told=to)
        if not request.give_up_by:
            return failed
        return with_again_buttons(failed, request, is_offered=is_offered)
    refused = outcomes.refused(request, explained, is_offered=is_offered, told=to)
    is_there = is_offered and _may_come_to_something(request)
    return with_again_buttons(refused, request, is_offered=is_there)


def _may_come_to_something(request: Request) -> bool:
    """Tell whether it may help to ask again for what was refused."""
    why = request.why or ""
    # The sync may not have seen yet that it is gone; of several policies somebody may choose one that lasts.
    return why != PACKAGE_GONE and (request.wanted_policy_id is not None or is_for_now(why))
