"""Let somebody approve several requests for one package at once: a button, and a form that lists each."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.approvals.evidence import post_of
from bot.messages.approvals.forms import reason_field
from bot.messages.blocks.pages import VIEW, fitted
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    divider,
    escape,
    message,
    numbered,
    plain,
    shorten,
)
from bot.paging import Count
from bot.requests.model import Request, State
from bot.same_name import folded
from bot.words import N_, _, ngettext, pgettext

CALLBACK: Final = "latchkey_approve_chosen"
CHOSEN: Final = "chosen"
# Options of checkboxes, and so requests in one form.
MOST_CHOICES: Final = 10
MOST_BUTTONS: Final = 5
# Characters, of what the package gives.
MOST_GIVEN: Final = 12_000
LONGEST_OPTION: Final = 75
# Of an account that stands behind a name; a longer one is left out, for the id.
LONGEST_ACCOUNT: Final = 55
# Of a package's name, in a button.
LONGEST_NAME: Final = 50
NOTHING_LEFT: Final = N_("None of these waits for your decision any more.")


def approve_all_row(requests: Sequence[Request], *, reader: str) -> list[Block]:
    """Make a button for each package that several of these requests are for; nothing where there is none."""
    by_package: dict[str, list[Request]] = {}
    for request in requests:
        is_own = reader in {request.holder, request.asked_by}
        stage = request.current_stage
        # Each approval by a fresh sign-in is one of its own.
        is_one_of_several = stage is not None and not stage.fresh_sign_in
        if request.state is State.PENDING and is_one_of_several and not is_own:
            by_package.setdefault(request.package_id, []).append(request)
    several = [each[:MOST_CHOICES] for each in by_package.values() if len(each) > 1]
    made = [
        numbered(_approve_all_button(each), place)
        for place, each in enumerate(several[:MOST_BUTTONS], start=1)
    ]
    return [actions(*made, block_id="approve-all")] if made else []


def _approve_all_button(requests: Sequence[Request]) -> Block:
    name = shorten(requests[0].package_name, LONGEST_NAME)
    return button(
        _("Approve all {count} for {package}").format(count=len(requests), package=name),
        "approve_all",
        " ".join(request.ask_id for request in requests),
    )


def form(
    requests: Sequence[Request],
    *,
    decided: Mapping[str, Sequence[Decision]] | None = None,
    questions: Mapping[str, Sequence[ApproverQuestion]] | None = None,
    namesakes: Mapping[str, Collection[str]] | None = None,
) -> dict[str, Any]:
    """
    List each request with all that its card says, all of them chosen, and ask for one reason; only what is listed can be chosen.

    Args:
        decided: The decisions that count so far, by the request's id.
        questions: What those who decide have asked, with the answers, by the request's id.
        namesakes: Entra ids of everybody known here who has the name of whose it is, by the request's id; also of those who
            are not listed.
    """
    accounts = _accounts(requests, namesakes or {})
    needs_reason = any(
        request.current_stage is not None and request.current_stage.reason_required
        for request in requests
    )
    reason = reason_field(
        _("Reason"), optional=not needs_reason, hint=_("Kept with each of these decisions.")
    )
    gives = _gives(requests)
    rows = [
        [
            divider(),
            *_with_account(
                approval_card.one_of_several(
                    request,
                    (decided or {}).get(request.id, ()),
                    questions=(questions or {}).get(request.id, ()),
                ),
                accounts.get(request.id),
            ),
        ]
        for request in requests
    ]
    listed = fitted(
        rows,
        count=Count(len(requests)),
        room=VIEW.less([*gives, _choice(requests, accounts), reason]),
        rest=lambda left: ngettext(
            "… and {left} more, which does not fit here: it stays as it is.",
            "… and {left} more, which do not fit here: they stay as they are.",
            left.number,
        ).format(left=left.number),
    )
    # Nobody approves what they could not read: what does not fit cannot be chosen.
    shown = [
        request
        for request, row in zip(requests, rows, strict=True)
        if any(block is row[0] for block in listed)
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(_("Approve several")),
        "submit": plain(_("Approve the chosen")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [*gives, *listed, _choice(shown, accounts), reason],
    }


def _accounts(
    requests: Sequence[Request], namesakes: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return what tells whose a request is, by its id, of each that name and post do not tell from another's."""
    posts = {each.entra_id: _description(each) for each in requests if each.entra_id}
    by_name: dict[str, set[str]] = {}
    for request in requests:
        if request.entra_id is not None:
            by_name.setdefault(folded(_label(request, None)), set()).add(request.entra_id)
    told = {}
    for request in requests:
        own = request.entra_id
        if own is None:
            continue
        others = {*by_name[folded(_label(request, None))], *namesakes.get(request.id, ())}
        # Of who is not listed the post is not known here.
        if any(posts.get(other, posts[own]) == posts[own] for other in others - {own}):
            account = request.evidence.account if request.evidence else None
            told[request.id] = account if account and len(account) <= LONGEST_ACCOUNT else own
    return told


def _with_account(card: list[Block], account: str | None) -> list[Block]:
    """Say below the first line whose account it is; nothing more where nobody else has the name."""
    if account is None:
        return card
    said = context(_("Account in Entra: {account}").format(account=escape(account)))
    return [card[0], said, *card[1:]]


def _label(request: Request, account: str | None) -> str:
    """Name whose request it is, with what tells it from another's; that is never cut."""
    told_by = f" ({account})" if account else ""
    name = request.holder_name or _("Somebody")
    return f"{shorten(name, LONGEST_OPTION - len(told_by))}{told_by}"


def _description(request: Request) -> str:
    """Say what may tell two of one name apart: all are for one package."""
    return shorten(post_of(request.evidence) or request.package_name, LONGEST_OPTION)


def _choice(requests: Sequence[Request], accounts: Mapping[str, str]) -> Block:
    """Let some of these requests be chosen; all of them are, at first."""
    options = [
        {
            "value": request.ask_id,
            "text": plain(_label(request, accounts.get(request.id))),
            "description": plain(_description(request)),
        }
        for request in requests
    ]
    return {
        "type": "input",
        "block_id": CHOSEN,
        "label": plain(_("Which of these do you approve?")),
        "element": {
            "type": "checkboxes",
            "action_id": CHOSEN,
            "options": options,
            "initial_options": options,
        },
    }


def _gives(requests: Sequence[Request]) -> list[Block]:
    """Say what the package gives: once, and for each version of it that somebody was shown."""
    each = dict.fromkeys(tuple(one.terms.contents) for one in requests if one.terms)
    return [
        block
        for contents in each
        for block in approval_card.gives(contents, characters=MOST_GIVEN // len(each))
    ]


def chosen_in(view: Mapping[str, Any]) -> list[str]:
    """Return the ids that the chosen requests' buttons would carry."""
    field = view.get("state", {}).get("values", {}).get(CHOSEN, {}).get(CHOSEN, {})
    return [str(each.get("value") or "") for each in field.get("selected_options") or []]


def saved(count: int) -> Message:
    """Say that decisions are saved, each of which is judged by itself."""
    if count == 1:
        return message(
            _("Your approval is saved. If it does not count, I send you a message that says why.")
        )
    return message(
        _(
            "Your {count} approvals are saved, and each is checked by itself. If one does not "
            "count, I send you a message that says whose it was, and why."
        ).format(count=count)
    )
