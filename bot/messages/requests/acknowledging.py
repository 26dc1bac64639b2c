"""Answer somebody who asks for a package, at once and from what our own rows know: nothing is said that is not so yet."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot import clock
from bot.assignments.model import Assignment
from bot.errors import PackageName
from bot.messages.assignments.changing import return_button
from bot.messages.assignments.extending import extension_of
from bot.messages.blocks.pages import MESSAGE, fitted
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    escape,
    left,
    message,
    moment,
    person,
    section,
    shorten,
    until,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases import policy_words
from bot.messages.phrases.naming import name_to_asker, remover
from bot.messages.phrases.request_words import about_busy, progress
from bot.messages.phrases.waiting import cancel_button, decline_button, remind_button
from bot.messages.requests.offering import no_such_package
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy, PoliciesHeldUnder, lets_return
from bot.paging import Count
from bot.requests.model import KnownPackage, Request, State
from bot.words import _, translate
from bot.words.formats import in_a_row

# Of the blocks whose buttons are all that a message is for: it is replaced when one has been pressed.
ALONE: Final = "ack:"


def asked(request: Request, known: KnownPackage) -> Message:
    """Say what comes of a request that has just been made; it is called one only of what they may have, as far as we know."""
    name = bold(request.package_name)
    policies = _policies_of(request, known)
    # Of one without stages nobody has to approve it, whatever the others say that were not chosen.
    needs_approval = not policies or any(each.stages != () for each in policies)
    if known.is_for_others:
        line = _(
            "I am checking in Entra whether you may have {name}. Its policy names certain people, and as far as I "
            "know you are not among them. I will send you a message."
        ).format(name=name)
    elif known.removal is not None:
        line = _(
            "Asked for {name}. {person} removed your access {when}, so an admin has to approve that you get it "
            "again. I will send you a message."
        ).format(
            name=name,
            person=remover(known.removal, known.removal.asked_by, begins=True),
            when=moment(known.removal.asked_at),
        )
    elif needs_approval:
        sentence = (
            _(
                "I am checking whether you may have {name}, and will send you a message. {who_decides}"
            )
            if known.is_of_stranger
            else _(
                "Asked for {name}. I am checking whether you may have it, and will send you a message. {who_decides}"
            )
        )
        line = sentence.format(name=name, who_decides=_who_decides(policies)).rstrip()
    else:
        sentence = (
            _(
                "I am checking whether you may have {name}. By its policy nobody has to approve it: if you may, it is "
                "on its way, and I will send you a message when it is there."
            )
            if known.is_of_stranger
            else _(
                "Asked for {name}. By its policy nobody has to approve it: as soon as I have checked that you may have "
                "it, it is on its way, and I will send you a message when it is there."
            )
        )
        line = sentence.format(name=name)
    cancel = cancel_button(request)
    return message(line, [section(line), _alone(cancel, my_access_button(), about=request.id)])


def _policies_of(request: Request, known: KnownPackage) -> Sequence[OfferedPolicy]:
    """Return the policies that may apply: the one that was chosen, or all of the package's."""
    if known.package is None:
        return ()
    if request.wanted_policy_id is None:
        return known.package.policies_for(for_other=request.is_on_behalf)
    return [each for each in known.package.policies if each.id == request.wanted_policy_id]


def _who_decides(policies: Sequence[OfferedPolicy]) -> str:
    """Say who approves, where that is one and the same under each of the policies."""
    ways = {policy.stages for policy in policies}
    if len(ways) != 1:
        return ""
    [stages] = ways
    if not stages:
        return ""
    decides = escape(policy_words.decides(stages))
    if all(stage.is_added for stage in stages):
        return _("By Latchkey’s settings, {decides}.").format(decides=decides)
    if all(stage.quorum == 1 for stage in stages):
        return _("By its policy, {decides}.").format(decides=decides)
    return _("By its policy and Latchkey’s settings, {decides}.").format(decides=decides)


