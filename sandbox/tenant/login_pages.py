"""The pages of the stand-in's sign-in, as HTML: who am I, password, second factor, consent, and the way back."""

from collections.abc import Iterable, Mapping
from html import escape

from starlette.responses import HTMLResponse, Response

from sandbox.tenant.model import User

PASSWORD = "sandbox"  # noqa: S105 - of every made-up person
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#1b1b1b}"
    "button{font:inherit;padding:.4rem 1rem;margin:.2rem .4rem .2rem 0;cursor:pointer;background:#fff;border:1px solid #8a8a8a;border-radius:4px}"
    ".note+button,button[name=answer]{background:#0b5cad;border-color:#0b5cad;color:#fff}form{margin:0}"
    "input{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}"
    ".who button{display:block;width:100%;text-align:left}.note{color:#555;font-size:14px}.wrong{color:#a4262c}"
)
_NOTE = (
    '<p class="note">This is the sandbox’s stand-in for Microsoft’s sign-in; nothing you type '
    "leaves this machine.</p>"
)
_HEADERS = {
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def account(action: str, context: str, users: Iterable[User], *, hint: str) -> Response:
    """Draw the page that asks who signs in."""
    buttons = "".join(
        f'<button name="user" value="{escape(each.id)}">{escape(each.display_name)}<br>'
        f'<span class="note">{escape(each.user_principal_name)}</span></button>'
        for each in users
    )
    known = f"<p>Signing in as {escape(hint)}</p>" if hint else ""
    return _page(
        "Pick an account",
        f'{known}<form class="who" method="post" action="{escape(action)}">'
        f"{_hidden({'ctx': context, 'step': 'account'})}{buttons}</form>{_cancel(action, context)}",
    )


def password(action: str, context: str, user: User, *, wrong: str = "") -> Response:
    return _page(
        "Enter password",
        f"<p>{escape(user.user_principal_name)}</p>{_wrong(wrong)}"
        f'<form method="post" action="{escape(action)}">{_hidden({"ctx": context, "step": "password"})}'
        f'<label>Password <input type="password" name="password" autofocus></label>'
        f'<p class="note">Every made-up person’s password is “{PASSWORD}”.</p>'
        f"<button>Sign in</button></form>{_another(action, context)}{_cancel(action, context)}",
    )


def second_factor(action: str, context: str, user: User, *, code: str, wrong: str = "") -> Response:
    return _page(
        "Enter the code from your authenticator app",
        f"<p>{escape(user.user_principal_name)}</p>{_wrong(wrong)}"
        f'<form method="post" action="{escape(action)}">{_hidden({"ctx": context, "step": "second"})}'
        '<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" autofocus></label>'
        f'<p class="note">Their authenticator app shows <b id="code">{escape(code)}</b>.</p>'
        f"<button>Verify</button></form>{_cancel(action, context)}",
    )


def consent(
    action: str, context: str, user: User, *, permissions: Iterable[str], may_grant: bool
) -> Response:
    wanted = "".join(f"<li>{escape(each)}</li>" for each in sorted(permissions))
    if not may_grant:
        return _page(
            "Need admin approval",
            f"<p>{escape(user.user_principal_name)}</p><p>Latchkey needs permission that only an admin can grant:</p>"
            f"<ul>{wanted}</ul>{_cancel(action, context, 'Return to the application without granting consent')}",
        )
    return _page(
        "Permissions requested",
        f"<p>{escape(user.user_principal_name)}</p><p>Latchkey would like to:</p><ul>{wanted}</ul>"
        f'<form method="post" action="{escape(action)}">{_hidden({"ctx": context, "step": "consent"})}'
        f'<button name="answer" value="accept">Accept</button></form>{_cancel(action, context)}',
    )


def device(action: str, *, wrong: str = "") -> Response:
    return _page(
        "Enter code",
        f'{_wrong(wrong)}<form method="post" action="{escape(action)}">'
        '<label>Code displayed on your app or device <input name="user_code" autofocus></label>'
        "<button>Next</button></form>",
    )


def finished(sentence: str) -> Response:
    return _page("You can close this window", f"<p>{escape(sentence)}</p>")


def refused(sentence: str, *, status: int = 400) -> Response:
    """Draw an error that cannot be sent back to the application, because nobody knows whether it may have it."""
    return _page("Sign-in failed", f'<p class="wrong">{escape(sentence)}</p>', status=status)


def post_back(address: str, brought: Mapping[str, str]) -> Response:
    """
    The way back by a form that sends itself (``response_mode=form_post``).

    Source: OAuth 2.0 Form Post Response Mode.
    """
    return HTMLResponse(
        f"<!doctype html><title>Working…</title><body onload='document.forms[0].submit()'>"
        f'<form method="post" action="{escape(address)}">{_hidden(brought)}'
        "<noscript><button>Continue</button></noscript></form>",
        headers=_HEADERS,
    )


def _page(title: str, body: str, *, status: int = 200) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}{_NOTE}",
        status_code=status,
        headers=_HEADERS,
    )


def _hidden(values: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
    )


def _wrong(sentence: str) -> str:
    return f'<p class="wrong" role="alert">{escape(sentence)}</p>' if sentence else ""


def _cancel(action: str, context: str, label: str = "Cancel") -> str:
    hidden = _hidden({"ctx": context, "step": "cancel"})
    return f'<form method="post" action="{escape(action)}">{hidden}<button>{escape(label)}</button></form>'


def _another(action: str, context: str) -> str:
    hidden = _hidden({"ctx": context, "step": "another"})
    return f'<form method="post" action="{escape(action)}">{hidden}<button>Use another account</button></form>'
