"""Ask for a package in a form: which of its policies, why, from when until when, and the policy's questions."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.messages import package_menu, policy_words
from bot.messages.emergency_choice import EmergencyChoice, choice_blocks
from bot.messages.parts import (
    Block,
    beginning,
    bullets,
    escape,
    length,
    plain,
    section,
    shorten,
    split,
)
from bot.packages.model import Package
from bot.packages.names import LONGEST_REASON
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import (
    LONGEST_ANSWER,
    Answers,
    Choice,
    Question,
    fingerprint,
    in_language,
)
from bot.words import N_, _, translate

View = dict[str, Any]

# Slack's limits: docs.slack.dev, Block Kit reference, "Modals".
MOST_BLOCKS: Final = 100
LONGEST_LABEL: Final = 2_000
LONGEST_OPTION: Final = 75
LONGEST_TEXT: Final = 3_000
MOST_CHARACTERS: Final = 200_000
MOST_POLICIES: Final = 100
LONGEST_ERROR: Final = 2_000
LONGEST_FACT: Final = 250
MOST_FACTS: Final = 4
TITLE: Final = N_("Ask for access")
CHANGED: Final = N_(
    "What is asked has changed since you opened this form. Please look at it again."
)
NO_POLICY: Final = "-"
# What the blocks of the form are called, in Slack's state and in its complaints.
POLICY, REASON, START, END = "policy", "reason", "start", "end"
FOR_WHOM: Final = "for_whom"
ANSWER: Final = "latchkey_answer"
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{1,31}")


@dataclass(frozen=True, kw_only=True)
class About:
    """
    Say what a form is about; it travels with the form as words, ids and nothing else.

    Attributes:
        shown_policy: The policy whose questions it shows.
        asked: The fingerprint of those questions.
        offered: The policies that it offers, as far as it is known which admit the person; empty: all.
        has_menu: The package is chosen in the form itself.
        following: Packages whose own forms follow this one.
        for_others: It asks for whom the access is.
    """

    package_id: str
    shown_policy: str | None = None
    asked: str | None = None
    locale: str | None = None
    offered: tuple[str, ...] = ()
    has_menu: bool = False
    following: tuple[str, ...] = ()
    for_others: bool = False

    def words(self) -> str:
        parts = (
            self.package_id,
            self.shown_policy,
            self.asked,
            self.locale,
            ",".join(self.offered),
            package_menu.MENU if self.has_menu else None,
            ",".join(self.following),
            FOR_WHOM if self.for_others else None,
        )
        return " ".join(part or NO_POLICY for part in parts)


def about(view: Mapping[str, Any]) -> About:
    """Read what a form that came back is about."""
    words = str(view.get("private_metadata") or "").split(" ")
    parts = [word if word and word != NO_POLICY else None for word in (*words, *[""] * 8)]
    return About(
        package_id=parts[0] or "",
        shown_policy=parts[1],
        asked=parts[2],
        locale=parts[3],
        offered=tuple((parts[4] or "").split(",")) if parts[4] else (),
        has_menu=parts[5] is not None,
        following=tuple((parts[6] or "").split(",")) if parts[6] else (),
        for_others=parts[7] is not None,
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
        emergency: The package gives emergency access; None: it does not.
    """
    if chosen is None and len(policies) == 1:
        [chosen] = policies
    if not policies:
        return _closed(package, _("It is not offered any more."), has_menu=has_menu)
    if chosen is not None and chosen.not_askable and len(policies) == 1:
        return _closed(package, chosen.not_askable, has_menu=has_menu)
    lead = [section(escape(note))] if note else []
    if has_menu:
        lead.append(package_menu.menu([package]))
    blocks = [*lead, section(_introduction(package, chosen))]
    if len(policies) > 1:
        blocks += _choice_of_policy(policies, chosen)
    if chosen is not None and chosen.not_askable:
        blocks.append(section(f":no_entry: {escape(chosen.not_askable)}"))
    if for_others:
        blocks.append(_for_whom(wanted_for))
    blocks.append(_reason(chosen, reason, reason_hint))
    if emergency is not None:
        blocks += choice_blocks(emergency)
    if chosen is not None and not chosen.not_askable:
        blocks += _dates(chosen) if chosen.has_own_dates else []
        for question in chosen.questions:
            blocks += _question(question, locale, (answers or {}).get(question.id, ()))
    view = {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": About(
            package_id=package.id,
            shown_policy=chosen.id if chosen else None,
            asked=fingerprint(chosen.questions) if chosen else None,
            locale=locale,
            # Which of several they are: whoever reads the form again finds them all in the package.
            offered=tuple(policy.id for policy in policies) if len(package.policies) > 1 else (),
            has_menu=has_menu,
            following=tuple(following),
            for_others=for_others,
        ).words(),
        "title": plain(_(TITLE)),
        "submit": plain(_("Ask")),
        "close": plain(_("Cancel")),
        "blocks": blocks,
    }
    if len(policies) > MOST_POLICIES or not _fits(view):
        return _closed(
            package,
            _("It asks more than a form of Slack's can hold. Please ask for it in My Access."),
            has_menu=has_menu,
        )
    return view


