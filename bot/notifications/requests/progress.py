"""Tell whoever asked that a step of the approval is done, and for whom their request waits now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.approvals.model import Decision, approvals_of
from bot.approvals.store import decisions
from bot.database import Transaction
from bot.messages.blocks.parts import Message
from bot.messages.phrases import waiting
from bot.messages.phrases.decided import name_of, names_of
from bot.notifications.model import Notice
from bot.people.model import Verb
from bot.requests.model import Request, State, may_see_deciders, read_ask_id
from bot.requests.store import requests
from bot.words.formats import all_of

KIND: Final = "progress"


def progress_notice(request: Request) -> Notice | None:
    """Return what is owed to whoever asked because a later stage is decided now; None if nothing is."""
    has_gone_on = bool(request.stage or request.approvals)
    if request.state is not State.PENDING or not has_gone_on or request.holder is None:
        return None
    key = f"progress:{request.ask_id}"
    if request.approvals:
        key += f":{request.approvals}"
    to = request.asked_by if request.is_on_behalf else request.holder
    return Notice(key=key, kind=KIND, to=to, request_id=request.id)


def first_content(db: Transaction, notice: Notice) -> Message | None:
    """Return what it says when it is sent; None if that stage is over."""
    request = requests.find(db, notice.request_id or "")
    is_over = request is None or progress_notice(request) != notice
    return None if is_over else content_of(db, notice)


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what it says now."""
    request = requests.find(db, notice.request_id or "")
    if request is None:
        return None
    said = _said_of(db, notice, request)
    _, round_, _ = read_ask_id(_ask_id_in(notice))
    if said is None or round_ == request.round or request.access_ended_at is not None:
        return said
    return waiting.counts_no_more(said)


def _ask_id_in(notice: Notice) -> str:
    return notice.key.removeprefix("progress:").partition(":")[0]


def _said_of(db: Transaction, notice: Notice, request: Request) -> Message | None:
    """Return who approved what, and for whom it waits now."""
    _, round_, stage = read_ask_id(_ask_id_in(notice))
    approvals = notice.key.removeprefix("progress:").partition(":")[2]
    counted = decisions.accepted_of(db, replace(request, round=round_))
    is_waiting = request.state is State.PENDING and progress_notice(request) == _bare(notice)
    if approvals:
        return _approval_counted(
            request,
            counted,
            to=notice.to,
            stage=stage,
            place=int(approvals),
            is_waiting=is_waiting,
        )
    by = names_of([each for each in counted if each.stage == stage - 1], Verb.APPROVE)
    there = [each.name for each in request.decided_there if each.stage == stage - 1 and each.name]
    is_named = may_see_deciders(request, stage - 1, notice.to)
    return waiting.step_reached(
        request,
        step=stage,
        by=all_of(by or there) if is_named else None,
        is_waiting=is_waiting,
    )


def _approval_counted(
    request: Request,
    counted: Sequence[Decision],
    *,
    to: str,
    stage: int,
    place: int,
    is_waiting: bool,
) -> Message | None:
    by = [each for each in approvals_of(counted, stage) if each.place == place]
    stages = request.terms.stages if request.terms else ()
    if not by or stage >= len(stages):
        return None
    return waiting.approval_counted(
        request,
        by=name_of(by[0]) if may_see_deciders(request, stage, to) else None,
        place=place,
        needed=stages[stage].quorum,
        is_waiting=is_waiting,
    )


def _bare(notice: Notice) -> Notice:
    return Notice(key=notice.key, kind=KIND, to=notice.to, request_id=notice.request_id)
