"""Say what is on file about whoever asks: one line about the person, one about them and the package."""

from bot.messages.blocks.parts import Block, context, day_only, escape, moment, shorten
from bot.requests.model import MOST_COUNTED, Evidence
from bot.words import _, ngettext

# Of one fact, escaped.
LONGEST_FACT = 150


def evidence_lines(evidence: Evidence | None, *, about: str | None = None) -> list[Block]:
    """
    Return a line for each that something is known of; what is not known is left out.

    Args:
        about: Whom it is about, fit for Slack, where that is not whoever asks.
    """
    if evidence is None:
        return []
    lines = [_person(evidence), _history(evidence)]
    said = [_line(facts) for facts in lines if facts]
    if about is not None:
        said = [f"{about}: {line}" for line in said]
    return [context(line) for line in said]


def post_of(evidence: Evidence | None) -> str:
    """Return title and department of whoever asks, as plain text; empty where neither is known."""
    return ", ".join(_post(evidence)) if evidence else ""


def _post(known: Evidence) -> list[str]:
    return [each for each in (known.title, known.department) if each]


def _line(facts: list[str]) -> str:
    line = " · ".join(facts)
    return f"{line[0].upper()}{line[1:]}"


def _person(known: Evidence) -> list[str]:
    facts = []
    post = ", ".join(map(_fact, _post(known)))
    if post:
        facts.append(post)
    if known.manager:
        facts.append(_("manager {person}").format(person=_fact(known.manager)))
    if known.is_guest is not None:
        facts.append(_("a guest in Entra") if known.is_guest else _("a member in Entra"))
    return facts


def _history(known: Evidence) -> list[str]:
    facts = []
    if known.has_from:
        facts.append(_("has had it since {when}").format(when=day_only(known.has_from)))
    if known.has_until:
        # The card is read while it waits, and long after: the access may be over by then, or longer.
        facts.append(_("it ends {when} unless extended").format(when=moment(known.has_until)))
    if known.had_until and known.had_from and known.had_from.date() == known.had_until.date():
        facts.append(_("had it on {when}").format(when=day_only(known.had_until)))
    elif known.had_until and known.had_from:
        facts.append(
            _("had it from {start} to {end}").format(
                start=day_only(known.had_from), end=day_only(known.had_until)
            )
        )
    elif known.had_until:
        facts.append(_("had it until {when}").format(when=day_only(known.had_until)))
    if known.denied_at:
        facts.append(_("was denied it on {when}").format(when=day_only(known.denied_at)))
    if known.holders is not None:
        facts.append(_others(known, known.holders))
    return facts


def _others(known: Evidence, holders: int) -> str:
    if holders == 0:
        return _("nobody else has it now")
    if holders >= MOST_COUNTED - 1:
        return _("about a thousand others, or more, have it")
    if known.colleagues is None or not known.department:
        return ngettext("{count} other person has it", "{count} others have it", holders).format(
            count=holders
        )
    return ngettext(
        "{count} other person has it, {colleagues} of them in {department}",
        "{count} others have it, {colleagues} of them in {department}",
        holders,
    ).format(count=holders, colleagues=known.colleagues, department=_fact(known.department))


def _fact(text: str) -> str:
    return shorten(escape(text), LONGEST_FACT)