def already_asked(request: Request, *, reader: str, in_emergency: bool = False) -> Message:
    """
    Say how a request stands that was open already: since when, at which step, and for whom it waits.

    Args:
        reader: Who asks now: perhaps somebody else has asked for them, or for whom they ask.
        in_emergency: They ask for it as an emergency now, which it has not become.
    """
    urgent = _no_emergency(request, reader=reader) if in_emergency else None
    if request.asked_by != reader:
        return _asked_by_another(request, urgent)
    line = _(
        "You have already asked for {name}, {when}; it is {progress}. I will send you a "
        "message as soon as that changes."
    ).format(name=name_to_asker(request), when=moment(request.asked_at), progress=progress(request))
    # What is being judged says itself whether it has gone too far.
    may_cancel = request.state is State.RECEIVED or request.can_be_canceled
    cancel = cancel_button(request) if may_cancel else None
    buttons = _alone(remind_button(request), cancel, my_access_button(), about=request.id)
    return _standing(line, urgent, buttons)


def _asked_by_another(request: Request, urgent: str | None) -> Message:
    """Say that somebody else has asked for the reader; they may decline, and the other may cancel it and have it reminded."""
    line = _(
        "{person} has already asked for {name} for you, {when}; it is {progress}. I will send you a "
        "message as soon as that changes."
    ).format(
        person=person(request.asked_by),
        name=bold(request.package_name),
        when=moment(request.asked_at),
        progress=progress(request),
    )
    decline = decline_button(request) if _may_decline(request) else None
    return _standing(line, urgent, _alone(decline, my_access_button(), about=request.id))


def _standing(line: str, urgent: str | None, buttons: Block) -> Message:
    if urgent is None:
        return message(line, [section(line), buttons])
    return message(f"{line} {urgent}", [section(line), section(urgent), buttons])


def _may_decline(request: Request) -> bool:
    return request.state is State.PENDING and request.can_be_withdrawn


def _no_emergency(request: Request, *, reader: str) -> str:
    """Say why what is open already has not become an emergency, and how they get one all the same."""
    if request.state is State.RECEIVED:
        return _(
            "I am still checking that request, so you cannot ask for it as an emergency yet. Please ask again in a minute."
        )
    if request.asked_by != reader and _may_decline(request):
        return _(
            "So it is not an emergency now. If you need it as one, decline that request, and then ask for the emergency again."
        )
    return _("So it is too late to ask for it as an emergency.")


def already_held(
    row: Assignment, held_under: PoliciesHeldUnder, *, asked: Request | None = None
) -> Message:
    """
    Say that somebody has the package already, until when, and what they can do about that.

    Args:
        asked: The request to extend it that is open already.
    """
    facts = {"package": bold(row.package_name), "until": until(row.ends_at)}
    if row.ends_at is not None and row.ends_at > clock.now():
        line = _("You already have {package}, {until} ({time} left).").format(
            **facts, time=left(row.ends_at)
        )
    else:
        line = _("You already have {package}, {until}.").format(**facts)
    extension = None if asked else extension_of(row, held_under)
    extend = None
    if extension is not None:
        about = shorten(row.package_name, 40)
        extend = button(extension.label, "extend", row.id, style="primary", about=about)
    give_back = return_button(row) if lets_return(held_under, row.policy_id) else None
    brings = extension.sentence if extension else ""
    if asked is not None:
        brings = about_busy(asked)
        extend = remind_button(asked)
    notes = [context(brings)] if brings else []
    text = f"{line} {brings}" if asked else line
    buttons = _alone(extend, give_back, about=row.id)
    return message(text, [section(line), *notes, *([buttons] if buttons["elements"] else [])])