def menu_form(
    chosen: Sequence[Package],
    *,
    reason: str | None = None,
    note: str | None = None,
    for_others: bool = False,
    wanted_for: str | None = None,
) -> View:
    """
    Ask which packages somebody needs, and why; of each that is chosen the form says what holds for it.

    Args:
        chosen: None, or several: what one alone asks is asked by `request_form`.
        reason: What they have said already.
        note: What has happened since they last saw it.
        for_others, wanted_for: As in `request_form`.
    """
    blocks = [section(escape(note))] if note else []
    blocks.append(package_menu.menu(chosen))
    if chosen:
        blocks += _whole("\n".join(_line(package) for package in chosen))
    if for_others:
        blocks.append(_for_whom(wanted_for))
    blocks.append(_reason(None, reason, None))
    return {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": About(package_id="", has_menu=True, for_others=for_others).words(),
        "title": plain(_(TITLE)),
        "submit": plain(_("Ask")),
        "close": plain(_("Cancel")),
        "blocks": blocks,
    }


def _line(package: Package) -> str:
    ways = dict.fromkeys(policy_words.decides(policy.stages) for policy in package.policies)
    facts = [policy_words.lasts(package.lasts), *ways]
    facts = [escape(shorten(fact, LONGEST_FACT)) for fact in facts[:MOST_FACTS] if fact]
    if package.needs_form:
        facts.append(_("has questions of its own, which follow"))
    return f"• *{escape(shorten(package.name, LONGEST_FACT))}*: {', '.join(facts)}"


def refused_form(why: str) -> View:
    """Say why somebody can ask for nothing, in the place of the form."""
    return {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": About(package_id="").words(),
        "title": plain(_(TITLE)),
        "close": plain(_("Close")),
        "blocks": [section(escape(translate(why)))],
    }


