"""Say for whom a request waits, since when and at which step; offer whoever asked to have them reminded."""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    confirm,
    escape,
    message,
    moment,
    person,
    section,
)
from bot.messages.phrases.naming import name_to_asker
from bot.messages.phrases.quorum import approvals_so_far, approved_by_one
from bot.requests.model import Kind, Request, State, may_see_deciders
from bot.words import N_, _, pgettext
from bot.words.formats import all_of, any_of, in_a_row

# Of those who are asked, by name.
MOST_DECIDERS: Final = 5
# Told to those who can change it.
NOBODY_LEFT: Final = N_(
    "Too few people are left who can decide this: those whom its policy in Entra finds, and the admins, have asked for it "
    "or get it, have decided already, or may not decide. Please add an approver to the policy, or somebody to a group that "
    "it names; or another admin to LATCHKEY_ADMINS, if LATCHKEY_ADMINS_DECIDE lets admins decide: I look again every hour."
)
# How often whoever asked may have those reminded who decide.
REMIND_EVERY: Final = timedelta(days=1)


def named_deciders(request: Request, *, reader: str | None, together: bool = False) -> str:
    """
    Return who is asked about the current stage, as far as they have been found: "@Bo, @Lee and 3 more".

    Any one of them is meant ("@Bo or @Lee"); where several must still approve, that many ("2 of @Bo, @Lee and @Mia").
    Empty where nobody has been found, and for a reader who may not see who they are.

    Args:
        reader: Who reads it, by Slack id; None: only those who decide, and the admins.
        together: All of them are meant: "@Bo and @Lee".
    """
    if not may_see_deciders(request, request.stage, reader):
        return ""
    shown = [person(each) for each in request.deciders[:MOST_DECIDERS]]
    more = len(request.deciders) - len(shown)
    left = request.approvals_needed - request.approvals
    needs_several = left > 1 and not together
    if more > 0:
        named = _("{names} and {count} more").format(names=in_a_row(shown), count=more)
    elif needs_several or together:
        named = all_of(shown)
    else:
        return any_of(shown)
    if needs_several and left < len(request.deciders):
        return _("{count} of {people}").format(count=left, people=named)
    return named


def waiting_for(request: Request, *, reader: str | None) -> str:
    """Return for whom a pending request waits, to go behind "it is": "waiting for @Bo (since …, step 1 of 2)"."""
    who = named_deciders(request, reader=reader) or _nobody_named(request)
    since = moment(request.waits_since or request.asked_at)
    stages = len(request.terms.stages) if request.terms else 0
    step = (
        _("step {stage} of {stages}").format(stage=request.stage + 1, stages=stages)
        if stages > 1
        else None
    )
    where = in_a_row([each for each in (step, approvals_so_far(request)) if each])
    if where:
        return _("waiting for {who} (since {since}, {where})").format(
            who=who, since=since, where=where
        )
    return _("waiting for {who} (since {since})").format(who=who, since=since)


def _nobody_named(request: Request) -> str:
    stage = request.current_stage
    if request.nobody_left:
        # In parentheses, because in other languages the time comes right behind it.
        return pgettext(
            "waiting for",
            "somebody who can decide it (nobody can just now; the admins have been told)",
        )
    if stage is not None and stage.is_admins_own:
        return pgettext("waiting for", "one of the admins")
    several = request.approvals_needed > 1
    return pgettext("waiting for", "approvals") if several else pgettext("waiting for", "approval")


def may_remind(request: Request) -> bool:
    """Tell whether somebody is asked who can be reminded now."""
    return (
        request.state is State.PENDING
        and bool(request.deciders)
        and (request.reminded_at is None or clock.now() - request.reminded_at >= REMIND_EVERY)
    )


def remind_button(request: Request) -> Block | None:
    """Make the button that has those reminded who decide; None while that has been done, or nobody is asked."""
    if not may_remind(request):
        return None
    return button(_("Remind"), "remind", request.id, about=request.package_name)


def cancel_button(request: Request) -> Block:
    """Make the button by which whoever asked cancels their request; for what `Request.can_be_canceled`."""
    return button(
        pgettext("cancel a request", "Cancel"), "cancel", request.id, about=request.package_name
    )


