"""A person goes through the sign-in: page after page until the application gets its code, or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import chance
from sandbox.tenant import auth_request, login_pages
from sandbox.tenant.app_registration import OPEN_TO_EVERYBODY, AppRegistration, graph_permissions
from sandbox.tenant.auth_request import AuthRequest, SignInError
from sandbox.tenant.model import User
from sandbox.tenant.sign_in import Authentication, SignIns, needs_second_factor
from sandbox.tenant.tokens import Tokens

COOKIE = "ESTSAUTH"
# A person who stops in the middle begins anew.
OPEN_SECONDS = 900
DEVICE_PAGE = "/common/oauth2/deviceauth"


@dataclass
class _Open:
    """Somebody on their way through the pages: for an application, for a device, or to a page of Microsoft's own."""

    expires_at: float
    tenant: str
    request: AuthRequest | None = None
    user_code: str | None = None
    back_to: str | None = None
    scope: str = ""
    user_id: str | None = None
    signed_in_at: float | None = None
    second_factor: bool = False
    code: str = ""
    has_consented: bool = False


class LoginSteps:
    """The pages, and what is remembered between them."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        app: AppRegistration,
        sign_ins: SignIns,
        tokens: Tokens,
        users: Mapping[str, User],
    ) -> None:
        self._tenant_id, self._client_id = tenant_id, client_id
        self._app, self._sign_ins, self._tokens, self._users = app, sign_ins, tokens, users
        # Published authentication contexts, and whether each wants a second factor.
        self.contexts: dict[str, bool] = {"c1": True}
        # Conditional access: everybody needs a second factor, whatever is asked for.
        self.always_second_factor = False
        self._open: dict[str, _Open] = {}
        self._sessions: dict[str, Authentication] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/{tenant}/oauth2/v2.0/authorize", self._authorize, methods=["GET", "POST"]),
            Route("/{tenant}/login", self._step, methods=["POST"]),
            Route(DEVICE_PAGE, self._device, methods=["GET", "POST"]),
        ]

    def person_at(self, request: Request) -> User | None:
        """Return who is signed in in a browser; None: nobody, or somebody who may not any more."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        user = self._users.get(session.user_id) if session else None
        return user if user and user.account_enabled else None

    def sign_in_to(self, back_to: str) -> Response:
        """Begin the sign-in to a page of Microsoft's own, which the browser comes back to."""
        return self._begin(
            _Open(
                expires_at=self._tokens.seconds() + OPEN_SECONDS,
                tenant=self._tenant_id,
                back_to=back_to,
            )
        )

    def sign_out(self, request: Request, back_to: str) -> Response:
        """End the session of a browser."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        answer = RedirectResponse(back_to, status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    def _begin(self, opened: _Open) -> Response:
        context = chance.token_urlsafe(24)
        self._open[context] = opened
        return self._next(context, opened)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if request.method == "POST":
            asked |= {key: str(value) for key, value in (await request.form()).items()}
        tenant = request.path_params["tenant"]
        if tenant.lower() != self._tenant_id:
            return login_pages.refused(f"AADSTS90002: Tenant '{tenant}' not found.")
        if asked.get("client_id") != self._client_id:
            return login_pages.refused(
                f"AADSTS700016: Application with identifier '{asked.get('client_id')}' was not found in the directory "
                "'Contoso'."
            )
        try:
            address = auth_request.check_address(asked, self._app)
        except SignInError as refusal:
            return login_pages.refused(f"AADSTS{refusal.number}: {refusal}")
        try:
            wanted = auth_request.read(asked, self._app, contexts=self.contexts)
        except SignInError as refusal:
            mode = asked.get("response_mode", "query")
            return _back(address, mode, _error(refusal, asked.get("state")))
        opened = _Open(
            expires_at=self._tokens.seconds() + OPEN_SECONDS,
            tenant=tenant,
            request=wanted,
            scope=wanted.scope,
        )
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is not None and self._serves(session, wanted):
            opened.user_id, opened.signed_in_at = session.user_id, session.at
            opened.second_factor = session.second_factor
        elif wanted.login_hint and wanted.prompt != "select_account":
            opened.user_id = self._named(wanted.login_hint)
        if wanted.prompt == "none":
            return self._silently(opened, wanted)
        return self._begin(opened)

    def _serves(self, session: Authentication, wanted: AuthRequest) -> bool:
        """Tell whether a session in the browser is enough for what is asked."""
        user = self._users.get(session.user_id)
        if user is None or not user.account_enabled or wanted.prompt in {"login", "select_account"}:
            return False
        # "max_age=0" is "prompt=login": OpenID Connect Core 1.0, errata set 2, 3.1.2.1.
        age = self._tokens.seconds() - session.at
        if wanted.max_age is not None and (wanted.max_age == 0 or age > wanted.max_age):
            return False
        return not wanted.login_hint or self._named(wanted.login_hint) == session.user_id

    def _named(self, hint: str) -> str | None:
        for user in self._users.values():
            if hint in ((user.mail or "").lower(), user.user_principal_name.lower()):
                return user.id
        return None

    def _silently(self, opened: _Open, wanted: AuthRequest) -> Response:
        if opened.user_id is None or opened.signed_in_at is None:
            refusal = SignInError(
                "login_required",
                50058,
                "A silent sign-in request was sent but no user is signed in.",
            )
        elif self._wants_second_factor(opened):
            refusal = SignInError(
                "interaction_required",
                50079,
                "The user is required to use multi-factor authentication.",
            )
        elif self._app.missing_consent(opened.user_id, wanted.scope):
            refusal = SignInError(
                "consent_required",
                65001,
                "The user or administrator has not consented to use the application.",
            )
        else:
            return self._done(opened)
        return _back(wanted.redirect_uri, wanted.response_mode, _error(refusal, wanted.state))

    async def _step(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        context = form.get("ctx", "")
        opened = self._open.get(context)
        if opened is None or opened.expires_at < self._tokens.seconds():
            return login_pages.refused("AADSTS50089: This sign-in has expired; begin again.")
        step = form.get("step")
        if step == "cancel":
            return self._cancel(context, opened)
        if step == "another":
            opened.user_id = opened.signed_in_at = None
        elif step == "account" and opened.user_id is None and form.get("user") in self._users:
            opened.user_id = form["user"]
        elif step == "password" and opened.user_id is not None and opened.signed_in_at is None:
            refusal = self._check_password(context, opened, form.get("password", ""))
            if refusal is not None:
                return refusal
        elif step == "second" and opened.signed_in_at is not None:
            if not opened.code or form.get("code", "").strip() != opened.code:
                return self._second_factor(context, opened, wrong="That is not the code.")
            opened.second_factor = True
        elif step == "consent" and form.get("answer") == "accept":
            self._consent(opened)
        return self._next(context, opened)

    def _check_password(self, context: str, opened: _Open, given: str) -> Response | None:
        """Sign in whoever knows the password; the page that says what is wrong otherwise."""
        user = self._users[opened.user_id or ""]
        if not user.account_enabled:
            return login_pages.refused("AADSTS50057: The user account is disabled.")
        if given != login_pages.PASSWORD:
            wrong = "Your account or password is incorrect (AADSTS50126)."
            return login_pages.password(_action(opened), context, user, wrong=wrong)
        opened.signed_in_at = self._tokens.seconds()
        opened.second_factor = False
        return None

    def _consent(self, opened: _Open) -> None:
        """Take a consent, from somebody who has signed in and may give it."""
        if opened.user_id is None or opened.signed_in_at is None:
            return
        missing = self._app.missing_consent(opened.user_id, opened.scope)
        if not self._wants_second_factor(opened) and missing <= self._grantable(opened.user_id):
            self._app.consent(opened.user_id, missing)
            opened.has_consented = True

    def _wants_second_factor(self, opened: _Open) -> bool:
        if opened.second_factor:
            return False
        contexts = opened.request.all_contexts if opened.request else ()
        return self.always_second_factor or needs_second_factor(contexts, self.contexts)

    def _grantable(self, user_id: str) -> frozenset[str]:
        """Return the permissions that somebody may consent to: for themselves, or an administrator all."""
        if self._users[user_id].is_administrator:
            return frozenset(graph_permissions(".default")) | OPEN_TO_EVERYBODY
        return OPEN_TO_EVERYBODY

    def _next(self, context: str, opened: _Open) -> Response:
        action = _action(opened)
        if opened.user_id is None:
            hint = opened.request.login_hint if opened.request else ""
            return login_pages.account(action, context, self._users.values(), hint=hint)
        user = self._users[opened.user_id]
        if opened.signed_in_at is None:
            return login_pages.password(action, context, user)
        if self._wants_second_factor(opened):
            return self._second_factor(context, opened)
        missing = self._app.missing_consent(user.id, opened.scope)
        asks_anyway = opened.request is not None and opened.request.prompt == "consent"
        if missing or (asks_anyway and not opened.has_consented):
            return login_pages.consent(
                action,
                context,
                user,
                permissions=missing or graph_permissions(opened.scope),
                may_grant=missing <= self._grantable(user.id),
            )
        del self._open[context]
        return self._done(opened)

    def _second_factor(self, context: str, opened: _Open, *, wrong: str = "") -> Response:
        # A new one each time: nobody guesses on.
        opened.code = f"{chance.below(1_000_000):06}"
        user = self._users[opened.user_id or ""]
        return login_pages.second_factor(
            _action(opened), context, user, code=opened.code, wrong=wrong
        )

    def _done(self, opened: _Open) -> Response:
        if opened.user_id is None or opened.signed_in_at is None:
            raise RuntimeError("nobody has signed in")
        signed_in = Authentication(
            user_id=opened.user_id, at=opened.signed_in_at, second_factor=opened.second_factor
        )
        if opened.back_to is not None:
            answer: Response = RedirectResponse(opened.back_to, status_code=303)
        elif opened.request is None:
            self._sign_ins.confirm_device(
                opened.user_code or "", user_id=opened.user_id, signed_in=signed_in
            )
            answer = login_pages.finished("You have signed in to Latchkey on your device.")
        else:
            brought = {
                "code": self._sign_ins.begin_code(opened.request, signed_in),
                "session_state": str(chance.uuid4()),
            }
            if opened.request.state is not None:
                brought["state"] = opened.request.state
            answer = _back(opened.request.redirect_uri, opened.request.response_mode, brought)
        session = chance.token_urlsafe(24)
        self._sessions[session] = signed_in
        answer.set_cookie(COOKIE, session, httponly=True, samesite="lax")
        return answer

    def _cancel(self, context: str, opened: _Open) -> Response:
        del self._open[context]
        if opened.back_to is not None:
            return login_pages.finished("You have not signed in.")
        if opened.request is None:
            self._sign_ins.decline_device(opened.user_code or "")
            return login_pages.finished("You have not signed in on your device.")
        refusal = SignInError(
            "access_denied",
            65004,
            "User declined to consent to access the app.",
        )
        brought = _error(refusal, opened.request.state) | {"error_subcode": "cancel"}
        return _back(opened.request.redirect_uri, opened.request.response_mode, brought)

    async def _device(self, request: Request) -> Response:
        if request.method == "GET":
            return login_pages.device(DEVICE_PAGE)
        user_code = str((await request.form()).get("user_code", "")).strip().upper()
        try:
            scope = self._sign_ins.device_scope(user_code)
        except KeyError:
            return login_pages.device(DEVICE_PAGE, wrong="That code didn't work. Check it.")
        return self._begin(
            _Open(
                expires_at=self._tokens.seconds() + OPEN_SECONDS,
                tenant=self._tenant_id,
                user_code=user_code,
                scope=scope,
            )
        )


def _action(opened: _Open) -> str:
    return f"/{opened.tenant}/login"


def _error(refusal: SignInError, state: str | None) -> dict[str, str]:
    brought = {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.number}: {refusal}",
    }
    return brought | ({"state": state} if state is not None else {})


def _back(address: str, mode: str, brought: Mapping[str, str]) -> Response:
    if mode == "form_post":
        return login_pages.post_back(address, brought)
    sign = "&" if "?" in address else "?"
    return RedirectResponse(f"{address}{sign}{urlencode(brought)}", status_code=302)
