"""Write why a person may not have a package: for themselves in Slack, and for an administrator at the command line."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.packages import policy_terms
from bot.packages.eligibility import Refusal, RefusalReason
from bot.packages.names import clean
from bot.words import N_
from bot.words.formats import kept_moment
from bot.words.recognition import SentencePattern
from graph.models import AssignmentPolicy

# Names and texts of Graph's may be of any length, and so may lists of them.
LONGEST_NAME: Final = 80
MOST_NAMED: Final = 6
NOT_AMONG: Final = N_("You are not among those who may ask for it.")
# Whom it is for, as it was read when that was judged; of more kinds of people none is named.
IT_IS_FOR: Final = (
    N_("It is for {scope}."),
    N_("It is for {scope}, or for {second_scope}."),
    N_("It is for {scope}, for {second_scope}, or for {third_scope}."),
)
_NO_POLICY: Final = N_("No policy in Entra lets {who} have it.")
SCOPES: Final = ("scope", "second_scope", "third_scope")
PACKAGE_GONE: Final = N_("That package no longer exists.")
# To others the same package may be given still, by another policy.
_OVER: Final = N_(
    "The policy that applies to you, “{policy}”, gave it until {when}. Please ask whoever looks after this package."
)
_OVER_FOR_OTHER: Final = N_(
    "The policy that applies to {who}, “{policy}”, gave it until {when}. Please ask whoever looks after this package."
)
AGAIN: Final = N_("You can ask again when it has ended.")


def to_person(refusal: Refusal) -> str:
    """Return the sentence for whoever asked."""
    return _TO_PERSON[refusal.reason](refusal)


def to_admin(refusal: Refusal, *, who: str, package: str) -> str:
    """
    Return the sentence for an administrator.

    Args:
        who, package: Their names, as they may be shown.
    """
    name = f"“{_name(refusal.policy)}”" if refusal.policy else f"of {package}"
    match refusal.reason:
        case RefusalReason.CATALOG_OFF:
            return f"The catalog of {package} is switched off in Entra, so nobody can have it now."
        case RefusalReason.UNSUPPORTED:
            about = f"The policy {name}" if refusal.policy else package
            return (
                f"{about} has rules that Latchkey cannot judge ({_list(refusal.details)}), so it does not "
                "guess; grant it in the Entra admin center."
            )
        case RefusalReason.NO_POLICY:
            return f"No policy of {package} lets {who} ask for it."
        case RefusalReason.ASKED_BY_MANAGER:
            return f"No policy of {package} lets {who} ask for themselves; the manager of {who} may ask for them."
        case RefusalReason.SEVERAL if len(refusal.candidates) == 1:
            return (
                f"Several policies of {package} let {who} ask for it, and Latchkey understands one of them: "
                f"{_choices(refusal)}. Say with --policy that it is meant."
            )
        case RefusalReason.SEVERAL:
            return (
                f"Several policies of {package} let {who} ask for it: {_choices(refusal)}. "
                "Say which one with --policy."
            )
        case RefusalReason.NOT_THAT_POLICY:
            return f"That policy does not apply to {who}; these do: {_choices(refusal)}."
        case RefusalReason.ENDED:
            return f"The policy {name} gave {package} until {_end(refusal)}."
        case RefusalReason.EXCLUDED:
            return f"{package} does not go with what {who} has already: {_excluding(refusal)}."
        case RefusalReason.NO_REASON:
            return f"{package} is only given with a reason: add --because."
        case RefusalReason.NO_ANSWERS:
            return f"The policy {name} asks {_quoted(refusal.details)}: answer with --answer, as it is asked."
        case RefusalReason.POLICY_GONE:
            return f"The policy that {who} has it under no longer exists."
        case RefusalReason.GIVEN_DIRECTLY:
            return f"The policy {name} is for administrators."
        case RefusalReason.NOT_EXTENDABLE:
            return f"The policy {name} lets nobody extend it."
        case RefusalReason.NO_LATER_END if _is_end_unsaid(refusal):
            return (
                f"Microsoft Graph's beta API does not say whether the policy {name} gives some hours or no end date, "
                "so there is no end to extend it to."
            )
        case RefusalReason.NO_LATER_END:
            return f"The policy {name} sets no end date any more, so there is none to extend it to."
        case RefusalReason.NOT_FOR_THEM:
            return f"The policy {name} is not for {who} any more."
        case RefusalReason.NOT_RETURNABLE:
            return f"The policy {name} lets nobody return it."


_TO_PERSON: Final[Mapping[RefusalReason, Callable[[Refusal], str]]] = {
    RefusalReason.CATALOG_OFF: lambda _: N_(
        "Its catalog is switched off in Entra, so nobody can ask for it now."
    ),
    RefusalReason.UNSUPPORTED: lambda refusal: N_(
        "Its rules in Entra are of a kind I do not understand ({about}{details}), so I must not "
        "guess. I have told the admins."
    ).format(about=_about(refusal), details=_list(refusal.details)),
    RefusalReason.NO_POLICY: lambda refusal: _both(NOT_AMONG, _whom_it_is_for(refusal)),
    RefusalReason.ASKED_BY_MANAGER: lambda _: N_(
        "You cannot ask for it yourself: its policy lets your manager ask for you."
    ),
    RefusalReason.SEVERAL: lambda refusal: (
        N_(
            "There are several ways to have it, and I understand the rules of one of them: {choices}. Please ask again "
            "with the form of /request-access, and choose that one there if it is the one you need."
        )
        if len(refusal.candidates) == 1
        else N_(
            "There are several ways to have it: {choices}. Please ask again with the form of "
            "/request-access, and choose one there."
        )
    ).format(choices=_choices(refusal)),
    RefusalReason.NOT_THAT_POLICY: lambda refusal: N_(
        "The way that you chose is not open to you now; what is: {choices}. Please ask again."
    ).format(choices=_choices(refusal)),
    RefusalReason.ENDED: lambda refusal: _OVER.format(
        policy=_name(refusal.policy), when=_end(refusal)
    ),
    RefusalReason.EXCLUDED: lambda refusal: _both(
        N_("It does not go with what you have already: {names}.").format(
            names=_quoted(refusal.details)
        )
        if refusal.details or not refusal.groups
        else "",
        N_("It does not go with a group that you are in: {groups}.").format(
            groups=_quoted(refusal.groups)
        )
        if refusal.groups
        else "",
    ),
    RefusalReason.NO_REASON: lambda _: N_(
        "It is only given with a reason. Please ask again and say why."
    ),
    RefusalReason.NO_ANSWERS: lambda refusal: N_(
        "It asks what is not answered, or not as it should be: {questions}. Please ask again "
        "with the form of /request-access."
    ).format(questions=_quoted(refusal.details)),
    RefusalReason.POLICY_GONE: lambda _: N_(
        "The policy that you have it under is gone in Entra, so I cannot tell whether you may "
        "do that. Please ask an admin."
    ),
    RefusalReason.GIVEN_DIRECTLY: lambda _: N_(
        "An administrator gave it to you, and only they can extend it. {hint}"
    ).format(hint=AGAIN),
    RefusalReason.NOT_EXTENDABLE: lambda _: N_(
        "Its policy does not let people extend it. {hint}"
    ).format(hint=AGAIN),
    RefusalReason.NO_LATER_END: lambda refusal: (
        N_(
            "Microsoft Graph does not tell me which end its policy gives, so I cannot extend it. {hint}"
        )
        if _is_end_unsaid(refusal)
        else N_(
            "Its policy sets no end date any more, so there is none that I could extend it to. {hint}"
        )
    ).format(hint=AGAIN),
    RefusalReason.NOT_FOR_THEM: lambda _: N_(
        "Its policy in Entra is not for you any more, so it cannot be extended."
    ),
    RefusalReason.NOT_RETURNABLE: lambda _: N_(
        "Its policy does not let people return it themselves. An admin can remove it."
    ),
}


def is_for_now(why: str) -> bool:
    """Tell whether whoever reads *why* may get another answer if they ask again; False where a policy's date is over."""
    return all(SentencePattern(each).read(why) is None for each in (_OVER, _OVER_FOR_OTHER))