def decline_button(request: Request) -> Block:
    """Make the button by which somebody declines what another has asked for them."""
    return button(
        _("Decline"),
        "decline",
        request.id,
        confirm=confirm(
            _("Decline it?"),
            _("You will not get access to {package} by this request.").format(
                package=request.package_name
            ),
            yes=_("Decline"),
            danger=True,
        ),
        about=request.package_name,
    )


def reminding(request: Request) -> Message:
    """Say that those who decide are reminded."""
    who = named_deciders(request, reader=request.asked_by, together=True)
    if not who:
        unnamed = (
            _(
                "I will remind the approvers of your extension of {package}: at once, or as soon as it "
                "is not night or weekend for them. You can do that once a day."
            )
            if request.kind is Kind.EXTEND
            else _(
                "I will remind the approvers of your request for {package}: at once, or as soon as it "
                "is not night or weekend for them. You can do that once a day."
            )
        )
        return message(unnamed.format(package=name_to_asker(request)))
    sentence = (
        _(
            "I will remind {who} of your extension of {package}: at once, or as soon as it is not "
            "night or weekend for them. You can do that once a day."
        )
        if request.kind is Kind.EXTEND
        else _(
            "I will remind {who} of your request for {package}: at once, or as soon as it is not "
            "night or weekend for them. You can do that once a day."
        )
    )
    return message(sentence.format(who=who, package=name_to_asker(request)))


def approval_counted(
    request: Request, *, by: str | None, place: int, needed: int, is_waiting: bool
) -> Message:
    """
    Tell whoever asked who has approved, of several who must, and for whom their request waits now.

    Args:
        by: Who has; None: they may not see that.
        place: How many have approved with them.
        is_waiting: It waits for the others still.
    """
    said = approved_by_one(request, by=by, place=place, needed=needed)
    return _with_reminder(said, request, is_waiting=is_waiting)


def step_reached(request: Request, *, step: int, by: str | None, is_waiting: bool) -> Message:
    """
    Tell whoever asked that a step is approved, and for whom their request waits now.

    Args:
        by: Who approved it; None: whoever asked may not see that.
        is_waiting: It waits at the step after that one.
    """
    steps = len(request.terms.stages) if request.terms else step
    # Another step followed when it was approved; with none after it, what counts by now are other steps.
    sentence = _step_of(request, by) if step < steps else _step_of_others(request, by)
    said = sentence.format(
        by=escape(by or _("Somebody")), step=step, steps=steps, package=name_to_asker(request)
    )
    return _with_reminder(said, request, is_waiting=is_waiting)


def counts_no_more(said: Message) -> Message:
    """Add to the news of an approval that others decide anew."""
    why = _(
        "That does not count any more, because what is asked for, its policy, or who may decide it, has changed since."
    )
    return message(f"{said['text']} {why}")


def _step_of(request: Request, by: str | None) -> str:
    if request.kind is Kind.EXTEND:
        return (
            _("Step {step} of {steps} of your extension of {package} is approved.")
            if by is None
            else _("{by} approved step {step} of {steps} of your extension of {package}.")
        )
    return (
        _("Step {step} of {steps} of your request for {package} is approved.")
        if by is None
        else _("{by} approved step {step} of {steps} of your request for {package}.")
    )


def _step_of_others(request: Request, by: str | None) -> str:
    """Return the same without how many steps there are: its policy had more when that one was approved."""
    if request.kind is Kind.EXTEND:
        return (
            _("Step {step} of your extension of {package} was approved.")
            if by is None
            else _("{by} approved step {step} of your extension of {package}.")
        )
    return (
        _("Step {step} of your request for {package} was approved.")
        if by is None
        else _("{by} approved step {step} of your request for {package}.")
    )


def _with_reminder(said: str, request: Request, *, is_waiting: bool) -> Message:
    """Say for whom it waits as well, and offer to remind them, while it does."""
    if not is_waiting:
        return message(said)
    waits = waiting_for(request, reader=request.asked_by)
    now = _("{said} Now it is {waiting_for}.").format(said=said, waiting_for=waits)
    remind = remind_button(request)
    return message(
        now, [section(now), actions(remind, block_id=f"progress:{request.id}")] if remind else None
    )
