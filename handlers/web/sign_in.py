"""
Take people's browsers to a sign-in at Microsoft and back: the pages below ``/sign-in``.

Opening the link shows what it is for; its button begins the sign-in, so that nothing which merely looks at links does, and no form
of another site.  The browser that comes back must be the one that began.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.accounts.browser import CALLBACK, INSTALLATION, LINK, BrowserSignIns, SignInFailed, digest
from bot.accounts.connecting import Connecting
from bot.accounts.model import Purpose, SignIn
from bot.approvals.signed import SignedApprovals
from bot.approvals.signed_delegations import SignedDelegations
from bot.database import Busy, Unsure
from bot.messages.approvals import proving, signing
from bot.words import ENGLISH, N_, _, current_language, language_of_locale, speaking, translate
from handlers.replying.errors import not_done
from handlers.web import sign_in_pages as pages
from handlers.web.http import read_body
from handlers.web.pages_shown import FIELD, PagesShown, new_secret, seal

log = structlog.get_logger(__name__)

# A code, a state, and an error in words.
LARGEST_FORM: Final = 64 * 1024
MOST_FIELDS: Final = 100
# "__Host-": of this host alone, and over TLS.  Microsoft posts the answer, so it must come along from another site.
# Each sign-in has one of its own: two tabs of one browser do not take each other's.
COOKIE: Final = "__Host-latchkey-sign-in"
COOKIE_SECONDS: Final = 900
# Every browser takes cookies of "https" there, but for this machine, where no TLS is needed.
COOKIE_HERE: Final = "latchkey-sign-in"

NOT_CHANGED: Final = N_("Nothing has changed; please try again in a minute.")
NOT_PRESSED: Final = N_(
    "Nothing has begun: the button counts only where this page was shown in this browser, as it is now. Please read it, and press "
    "the button again. If you come back here once more, let your browser keep cookies for this page."
)


def routes(
    browsers: BrowserSignIns,
    *,
    connecting: Connecting,
    approvals: SignedApprovals,
    delegations: SignedDelegations,
    public_url: str,
    installation: str,
) -> list[Route]:
    """
    Return the routes of the sign-in.

    Args:
        public_url: The root of our HTTP endpoint as browsers reach it.
        installation: Tells whoever looks whether the address leads here: `bot.doctor.public_address`.
    """
    is_secure = urlsplit(public_url).scheme == "https"
    prefix = COOKIE if is_secure else COOKIE_HERE
    shown = PagesShown(public_url)

    async def show(http: Request) -> Response:
        """Show what a link is for."""
        with speaking(_language(http)):
            try:
                sign_in = await browsers.find(http.path_params["ticket"])
                title, lines = await about(sign_in)
            except (SignInFailed, Busy) as failed:
                answer = _failed(failed)
                answer.headers[INSTALLATION] = installation
                return answer
            return page_of(sign_in, title, lines)

    def page_of(sign_in: SignIn, title: str, lines: list[str], *, note: str = "") -> Response:
        """
        Return the page before a sign-in, sealed for the browser that it is shown in.

        Args:
            note: Why it is shown once more.
        """
        secret = new_secret()
        answer = pages.begin(
            title,
            [note, *lines] if note else lines,
            label=_("Go on to Microsoft"),
            fields={FIELD: seal(secret, sign_in, [title, *lines])},
            is_secure=is_secure,
            status=403 if note else 200,
            language=current_language(),
        )
        shown.remember(answer, sign_in, secret)
        return answer

    async def about(sign_in: SignIn) -> tuple[str, list[str]]:
        """Return the title of the page before a sign-in, and what it says."""
        if sign_in.purpose is Purpose.APPROVE:
            found = await approvals.find(sign_in)
            return _("Approve a request"), signing.page_lines(found.decision, found.request)
        if sign_in.purpose is Purpose.DELEGATE:
            to_prove = await delegations.find(sign_in)
            user = to_prove.delegate.user
            return _("Let somebody decide for you"), proving.page_lines(
                to_prove.delegation,
                name=to_prove.delegate.person.entra_name,
                address=user.user_principal_name,
                missing=to_prove.missing,
            )
        return _("Connect your Microsoft account"), [
            _(
                "You go on to Microsoft and sign in with your work account. Latchkey then knows that your Slack account "
                "is yours, and can ask for access in your name."
            ),
            _("Go on only if you have asked for this yourself, in Slack, just now."),
        ]

    async def begin(http: Request) -> Response:
        """Send the browser on to Microsoft, if the button of the page was pressed in it; else show it the page."""
        with speaking(_language(http)):
            form = await _form(http)
            if form is None:
                return Response(status_code=413)
            try:
                sign_in = await browsers.find(http.path_params["ticket"])
                title, lines = await about(sign_in)
                why_not = shown.find_why_not(
                    http, sign_in, [title, *lines], sealed=form.get(FIELD, "")
                )
                if why_not is not None:
                    log.warning("sign-in-not-begun", reason=why_not)
                    return page_of(sign_in, title, lines, note=_(NOT_PRESSED))
                begun = await browsers.begin(http.path_params["ticket"])
            except (SignInFailed, Busy) as failed:
                return _failed(failed)
        answer = RedirectResponse(begun.url, status_code=303, headers=pages.HEADERS)
        answer.set_cookie(
            _cookie(prefix, begun.state),
            begun.browser,
            max_age=COOKIE_SECONDS,
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="none" if is_secure else None,
        )
        return answer

    async def finish(http: Request) -> Response:
        """Take what the browser brings from Microsoft."""
        with speaking(_language(http)):
            form = await _form(http)
            if form is None:
                return Response(status_code=413)
            cookie = _cookie(prefix, form.get("state", ""))
            try:
                title, line = await complete(form, http.cookies.get(cookie))
            except (SignInFailed, Busy) as failed:
                answer = _failed(failed)
            else:
                answer = pages.ended(title, [line], language=current_language())
            # Both sides may have to be told.
            connecting.wake()
        answer.delete_cookie(cookie, path="/", secure=is_secure, httponly=True)
        return answer

    async def complete(form: Mapping[str, str], browser: str | None) -> tuple[str, str]:
        """Do what the sign-in was for; return what to say."""
        finished = await browsers.finish(form, browser=browser)
        if finished.sign_in.purpose is Purpose.APPROVE:
            await approvals.complete(finished)
            return _("Your approval is saved"), _(
                "It is checked right now, and Slack shows what came of it. You can close this page."
            )
        if finished.sign_in.purpose is Purpose.DELEGATE:
            proven = await delegations.complete(finished)
            missing = delegations.find_missing(proven)
            return _("Your sign-in is saved"), proving.saved_line(missing=missing)
        await connecting.complete(finished)
        return _("Your Microsoft account is connected"), _(
            "You can close this page and go back to Slack."
        )

    return [
        # Before the link, which would take any last part for a ticket.
        Route(CALLBACK, finish, methods=["POST"]),
        Route(LINK, show, methods=["GET"]),
        Route(LINK, begin, methods=["POST"]),
    ]


def _failed(failed: SignInFailed | Busy) -> Response:
    if isinstance(failed, Busy):
        log.warning("busy")
        said = _(not_done(failed, busy=NOT_CHANGED))
        title = (
            _("I can't tell whether that worked")
            if isinstance(failed, Unsure)
            else _("That did not work")
        )
        return pages.ended(title, [said], status=503, language=current_language())
    return pages.ended(
        _("That did not work"),
        [translate(str(failed))],
        status=400,
        language=current_language(),
    )


async def _form(http: Request) -> Mapping[str, str] | None:
    """Read the fields of a form that come once; None if it is too large, or has too many."""
    body = await read_body(http, largest=LARGEST_FORM)
    if body is None:
        return None
    try:
        found = parse_qsl(
            body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None
    times = Counter(name for name, _value in found)
    return {name: value for name, value in found if times[name] == 1}


def _cookie(prefix: str, state: str) -> str:
    """Return the name of the cookie of one sign-in; nobody can make its state of it."""
    return f"{prefix}-{digest(state)[:16]}"


def _language(http: Request) -> str:
    first = http.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
    return language_of_locale(first) or ENGLISH