def to_asker(refusal: Refusal, whose: str) -> str:
    """Return the sentence for whoever asked for somebody else, who is called *whose*."""
    who = _short(whose)
    match refusal.reason:
        case RefusalReason.NO_POLICY:
            return _both(_NO_POLICY.format(who=who), _whom_it_is_for(refusal))
        case RefusalReason.SEVERAL if len(refusal.candidates) == 1:
            return N_(
                "{who} may have it in several ways, and I understand the rules of one of them: {choices}. Please ask again "
                "with the form of /request-access, and choose that one there if it is the one they need."
            ).format(who=who, choices=_choices(refusal))
        case RefusalReason.SEVERAL:
            return N_(
                "{who} may have it in several ways: {choices}. Please ask again with the form of "
                "/request-access, and choose one there."
            ).format(who=who, choices=_choices(refusal))
        case RefusalReason.NOT_THAT_POLICY:
            return N_(
                "The way that you chose is not open to {who}; what is: {choices}. Please ask again."
            ).format(who=who, choices=_choices(refusal))
        case RefusalReason.EXCLUDED:
            return _both(
                N_("It does not go with what {who} has already: {names}.").format(
                    who=who, names=_quoted(refusal.details)
                )
                if refusal.details or not refusal.groups
                else "",
                N_("It does not go with a group that {who} is in: {groups}.").format(
                    who=who, groups=_quoted(refusal.groups)
                )
                if refusal.groups
                else "",
            )
        case RefusalReason.ENDED:
            return _OVER_FOR_OTHER.format(who=who, policy=_name(refusal.policy), when=_end(refusal))
        case RefusalReason.NOT_FOR_THEM:
            return N_("Its policy in Entra is not for {who} any more.").format(who=who)
        case _:
            # What is left says nothing of the person.
            return to_person(refusal)