def near(
    typed: str,
    choices: Sequence[PackageName],
    *,
    more: int,
    abouts: Mapping[str, str],
    reason: str | None,
) -> Message:
    """
    Suggest what somebody may have meant who named no package that there is; one press asks for it.

    Args:
        abouts: By package, what its button carries.
        reason: What they have said, which is kept.
    """
    if len(choices) == 1 and not more:
        [choice] = choices
        line = _("{no_such_package} Do you mean *{choice}*?").format(
            no_such_package=no_such_package(typed), choice=escape(str(choice))
        )
        ask = button(
            _("Ask for {name}").format(name=choice.name),
            "ask_now",
            abouts[choice.id],
            style="primary",
            about=str(choice),
        )
        return message(line, [section(line), *_kept(reason), _alone(ask, about=choice.id)])
    also = (
        _("… and {more} more; write more of the name to find them.").format(more=more)
        if more
        else ""
    )
    intro = _("{no_such_package} Did you mean one of these?").format(
        no_such_package=no_such_package(typed)
    )
    return _choice(intro, choices, abouts=abouts, reason=reason, also=also)


def ask_for_it(package: Package, *, about: str, reason: str | None) -> Message:
    """Offer to ask for a package that somebody has named without a command; *about* is what the button carries."""
    line = _("Do you need *{name}*?").format(name=escape(package.name))
    ask = _ask_now(package, about)
    return message(
        line, [section(line), *_kept(reason), _alone(ask, my_access_button(), about=package.id)]
    )


def not_for_others(why: str, package: Package, *, about: str, reason: str | None) -> Message:
    """
    Say to somebody that they may not ask for another person, and offer to ask for themselves.

    Args:
        why: Who may, a sentence.
    """
    line = _("{why} Do you need *{name}* yourself?").format(
        why=escape_sentence(translate(why)), name=escape(package.name)
    )
    return message(
        line, [section(line), *_kept(reason), _alone(_ask_now(package, about), about=package.id)]
    )


def _ask_now(package: Package, about: str) -> Block:
    """*about* is what the button carries."""
    return button(
        _("Ask for {name}").format(name=package.name),
        "ask_now",
        about,
        style="primary",
        about=package.name,
    )


def which_package(
    typed: str,
    choices: Sequence[PackageName],
    *,
    abouts: Mapping[str, str],
    reason: str | None,
    are_listed: bool = False,
) -> Message:
    """
    Ask which of several packages a name means; nothing is asked for before one is chosen.

    Args:
        are_listed: They have named each, and may need several: the form takes them together, with the reason.
    """
    if are_listed:
        intro = _("You named several packages. Ask for one here, or for several in the form.")
        form = button(_("Open the form"), "new_request", abouts[choices[0].id])
        return _choice(intro, choices, abouts=abouts, reason=reason, form=form)
    intro = _("“{typed}” may mean any of these. Which one do you need?").format(typed=escape(typed))
    return _choice(intro, choices, abouts=abouts, reason=reason)


def _choice(
    intro: str,
    choices: Sequence[PackageName],
    *,
    abouts: Mapping[str, str],
    reason: str | None,
    also: str = "",
    form: Block | None = None,
) -> Message:
    rows = [
        [
            section(
                f"*{escape(each.name)}*" + (f"  _{escape(each.catalog)}_" if each.catalog else ""),
                accessory=button(_("Ask for it"), "ask_now", abouts[each.id], about=str(each)),
                block_id=f"{ALONE}{each.id}",
            )
        ]
        for each in choices
    ]
    foot = [context(also)] if also else []
    if form is not None:
        foot.append(actions(form))
    head = [section(intro), *_kept(reason)]
    shown = fitted(
        rows,
        count=Count(len(rows)),
        room=MESSAGE.less([*head, *foot]),
        rest=lambda left: _(
            "… and {left} more; write the name with its catalog: “Name (catalog)”."
        ).format(left=left),
    )
    names = in_a_row([escape(str(each)) for each in choices])
    return message(f"{intro} {names}", [*head, *shown, *foot])


def _kept(reason: str | None) -> list[Block]:
    """Say which reason goes along."""
    return (
        [context(_("Your reason: {reason}").format(reason=escape(shorten(reason, 200))))]
        if reason
        else []
    )


def my_access_button() -> Block:
    return button(_("My access"), "my_access", "-")


def new_request_button() -> Block:
    return button(_("Request access"), "new_request", "-", style="primary")


def _alone(*buttons: Block | None, about: str) -> Block:
    return actions(*buttons, block_id=f"{ALONE}{about}")
