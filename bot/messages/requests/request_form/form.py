"""Ask for a package in a form: which of its policies, why, from when until when, and the policy's questions."""

import json
from collections.abc import Sequence
from typing import Any, Final

from bot.messages.blocks.parts import bullets, escape, plain, section, shorten
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies.emergency_choice import EmergencyChoice, choice_blocks
from bot.messages.phrases import policy_words
from bot.messages.requests import package_menu
from bot.messages.requests.request_form.fields import (
    choice_of_policy,
    date_fields,
    for_whom,
    reason_field,
    whole,
)
from bot.messages.requests.request_form.questions import question_fields
from bot.messages.requests.request_form.subject import FormSubject
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import Answers, fingerprint
from bot.words import N_, _, pgettext, translate
from bot.words.formats import in_a_row

View = dict[str, Any]
# Slack's limits: docs.slack.dev, Block Kit reference, "Modals".
MOST_BLOCKS: Final = 100
MOST_CHARACTERS: Final = 200_000
MOST_POLICIES: Final = 100
LONGEST_FACT: Final = 250
MOST_FACTS: Final = 4
TITLE: Final = N_("Ask for access")
NOT_OFFERED: Final = N_("It is not offered any more.")
TOO_MUCH: Final = N_(
    "It asks more than a form of Slack's can hold. Please ask for it in My Access."
)


def request_form(
    package: Package,
    *,
    policies: Sequence[OfferedPolicy],
    chosen: OfferedPolicy | None = None,
    locale: str | None = None,
    reason: str | None = None,
    reason_hint: str | None = None,
    note: str | None = None,
    has_menu: bool = False,
    following: Sequence[str] = (),
    answers: Answers | None = None,
    for_others: bool = False,
    wanted_for: str | None = None,
    reader: str | None = None,
    emergency: EmergencyChoice | None = None,
) -> View:
    """
    Ask for *package*.

    Args:
        policies: Those that may apply; with more than one, the form begins with the choice.
        chosen: The one whose questions it shows; None while none is chosen.
        locale: The reader's ("de-DE"); questions are shown in their language, if there is such a text.
        reason: What they have said already.
        reason_hint: What the reason must contain, a sentence; None: anything will do.
        note: What has happened since they last saw it.
        has_menu: Another package can be chosen in it.
        following: Ids of the packages whose own forms follow this one.
        answers: What they have answered before, by question id.
        for_others: Ask for whom the access is.
        wanted_for: The Slack id of whom they have chosen already.
        reader: Theirs.
        emergency: The package gives emergency access; None: it does not.
    """
    if chosen is None and len(policies) == 1:
        [chosen] = policies
    if (why := _never_askable(policies)) is not None:
        return _closed(package, why, has_menu=has_menu)
    lead = [section(escape(note))] if note else []
    if has_menu:
        lead.append(package_menu.menu([package]))
    for_other = wanted_for not in (None, reader)
    blocks = [*lead, section(_introduction(package, chosen, for_other=for_other))]
    if len(policies) > 1:
        blocks += choice_of_policy(policies, chosen, for_other=for_other)
    if chosen is not None and chosen.not_askable:
        blocks.append(section(f":no_entry: {escape_sentence(translate(chosen.not_askable))}"))
    # For whom, must be said where that is what a policy lets people ask, whoever has opened it.
    for_others = for_others or not all(each.for_oneself for each in policies)
    if for_others:
        is_for_oneself = any(each.for_oneself for each in ([chosen] if chosen else policies))
        blocks.append(for_whom(wanted_for, is_for_oneself=is_for_oneself))
    blocks.append(reason_field(chosen, reason, reason_hint))
    if emergency is not None:
        blocks += choice_blocks(emergency)
    if chosen is not None and not chosen.not_askable:
        blocks += date_fields(chosen) if chosen.has_own_dates else []
        for question in chosen.questions:
            blocks += question_fields(question, locale, (answers or {}).get(question.id, ()))
    view = {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": FormSubject(
            package_id=package.id,
            shown_policy=chosen.id if chosen else None,
            asked=fingerprint(chosen.questions) if chosen else None,
            locale=locale,
            # Which of several they are: whoever reads the form again finds them all in the package.
            offered=tuple(policy.id for policy in policies) if len(package.policies) > 1 else (),
            has_menu=has_menu,
            following=tuple(following),
            for_others=for_others,
            for_other=for_other,
        ).words(),
        "title": plain(_(TITLE)),
        "submit": plain(_("Ask")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": blocks,
    }
    if len(policies) > MOST_POLICIES or not _fits(view):
        return _closed(package, TOO_MUCH, has_menu=has_menu)
    return view