def _whom_it_is_for(refusal: Refusal) -> str:
    if not 0 < len(refusal.open_to) <= len(IT_IS_FOR):
        return ""
    named = dict(zip(SCOPES, refusal.open_to, strict=False))
    return IT_IS_FOR[len(named) - 1].format(**named)


def says_whom_it_is_for(why: str) -> bool:
    """Tell whether *why*, of a refusal, says for whom the package is."""
    return any(
        SentencePattern(f"{refused} {said}").read(why) is not None
        for refused in (NOT_AMONG, _NO_POLICY)
        for said in IT_IS_FOR
    )


def needs_admin(refusal: Refusal) -> bool:
    """Tell whether somebody has to look at what Entra says: people cannot help themselves."""
    return refusal.reason is RefusalReason.UNSUPPORTED


def _about(refusal: Refusal) -> str:
    return N_("policy “{name}”: ").format(name=_name(refusal.policy)) if refusal.policy else ""


def _end(refusal: Refusal) -> str:
    """Return the moment that a policy's date is, where it has one."""
    expiration = refusal.policy.expiration if refusal.policy else None
    end = expiration.end_date_time if expiration else None
    return kept_moment(end) if end else "?"


def _is_end_unsaid(refusal: Refusal) -> bool:
    expiration = refusal.policy.expiration if refusal.policy else None
    return expiration is not None and expiration.is_unsaid


def _name(policy_: AssignmentPolicy | None) -> str:
    return _short((policy_ and (policy_.display_name or policy_.id)) or "?")


def _choices(refusal: Refusal) -> str:
    named = [
        f"“{_name(each)}” ({policy_terms.lasts(each.expiration)}, {_approval(each)})"
        for each in refusal.candidates[:MOST_NAMED]
    ]
    return "; ".join([*named, "…"] if len(refusal.candidates) > MOST_NAMED else named)


def _approval(policy_: AssignmentPolicy) -> str:
    # How many must approve it is in the form, which knows the package settings.
    stages = policy_terms.named_stages(policy_, extending=False)
    return N_("needs approval") if stages else N_("no approval")


def _both(one: str, other: str) -> str:
    return " ".join(each for each in (one, other) if each)


def _excluding(refusal: Refusal) -> str:
    """List the packages and groups that exclude it, for an administrator."""
    groups = (f"the group “{_short(each)}”" for each in refusal.groups)
    return _list((*(f"“{_short(each)}”" for each in refusal.details), *groups))


def _quoted(names: tuple[str, ...]) -> str:
    """List names in quotes, as `bot.words.recognition` finds a list again."""
    return _list(tuple(f"“{_short(each)}”" for each in names))


def _list(words: tuple[str, ...]) -> str:
    shown = [_short(each) for each in words[:MOST_NAMED]]
    if len(words) > MOST_NAMED:
        shown.append(N_("{count} more").format(count=len(words) - MOST_NAMED))
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:]))) or "?"


def _short(text: str) -> str:
    cleaned = clean(text)
    return cleaned if len(cleaned) <= LONGEST_NAME else f"{cleaned[:LONGEST_NAME]}…"
