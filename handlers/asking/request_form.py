"""Open the form to request a package, update it when a policy is chosen, and submit it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.errors import WrongFields
from bot.messages.blocks.modals import said_in_modal
from bot.messages.emergencies.emergency_choice import EmergencyChoice, is_chosen_in
from bot.messages.requests import on_behalf, package_menu, several
from bot.messages.requests.request_form.errors import (
    CHANGED,
    errors_at,
    not_offered_any_more,
)
from bot.messages.requests.request_form.form import (
    NOT_OFFERED,
    TITLE,
    menu_form,
    request_form,
    why_not_in_form,
)
from bot.messages.requests.request_form.questions import answers_in
from bot.messages.requests.request_form.reading import (
    END,
    REASON,
    START,
    moment_in,
    policy_in,
    reason_in,
    wanted_for_in,
)
from bot.messages.requests.request_form.subject import FormSubject, subject_in
from bot.packages.model import Package
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import fingerprint
from bot.requests.asking.forms import RequestForms
from bot.requests.asking.policy_choice import FormPolicies
from bot.requests.model import AskedTogether
from bot.requests.service import RequestService
from bot.requests.transactions.filled_form import FilledForm
from bot.words import _
from handlers.replying.asking import say_asked
from handlers.replying.background import Background
from handlers.replying.errors import NOT_READ, REQUEST_NOT_SAVED, explain_errors
from handlers.replying.interaction import sending_of
from handlers.replying.replies import Replies
from handlers.replying.request_opening import GONE, emergency_choice, open_form_about
from handlers.routes import Routes


def register(
    routes: Routes,
    *,
    requests: RequestService,
    forms: RequestForms,
    replies: Replies,
    background: Background,
) -> None:
    @routes.action("latchkey_ask")
    async def open_form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form, from an Ask button."""
        await ack()
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            await open_form_about(forms=forms, reply=reply)

    @routes.action("latchkey_policy")
    async def choose(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show the questions of the policy that was chosen."""
        await ack()
        view = body.get("view")
        if not isinstance(view, Mapping) or not view.get("id"):
            return
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            about = subject_in(view)
            package = await forms.find_package(about.package_id)
            chosen = policy_in(view)
            if package is None or chosen is None:
                return
            background.update_form(
                view_id=str(view["id"]),
                view=_again(
                    package,
                    about,
                    view,
                    chosen,
                    user=reply.user,
                    reason_hint=forms.reason_hint(package),
                    emergency=emergency_choice(forms, package, view),
                ),
            )

    @routes.action("latchkey_package")
    async def choose_packages(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show what holds for the packages that were chosen, and what one alone asks."""
        await redraw(ack, body, action)

    @routes.action("latchkey_for_whom")
    async def choose_person(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show the policies again: not those for whoever asks, but all, as other ones may be for the other."""
        await redraw(ack, body, action)

    async def redraw(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        view = body.get("view")
        if not isinstance(view, Mapping) or not view.get("id"):
            return
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            about = subject_in(view)
            ids = package_menu.chosen_in(view) if about.has_menu else (about.package_id,)
            chosen = await forms.find_packages(ids)

            async def form() -> Mapping[str, Any]:
                return await _for_chosen(forms, chosen, about, view, user=reply.user)

            if chosen or about.has_menu:
                background.update_form(view_id=str(view["id"]), view=form)

    @routes.view("latchkey_request")
    async def submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the request, or show an error at each wrong field and keep what was typed."""
        user = body["user"]["id"]

        async def show_error(message: Mapping[str, Any]) -> None:
            sentence = str(message["text"])
            errors = errors_at(view, {REASON: sentence}, {}, ())
            await ack(response_action="errors", errors=errors)

        async with explain_errors(show_error, busy=REQUEST_NOT_SAVED):
            about = subject_in(view)
            if about.has_menu:
                picked = package_menu.chosen_in(view)
                if not picked:
                    wrong_field = {package_menu.MENU: _("Please choose what you need.")}
                    await ack(response_action="errors", errors=wrong_field)
                    return
                if len(picked) > 1:
                    await ask_for_several(ack, view, picked, user=user)
                    return
                if about.package_id != picked[0]:
                    # It was sent before it showed what was chosen last.
                    about = FormSubject(
                        package_id=picked[0], has_menu=True, for_others=about.for_others
                    )
            package = await forms.find_package(about.package_id)
            if package is None or not package.can_be_asked_for:
                if about.following:
                    gone = AskedTogether(
                        refused=[] if package is None else [(package, NOT_OFFERED)],
                        is_something_gone=package is None,
                    )
                    await go_on(ack, view, gone, about.following, user=user)
                    return
                await show_error({"text": _(GONE)})
                return
            for_other = _is_for_other(view, user)
            if about.for_other and not for_other and len(package.policies) > 1:
                await show_own(ack, view, package, about, user=user)
                return
            policies = _offered(package, about, for_other=for_other)
            chosen = _chosen(policies, policy_in(view))
            # It may have been sent before it offered what there is for the other.
            if not _shows(about, chosen) or not _has_offered(about, policies):
                form = _again(
                    package,
                    about,
                    view,
                    chosen.id if chosen else None,
                    user=user,
                    reason_hint=forms.reason_hint(package),
                    emergency=emergency_choice(forms, package, view),
                    note=_(CHANGED),
                )
                await ack(response_action="update", view=form)
                return
            try:
                submitted = await requests.ask_by_form(
                    FilledForm(
                        slack_user=user,
                        package_id=package.id,
                        policy_id=chosen.id if chosen else None,
                        is_chosen=bool(about.offered),
                        reason=reason_in(view),
                        answers=answers_in(view, chosen.questions if chosen else ()),
                        start=moment_in(view, START),
                        end=moment_in(view, END),
                        wanted_for=wanted_for_in(view),
                        is_emergency=is_chosen_in(view, package.id),
                        sending=sending_of(view),
                    )
                )
            except WrongFields as wrong:
                questions = chosen.questions if chosen else ()
                await ack(
                    response_action="errors",
                    errors=errors_at(view, wrong.fields, wrong.answers, questions),
                )
                return
            if about.following:
                request = [submitted.request]
                result = AskedTogether(
                    asked=request if submitted.created else [],
                    open_before=[] if submitted.created else request,
                )
                await go_on(ack, view, await forms.with_doubts(result), about.following, user=user)
                return
            if submitted.request.is_on_behalf and submitted.created:
                said = on_behalf.asked_for_them(submitted.request)
            else:
                said = await say_asked(
                    forms, user, submitted, in_emergency=is_chosen_in(view, package.id)
                )
            await ack(response_action="update", view=said_in_modal(said, title=_(TITLE)))

    async def show_own(
        ack: AsyncAck, view: Mapping[str, Any], package: Package, about: FormSubject, *, user: str
    ) -> None:
        """Show a form again that was sent before it offered what there is for whoever sends it, and nobody else."""
        again = _again(
            package,
            about,
            view,
            None,
            user=user,
            reason_hint=forms.reason_hint(package),
            emergency=emergency_choice(forms, package, view),
            note=_(CHANGED),
        )
        await ack(response_action="update", view=again)

        async def narrowed() -> Mapping[str, Any]:
            return await _for_chosen(forms, [package], about, view, user=user, note=_(CHANGED))

        if view.get("id"):
            background.update_form(view_id=str(view["id"]), view=narrowed)

    async def ask_for_several(
        ack: AsyncAck, view: Mapping[str, Any], picked: Sequence[str], *, user: str
    ) -> None:
        """Ask for each of several packages, and go on with the forms of those that need one."""
        offered = {each.id for each in await forms.find_packages(picked)}
        names = package_menu.names_in(view).items()
        missing = [name for package_id, name in names if package_id not in offered]
        if missing:
            await ack(response_action="errors", errors=not_offered_any_more(missing))
            return
        try:
            result = await requests.ask_for_several(
                slack_user=user,
                package_ids=picked[: package_menu.MOST_CHOSEN],
                reason=reason_in(view),
                wanted_for=wanted_for_in(view),
                sending=sending_of(view),
            )
        except WrongFields as wrong:
            errors = errors_at(view, wrong.fields, wrong.answers, ())
            await ack(response_action="errors", errors=errors)
            return
        await show_next_form(ack, view, await forms.with_doubts(result), user=user)

    async def go_on(
        ack: AsyncAck,
        view: Mapping[str, Any],
        result: AskedTogether,
        following: Sequence[str],
        *,
        user: str,
    ) -> None:
        """Go on with those of the packages behind this form that are still offered, and say if some are not."""
        packages = await forms.find_packages(following)
        is_something_gone = result.is_something_gone or len(packages) < len(following)
        result = replace(result, with_forms=packages, is_something_gone=is_something_gone)
        await show_next_form(ack, view, result, user=user)

    async def show_next_form(
        ack: AsyncAck, view: Mapping[str, Any], result: AskedTogether, *, user: str
    ) -> None:
        """
        Show the next form in the place of the one that was sent, and the results where none is left.

        A package that no form can ask for is said above the next form, which would not be reached otherwise.
        """
        wanted_for = wanted_for_in(view)
        offered: dict[str, FormPolicies] = {}

        def policies_of(package: Package) -> FormPolicies:
            return offered.get(package.id) or FormPolicies(policies=package.policies)

        def next_view() -> dict[str, Any]:
            left = several.without_forms_for(
                result, lambda package: why_not_in_form(package, policies_of(package).policies)
            )
            if not left.with_forms:
                return several.results_view(left)
            package, *following = left.with_forms
            about = policies_of(package)
            return request_form(
                package,
                policies=about.policies,
                locale=about.locale,
                reason=reason_in(view),
                reason_hint=forms.reason_hint(package),
                emergency=emergency_choice(forms, package),
                note=several.note_before_forms(left),
                following=[each.id for each in following],
                for_others=wanted_for is not None,
                wanted_for=wanted_for,
                reader=user,
            )

        await ack(response_action="update", view=next_view())

        async def narrowed() -> Mapping[str, Any]:
            if wanted_for in (None, user):
                for package in result.with_forms:
                    offered[package.id] = await forms.find_policies(
                        slack_user=user, package=package
                    )
                    if why_not_in_form(package, offered[package.id].policies) is None:
                        break
            return next_view()

        if view.get("id") and result.with_forms:
            background.update_form(view_id=str(view["id"]), view=narrowed)


def _is_for_other(view: Mapping[str, Any], user: str) -> bool:
    return wanted_for_in(view) not in (None, user)


def _offered(package: Package, about: FormSubject, *, for_other: bool) -> Sequence[OfferedPolicy]:
    """Return the policies that the form offers, as they are now; for somebody else all, whatever is for whoever asks."""
    if for_other or not about.offered:
        return package.policies
    return [policy for policy in package.policies if policy.id in about.offered]


def _has_offered(about: FormSubject, policies: Sequence[OfferedPolicy]) -> bool:
    """Return True if the form has offered all of these policies; one that offers no choice, has the only one."""
    return not about.offered or {each.id for each in policies} <= set(about.offered)


def _chosen(policies: Sequence[OfferedPolicy], policy_id: str | None) -> OfferedPolicy | None:
    if policy_id is None and len(policies) == 1:
        return policies[0]
    return next((policy for policy in policies if policy.id == policy_id), None)


def _shows(about: FormSubject, chosen: OfferedPolicy | None) -> bool:
    """Return True if the form shows the questions that the policy has now."""
    if chosen is None:
        return False
    return fingerprint(chosen.questions) == (about.asked or fingerprint(()))


def _again(
    package: Package,
    about: FormSubject,
    view: Mapping[str, Any],
    chosen: str | None,
    *,
    user: str,
    reason_hint: str | None,
    emergency: EmergencyChoice | None,
    note: str | None = None,
) -> dict[str, Any]:
    """Build the form anew, with what was typed in *view*."""
    policies = _offered(package, about, for_other=_is_for_other(view, user))
    return request_form(
        package,
        policies=policies,
        chosen=_chosen(policies, chosen),
        locale=about.locale,
        reason=reason_in(view),
        reason_hint=reason_hint,
        emergency=emergency,
        note=note,
        has_menu=about.has_menu,
        following=about.following,
        for_others=about.for_others or wanted_for_in(view) is not None,
        wanted_for=wanted_for_in(view),
        reader=user,
    )


async def _for_chosen(
    forms: RequestForms,
    chosen: Sequence[Package],
    about: FormSubject,
    view: Mapping[str, Any],
    *,
    user: str,
    note: str | None = None,
) -> Mapping[str, Any]:
    """Build the form for what was chosen in it, with what was typed in *view*."""
    reason, wanted_for = reason_in(view), wanted_for_in(view)
    # Whoever is chosen stays chosen: without the field the access would be for whoever asks.
    for_others = wanted_for is not None or forms.may_ask_for_others(user, chosen)
    if not chosen:
        for_others = for_others or about.for_others
    if len(chosen) != 1:
        return menu_form(
            chosen, reason=reason, for_others=for_others, wanted_for=wanted_for, reader=user
        )
    [package] = chosen
    policies, locale = package.policies, about.locale
    if not _is_for_other(view, user):
        offered = await forms.find_policies(slack_user=user, package=package)
        policies, locale = tuple(offered.policies), offered.locale
    picked = policy_in(view)
    return request_form(
        package,
        policies=policies,
        chosen=next((each for each in policies if each.id == picked), None),
        locale=locale,
        reason=reason,
        reason_hint=forms.reason_hint(package),
        emergency=emergency_choice(forms, package, view),
        note=note,
        has_menu=about.has_menu,
        following=about.following,
        for_others=for_others,
        wanted_for=wanted_for,
        reader=user,
    )
