"""Open the form in which people choose packages and ask for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.messages.blocks.parts import message
from bot.messages.emergencies.emergency_choice import EmergencyChoice, is_chosen_in
from bot.messages.requests.request_form.form import menu_form, refused_form, request_form
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.requests.asking.forms import RequestForms
from bot.words import N_, _
from handlers.replying.replies import Reply

GONE: Final = N_("That package is not offered any more.")


def emergency_choice(
    forms: RequestForms, package: Package, view: Mapping[str, Any] | None = None
) -> EmergencyChoice | None:
    """Return what a form says of emergency access, as it was chosen in *view*; None: the package gives none."""
    terms = forms.emergency_terms(package)
    if terms is None or package.is_for_others_only:
        # An emergency is one's own, and there nobody asks for themselves.
        return None
    is_chosen = view is not None and is_chosen_in(view, package.id)
    return EmergencyChoice(package_id=package.id, terms=terms, is_chosen=is_chosen)


def open_request_form(*, forms: RequestForms, reply: Reply, reason: str | None = None) -> None:
    """
    Open the form, after the answer to Slack.

    Args:
        reply: Answers whoever wants it, and says so if Slack does not open the form.
        reason: What they have said already.
    """

    async def form() -> Mapping[str, Any]:
        refusal = await forms.find_form_refusal(slack_user=reply.user)
        if refusal is not None:
            return refused_form(refusal)
        offered = await forms.offered_packages()
        for_others = forms.may_ask_for_others(reply.user, offered)
        return menu_form((), reason=reason, for_others=for_others)

    reply.open_form(form)


async def open_form_about(*, forms: RequestForms, reply: Reply) -> None:
    """Open the form of the package that a pressed button names, with the reason, and the person it is for, that were given before."""
    about, _sign, wanted_for = reply.value.partition(" ")
    package, reason = await forms.find_form(slack_user=reply.user, about=about)
    if package is None:
        await reply.say(message(_(GONE)))
        return

    async def form() -> Mapping[str, Any]:
        for_others = forms.may_ask_for_others(reply.user, [package])
        is_for_other = for_others and wanted_for not in ("", reply.user)
        policies: Sequence[OfferedPolicy] = package.policies
        locale = None
        if not is_for_other:
            offered = await forms.find_policies(slack_user=reply.user, package=package)
            policies, locale = offered.policies, offered.locale
        return request_form(
            package,
            policies=policies,
            locale=locale,
            reason=reason,
            reason_hint=forms.reason_hint(package),
            emergency=emergency_choice(forms, package),
            for_others=for_others,
            wanted_for=wanted_for if is_for_other else None,
            reader=reply.user,
        )

    reply.open_form(form)