def _closed(package: Package, why: str, *, has_menu: bool = False) -> View:
    """Make a form for what cannot be asked for here: why it cannot, and at most the menu of packages."""
    form: View = {
        "type": "modal",
        "callback_id": "latchkey_request",
        "private_metadata": About(package_id=package.id, has_menu=has_menu).words(),
        "title": plain(_(TITLE)),
        "close": plain(_("Cancel")),
        "blocks": [section(f"*{escape(package.name)}*"), section(escape(translate(why)))],
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


def _introduction(package: Package, chosen: OfferedPolicy | None) -> str:
    lasts = policy_words.lasts(chosen.lasts if chosen else package.lasts)
    about = [
        f"*{escape(package.name)}*",
        escape(package.description),
        bullets([translate(each) for each in package.contents]),
    ]
    rule = (
        [
            lasts,
            policy_words.decides(chosen.stages),
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


def _choice_of_policy(
    policies: Sequence[OfferedPolicy], chosen: OfferedPolicy | None
) -> list[Block]:
    """Show the ways there are, whole, and a menu of them: what one chooses changes what is asked."""
    lines = [
        f"{number}. *{escape(shorten(policy.name, 250))}*: {escape(_how(policy))}"
        for number, policy in enumerate(policies, 1)
    ]
    options = {
        policy.id: _option(
            f"{number}. {policy.name}, {policy_words.lasts(policy.lasts)}", policy.id
        )
        for number, policy in enumerate(policies, 1)
    }
    menu: Block = {
        "type": "static_select",
        "action_id": "latchkey_policy",
        "placeholder": plain(_("Choose one")),
        "options": list(options.values()),
    }
    if chosen is not None:
        menu["initial_option"] = options[chosen.id]
    return [
        *_whole("\n".join(lines)),
        {
            "type": "input",
            "block_id": POLICY,
            "dispatch_action": True,
            "label": plain(_("Which do you want?")),
            "element": menu,
        },
    ]


def _how(policy: OfferedPolicy) -> str:
    facts = (policy_words.lasts(policy.lasts), policy_words.decides(policy.stages))
    return ", ".join(fact for fact in facts if fact)


def _whole(text: str) -> list[Block]:
    """Show a long mrkdwn text of lines, in as many sections as it takes."""
    blocks, current = [], ""
    for line in text.split("\n"):
        if current and length(current) + length(line) + 1 > LONGEST_TEXT:
            blocks.append(section(current))
            current = line
        else:
            current = f"{current}\n{line}" if current else line
    return [*blocks, section(current)]


def _for_whom(wanted_for: str | None) -> Block:
    """Ask for whom the access is; the form is drawn anew, as other policies may be for them."""
    element: Block = {
        "type": "users_select",
        "action_id": "latchkey_for_whom",
        "placeholder": plain(_("Yourself")),
    }
    if wanted_for:
        element["initial_user"] = wanted_for
    return {
        "type": "input",
        "block_id": FOR_WHOM,
        "optional": True,
        "dispatch_action": True,
        "label": plain(_("For whom?")),
        "hint": plain(_("Leave it empty for yourself. They are told, and may decline.")),
        "element": element,
    }


def wanted_for_in(view: Mapping[str, Any]) -> str | None:
    """Return the Slack id of whom somebody has chosen; None: nobody, so it is for themselves."""
    chosen = _field(view, FOR_WHOM, "latchkey_for_whom").get("selected_user")
    return chosen if isinstance(chosen, str) and SLACK_USER.fullmatch(chosen) else None


def _reason(chosen: OfferedPolicy | None, reason: str | None, hint: str | None) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": REASON,
        "multiline": True,
        "max_length": LONGEST_REASON,
    }
    if reason:
        element["initial_value"] = beginning(reason, LONGEST_REASON)
    block: Block = {
        "type": "input",
        "block_id": REASON,
        "optional": hint is None and not (chosen and chosen.needs_reason),
        "label": plain(_("Why do you need it?")),
        "element": element,
    }
    if hint is not None:
        block["hint"] = plain(shorten(hint, LONGEST_LABEL))
    return block


def _dates(chosen: OfferedPolicy) -> list[Block]:
    """Ask from when until when; both may be left to the policy."""
    return [
        _date(START, _("From when?"), _("Leave it empty to have it at once.")),
        _date(
            END,
            _("Until when?"),
            _("Leave it empty for as long as it gives: {lasts}.").format(
                lasts=policy_words.lasts(chosen.lasts)
            ),
        ),
    ]


def _date(name: str, label: str, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": plain(label),
        "hint": plain(shorten(hint, LONGEST_LABEL)),
        "element": {"type": "datetimepicker", "action_id": name},
    }


def _question(question: Question, locale: str | None, given: Sequence[str]) -> list[Block]:
    """Show one question; what is too long for its label or its menu stands whole above it."""
    text = in_language(question.text, question.translations, locale)
    above = [_plain_section(part) for part in _parts(text)] if length(text) > LONGEST_LABEL else []
    if question.choices:
        element, listed = _menu(question, locale)
        above += listed
        _fill_in_menu(element, question, given)
    else:
        element = {
            "type": "plain_text_input",
            "action_id": ANSWER,
            "multiline": not question.is_single_line,
            "max_length": LONGEST_ANSWER,
        }
        if given and given[0]:
            element["initial_value"] = beginning(given[0], LONGEST_ANSWER)
    block: Block = {
        "type": "input",
        "block_id": block_of(question),
        "optional": not question.required,
        "label": plain(shorten(text, LONGEST_LABEL)),
        "element": element,
    }
    hints = (
        [_("In this form: {pattern}").format(pattern=question.pattern)] if question.pattern else []
    )
    if question.attribute:
        hints.append(_("Microsoft Entra keeps the answer with your account."))
    if hints:
        block["hint"] = plain(shorten(" ".join(hints), LONGEST_LABEL))
    return [*above, block]


def _menu(question: Question, locale: str | None) -> tuple[Block, list[Block]]:
    texts = [in_language(choice.text, choice.translations, locale) for choice in question.choices]
    listed: list[Block] = []
    if any(length(_one_line(text)) > LONGEST_OPTION for text in texts):
        texts = [f"{number}. {text}" for number, text in enumerate(texts, 1)]
        listed = [_plain_section(part) for text in texts for part in _parts(text)]
    options = [
        _option(text, choice.key) for text, choice in zip(texts, question.choices, strict=True)
    ]
    kind = "multi_static_select" if question.takes_several else "static_select"
    return {"type": kind, "action_id": ANSWER, "options": options}, listed


def _fill_in_menu(element: Block, question: Question, given: Sequence[str]) -> None:
    """Choose what was chosen before, as far as it is still there."""
    keys = {choice.key for choice in question.choices if choice.value in given}
    options = [each for each in element["options"] if each["value"] in keys]
    if options and question.takes_several:
        element["initial_options"] = options
    elif options:
        element["initial_option"] = options[0]


def _option(text: str, value: str) -> Block:
    return {"text": plain(shorten(_one_line(text), LONGEST_OPTION)), "value": value}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parts(text: str) -> list[str]:
    return split(text, LONGEST_TEXT)


def _plain_section(text: str) -> Block:
    return {"type": "section", "text": plain(text)}


def block_of(question: Question) -> str:
    """Return the id of a question's block: the same wherever the question is the same, so that Slack keeps what was typed."""
    return f"question:{hashlib.sha256(question.id.encode()).hexdigest()[:32]}"


def errors_at(
    view: Mapping[str, Any],
    fields: Mapping[str, str],
    answers: Mapping[str, str],
    questions: Sequence[Question],
) -> dict[str, str]:
    """Return what is wrong, at the blocks where it is; elsewhere what the form has no block for."""
    at = {block_of(each): answers[each.id] for each in questions if each.id in answers}
    blocks = {block.get("block_id") for block in view.get("blocks") or ()}
    otherwise = REASON if REASON in blocks or package_menu.MENU not in blocks else package_menu.MENU
    found: dict[str, str] = {}
    for block, sentence in {**fields, **at}.items():
        place = block if block in blocks else otherwise
        found[place] = shorten(
            f"{found.get(place, '')} {translate(sentence)}".strip(), LONGEST_ERROR
        )
    return found or {otherwise: _(CHANGED)}


def policy_in(view: Mapping[str, Any]) -> str | None:
    """Return the policy that was chosen in a form; None if none was, or there was nothing to choose."""
    option = _field(view, POLICY, "latchkey_policy").get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) else None


def reason_in(view: Mapping[str, Any]) -> str:
    """Return what was typed into the reason field; empty if nothing."""
    return str(_field(view, REASON, REASON).get("value") or "").strip()


def moment_in(view: Mapping[str, Any], name: str) -> datetime | None:
    """Return the moment that was picked in one of the two date fields."""
    picked = _field(view, name, name).get("selected_date_time")
    if not isinstance(picked, int) or isinstance(picked, bool) or not 0 < picked < 10**10:
        return None
    return datetime.fromtimestamp(picked, UTC)


def answers_in(view: Mapping[str, Any], questions: Sequence[Question]) -> dict[str, list[str]]:
    """Return what was answered, by question id: the text, or the values of the choices."""
    given = {}
    for question in questions:
        field = _field(view, block_of(question), ANSWER)
        if question.choices:
            given[question.id] = [_value(each, question.choices) for each in _options(field)]
        else:
            given[question.id] = [str(field.get("value") or "")]
    return given


def _options(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    picked = field.get("selected_options")
    options = picked if isinstance(picked, list) else [field.get("selected_option")]
    return [each for each in options if isinstance(each, Mapping)]


def _value(option: Mapping[str, Any], choices: Sequence[Choice]) -> str:
    key = str(option.get("value") or "")
    # A key that is none of ours stays what it is, and is no choice.
    return next((choice.value for choice in choices if choice.key == key), key or "?")


def _field(view: Mapping[str, Any], block: str, action: str) -> Mapping[str, Any]:
    """Return a field of a form that came back; empty if it has none of that name, or no such shape."""
    found: Any = view
    for name in ("state", "values", block, action):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