def why_not_in_form(package: Package, policies: Sequence[OfferedPolicy]) -> str | None:
    """Return why a form of Slack's cannot ask for *package* under any of *policies*, a sentence; None if it can."""
    why = _never_askable(policies)
    if why is not None:
        return why
    can_be_sent = "submit" in request_form(package, policies=policies)
    return None if can_be_sent else TOO_MUCH


def _never_askable(policies: Sequence[OfferedPolicy]) -> str | None:
    if not policies:
        return NOT_OFFERED
    return policies[0].not_askable if len(policies) == 1 else None


def menu_form(
    chosen: Sequence[Package],
    *,
    reason: str | None = None,
    note: str | None = None,
    for_others: bool = False,
    wanted_for: str | None = None,
    reader: str | None = None,
) -> View:
    """
    Ask which packages somebody needs, and why; of each that is chosen the form says what holds for it.

    Args:
        chosen: None, or several: what one alone asks is asked by `request_form`.
        reason: What they have said already.
        note: What has happened since they last saw it.
        for_others, wanted_for, reader: As in `request_form`.
    """
    blocks = [section(escape(note))] if note else []
    blocks.append(package_menu.menu(chosen))
    if chosen:
        for_other = wanted_for not in (None, reader)
        blocks += whole("\n".join(_line(package, for_other=for_other) for package in chosen))
    if for_others:
        blocks.append(for_whom(wanted_for))
    blocks.append(reason_field(None, reason, None))
    return {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": FormSubject(
            package_id="", has_menu=True, for_others=for_others
        ).words(),
        "title": plain(_(TITLE)),
        "submit": plain(_("Ask")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": blocks,
    }


def _line(package: Package, *, for_other: bool) -> str:
    ways = dict.fromkeys(
        policy_words.decides(policy.stages, for_other=for_other)
        for policy in package.policies_for(for_other=for_other)
    )
    facts = [policy_words.lasts(package.lasts), *ways]
    facts = [escape(shorten(fact, LONGEST_FACT)) for fact in facts[:MOST_FACTS] if fact]
    if package.is_for_others_only and not for_other:
        facts.append(_("managers ask for their people"))
    elif package.needs_form(for_other=for_other):
        facts.append(_("has questions of its own, which follow"))
    return f"• *{escape(shorten(package.name, LONGEST_FACT))}*: {in_a_row(facts)}"


def refused_form(why: str) -> View:
    """Say why somebody can ask for nothing, in the place of the form."""
    return {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": FormSubject(package_id="").words(),
        "title": plain(_(TITLE)),
        "close": plain(_("Close")),
        "blocks": [section(escape_sentence(translate(why)))],
    }


def _closed(package: Package, why: str, *, has_menu: bool) -> View:
    """Make a form for what cannot be asked for here: why it cannot, and at most the menu of packages."""
    form: View = {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": FormSubject(package_id=package.id, has_menu=has_menu).words(),
        "title": plain(_(TITLE)),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [section(f"*{escape(package.name)}*"), section(escape_sentence(translate(why)))],
    }
    if has_menu:
        # Slack wants a form with a field to be one that can be sent; sent, it is answered with the same.
        form |= {
            "submit": plain(_("Ask")),
            "blocks": [package_menu.menu([package]), *form["blocks"]],
        }
    return form


def _fits(view: View) -> bool:
    blocks = view["blocks"]
    # Slack counts 250 KB, in which a character may take several bytes.
    size = len(json.dumps(view).encode())
    return len(blocks) <= MOST_BLOCKS and size <= MOST_CHARACTERS


def _introduction(package: Package, chosen: OfferedPolicy | None, *, for_other: bool) -> str:
    lasts = policy_words.lasts(chosen.lasts if chosen else package.lasts)
    about = [
        f"*{escape(package.name)}*",
        escape(package.description),
        bullets([translate(each) for each in package.contents]),
    ]
    rule = (
        [
            lasts,
            policy_words.decides(chosen.stages, for_other=for_other),
            _("for {open_to}").format(open_to=policy_words.open_to(chosen.open_to))
            if chosen.open_to
            else "",
        ]
        if chosen
        else [lasts]
    )
    facts = " · ".join(escape(shorten(fact, LONGEST_FACT)) for fact in rule if fact)
    about.append(f"_{facts}_" if facts else "")
    return "\n".join(line for line in about if line)
