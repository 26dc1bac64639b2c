"""Answer somebody who asks for a package by its name or by a button: asked, had already, or which one."""

from collections.abc import Awaitable

from bot.errors import FormNeeded, ReasonIncomplete, ReasonNeeded, UnknownPackage, WhichPackage
from bot.messages.blocks.parts import Message
from bot.messages.emergencies import emergency
from bot.messages.requests import acknowledging, offering
from bot.packages.whom import AskedForOther, asked_for_other
from bot.people.permissions import NOT_FOR_OTHERS
from bot.requests.asking.forms import RequestForms
from bot.requests.transactions.ask import AlreadyHeld
from bot.requests.transactions.creation import Submitted


async def answer_to_ask(forms: RequestForms, user: str, ask: Awaitable[Submitted]) -> Message:
    """
    Wait for *ask* and say what came of it, with what to press next.

    Raises:
        UnknownPackage: Nothing comes near what was typed.
        SeenBefore, TooOften, NotAllowed, TooLate: As `RequestService.ask`.
    """
    try:
        submitted = await ask
    except UnknownPackage as unknown:
        if not unknown.near:
            raise
        ids = [each.id for each in unknown.near]
        return acknowledging.near(
            unknown.asked,
            unknown.near,
            more=unknown.more,
            reason=unknown.reason,
            abouts=await forms.keep_reasons(
                slack_user=user, package_ids=ids, reason=unknown.reason
            ),
        )
    except WhichPackage as which:
        ids = [each.id for each in which.choices]
        return acknowledging.which_package(
            which.asked,
            which.choices,
            reason=which.reason,
            abouts=await forms.keep_reasons(slack_user=user, package_ids=ids, reason=which.reason),
            are_listed=which.are_listed,
        )
    except AlreadyHeld as held:
        return acknowledging.already_held(held.assignment, held.held_under, asked=held.extension)
    except FormNeeded as form:
        about = await forms.keep_reason(
            slack_user=user, package_id=form.package_id, reason=form.reason
        )
        return offering.form_needed(about, str(form))
    except ReasonIncomplete as incomplete:
        about = await forms.keep_reason(
            slack_user=user, package_id=incomplete.package_id, reason=incomplete.reason
        )
        return offering.reason_needed(about, incomplete.package_name, str(incomplete))
    except ReasonNeeded as needed:
        return offering.reason_needed(needed.package_id, needed.package_name, str(needed))
    return await say_asked(forms, user, submitted)


async def offer_for_other(forms: RequestForms, user: str, text: str) -> Message | None:
    """
    Offer the form to somebody who names another person behind a package; None if they ask for no other.

    Nothing is asked for: behind a command Slack sends no id of the other, and the form shows for whom it is.
    """
    wanted = asked_for_other(text)
    if wanted is None or wanted.user == user:
        return None
    try:
        package, said = await forms.read_name(wanted.name)
    except (UnknownPackage, WhichPackage):
        return None
    if not wanted.is_first and (said is not None or await _is_in_name(forms, text, wanted)):
        # The person stands in the reason, or in the name of another package.
        return None
    reason = said if wanted.is_first else wanted.reason
    if not forms.may_ask_for_others(user, [package]):
        # Of a request for oneself, whom it is for is a part of the reason.
        own = said if wanted.is_first else wanted.words
        about = await forms.keep_reason(slack_user=user, package_id=package.id, reason=own)
        return acknowledging.not_for_others(NOT_FOR_OTHERS, package, about=about, reason=own)
    about = await forms.keep_reason(slack_user=user, package_id=package.id, reason=reason)
    return offering.form_for_other(about, package.name, wanted_for=wanted.user)


async def _is_in_name(forms: RequestForms, text: str, wanted: AskedForOther) -> bool:
    """Tell whether a longer name has the person in it: the longest name in a text is the one that counts."""
    try:
        _, reason = await forms.read_name(text)
    except (UnknownPackage, WhichPackage):
        return False
    return wanted.mention not in (reason or "")


async def say_asked(
    forms: RequestForms, user: str, submitted: Submitted, *, in_emergency: bool = False
) -> Message:
    """
    Say that something was asked for, or how it stands if it had been before.

    Args:
        in_emergency: They have asked for it as an emergency.
    """
    request = submitted.request
    if request.emergency:
        return emergency.asked(request, created=submitted.created)
    if not submitted.created:
        return acknowledging.already_asked(request, reader=user, in_emergency=in_emergency)
    known = await forms.find_known(request, submitted.asker)
    return acknowledging.asked(request, known)
