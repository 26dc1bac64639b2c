"""Experiments about sign-ins themselves: codes, browsers, fresh sign-ins, authentication contexts, renewals, and what revoking does."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.in_own_name import person
from bot.cli.rehearsal.model import Experiment, Observation, as_hoped, otherwise, unclear
from bot.cli.rehearsal.people import SCOPES, RehearsalRole, TestPeople, refusal_of
from graph.errors import AuthError
from graph.sign_in.id_tokens import Identification
from graph.sign_in.web_signin import BY_SIGNING_IN, SignInRefused

LOGIN: Final = "Microsoft's login"
# As the bot believes a fresh sign-in.
FRESH: Final = timedelta(minutes=5)
SIGNS_IN: Final = "has the requester sign in in a browser; nothing is changed"
RENEWALS: Final = 3
# By which msal and we tell what its owner can do about a refusal.
KNOWN_SUBERRORS: Final = BY_SIGNING_IN | {
    "bad_token",
    "token_expired",
    "protection_policy_required",
    "client_mismatch",
    "device_authentication_failed",
}


async def posted_answers(bench: Bench) -> Observation:
    """See whether the browser brought its cookie back with Microsoft's answer."""
    people = _people(bench)
    page = people.page
    if page is None:
        raise NotPossible("it takes --browser")
    # Whoever has signed in already has shown it.
    if page.had_cookie is None:
        await person(bench, RehearsalRole.REQUESTER)
    return as_hoped(
        page.had_cookie is True,
        f"{page.browser}: the cookie came back with the POSTed answer: {'yes' if page.had_cookie else 'no'} (to http://localhost, "
        "which browsers take for as safe as HTTPS; Safari does not)",
    )


async def codes(bench: Bench) -> Observation:
    """Begin a sign-in by a code, as in Socket Mode."""
    people = _people(bench)
    try:
        flow = await people.sign_in.web.begin_device(tuple(SCOPES[RehearsalRole.REQUESTER]))
    except AuthError as error:
        return as_hoped(isinstance(error, SignInRefused), f"a code is refused: {refusal_of(error)}")
    bench.forbidden |= {str(flow[name]) for name in ("device_code", "user_code") if name in flow}
    if people.page is not None:
        return unclear("a code is given; without --browser it is also seen whether it may be used")
    requester = await person(bench, RehearsalRole.REQUESTER)
    return unclear(
        f"a code is given, and the sign-in by it {'worked' if requester.by_code else 'was not tried'}: in a tenant whose conditional "
        "access forbids codes, this is to be a refusal"
    )


async def renewals(bench: Bench) -> Observation:
    """Renew a token three times, and see whether the refresh token is another each time."""
    requester = await person(bench, RehearsalRole.REQUESTER)
    said = []
    for _ in range(RENEWALS):
        try:
            said.append("new" if await requester.renew() else "the same")
        except SignInRefused as refused:
            return otherwise(f"renewed {len(said)} times, then refused: {refusal_of(refused)}")
    how = "a code" if requester.by_code else "a browser, with PKCE and the app's credential"
    return as_hoped(
        set(said) == {"new"}, f"signed in by {how}; the refresh token afterwards: {', '.join(said)}"
    )


async def fresh_sign_ins(bench: Bench) -> Observation:
    """Sign in twice in a row with prompt=login and max_age=0, and read auth_time."""
    requester = await person(bench, RehearsalRole.REQUESTER)
    people = _people(bench)
    ages: list[float | None] = []
    moments: list[datetime | None] = []
    for number in (1, 2):
        signed_in, nonce = await people.by_browser((), state=f"fresh-{number}", is_fresh=True)
        said = await people.believed(signed_in, nonce=nonce)
        if said.object_id != requester.object_id:
            raise NotPossible("somebody else than the requester has signed in")
        moments.append(said.signed_in_at)
        ages.append(_age(said))
    asked = await _asked(
        bench, "Did Microsoft ask for the password, or what takes its place, both times?"
    )
    if any(age is None for age in ages):
        return otherwise("the identity token has no auth_time: is the optional claim there?")
    # The same moment twice is that of a session which nobody was asked to renew.
    is_later = moments[0] is not None and moments[1] is not None and moments[1] > moments[0]
    shown = " and ".join(f"{age:.0f} s" for age in ages if age is not None)
    said_all = f"auth_time was {shown} old, the second {'later' if is_later else 'not later'} than the first; asked each time: {asked}"
    is_fresh = all(age is not None and age <= FRESH.total_seconds() for age in ages)
    return as_hoped(is_fresh and is_later and asked != "n", said_all)


async def contexts(bench: Bench) -> Observation:
    """Ask for an authentication context by `claims`, and read acrs."""
    if bench.auth_context is None:
        raise NotPossible("it takes --auth-context, the id of one that the tenant has, such as c1")
    await person(bench, RehearsalRole.REQUESTER)
    people = _people(bench)
    signed_in, nonce = await people.by_browser(
        (), state="context", is_fresh=True, contexts=(bench.auth_context,)
    )
    said = await people.believed(signed_in, nonce=nonce)
    has = bench.auth_context in said.contexts
    plain, plain_nonce = await people.by_browser((), state="no-context", is_fresh=True)
    without = await people.believed(plain, nonce=plain_nonce)
    return as_hoped(
        has,
        f"asked for by claims: acrs has {'it' if has else 'it not'}, and {len(said.contexts)} in all; not asked for: "
        f"{len(without.contexts)}",
    )


async def federated(bench: Bench) -> Observation:
    """Ask whether the sign-in led over another identity provider."""
    people = _people(bench)
    if people.page is None:
        raise NotPossible("it takes --browser")
    await person(bench, RehearsalRole.REQUESTER)
    answer = await _asked(
        bench, "Did the sign-in lead over another identity provider (ADFS, Okta …), and come back?"
    )
    if answer != "y":
        raise NotPossible("it takes a federated tenant: the sign-in led over no other provider")
    return unclear(
        f"{people.page.browser}: the sign-in went on to another provider and came back; the form of Latchkey's own page was not in it"
    )


async def revoked(bench: Bench) -> Observation:
    """Revoke the requester's sign-ins, and see what becomes of their tokens."""
    requester = await person(bench, RehearsalRole.REQUESTER)
    answer = await bench.calls.send(
        "POST", f"/users/{requester.object_id}/revokeSignInSessions", body={}
    )
    if not answer.ok:
        return unclear(f"revokeSignInSessions is refused: {answer.said}")
    said, fine = [], False
    # It takes effect within minutes.
    for waited in (0, 60, 120, 180):
        if waited:
            await bench.sleep(60)
        try:
            await requester.renew()
        except SignInRefused as refused:
            known = refused.suberror is None or refused.suberror in KNOWN_SUBERRORS
            fine = refused.error == "invalid_grant" and known
            said.append(f"a renewal after {waited} s is refused: {refusal_of(refused)}")
            said.append(
                f"so the kept token is {'deleted' if refused.ends_the_grant else 'kept until they sign in'}"
            )
            break
        said.append(f"a renewal after {waited} s works")
    still = await bench.calls.named(_Kept(requester.signed_in.access_token)).get("/me", select="id")
    said.append(f"the access token of before: {still.said}")
    return as_hoped(fine, "; ".join(said))


class _Kept:
    """An access token as it is, never renewed."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def refresh(self, claims: str | None = None) -> str:
        return self._token


def _people(bench: Bench) -> TestPeople:
    if bench.people is None:
        raise NotPossible("it takes --people, for a test person who signs in")
    return bench.people


def _age(said: Identification) -> float | None:
    if said.signed_in_at is None:
        return None
    return (datetime.now(UTC) - said.signed_in_at).total_seconds()


async def _asked(bench: Bench, question: str) -> str:
    return await bench.at_hand.answer(question) if bench.at_hand is not None else "skip"


def _signs(
    name: str,
    run: Callable[[Bench], Awaitable[Observation]],
    question: str,
    *rows: str,
    writes: str = SIGNS_IN,
    is_always_asked: bool = False,
) -> Experiment:
    return Experiment(
        name=name,
        rows=rows,
        question=question,
        service=LOGIN,
        run=run,
        writes=writes,
        is_always_asked=is_always_asked,
    )


SIGNING_IN: Final = (
    _signs(
        "posted-answer",
        posted_answers,
        "Does the browser bring its cookie back when Microsoft posts the answer of a sign-in?",
        "Whether Entra posts the answer of a sign-in",
    ),
    _signs(
        "federated",
        federated,
        "Does a sign-in go on to a federated identity provider?",
        "Whether browsers let a sign-in go on to a federated",
    ),
    _signs(
        "codes",
        codes,
        "May a code be asked for, as in Socket Mode?",
        "Whether a device code may be asked for",
        writes="asks Microsoft's login for a code; nothing is changed",
    ),
    _signs(
        "renewal",
        renewals,
        "Does a refresh token come back renewed with each use?",
        "Whether a refresh token that was got by a code",
        writes="has the requester sign in, and renews their token; nothing is changed",
    ),
    _signs(
        "fresh-sign-in",
        fresh_sign_ins,
        "Is the password asked for at prompt=login and max_age=0, and is auth_time in the identity token?",
        "Whether Entra asks for the password again",
    ),
    _signs(
        "auth-context",
        contexts,
        "Has the identity token acrs when the request asks for it by claims?",
        "Whether the identity token has `acrs`",
    ),
)
REVOKING: Final = _signs(
    "revoked",
    revoked,
    "With which words does Microsoft's login refuse a token whose owner's sign-ins were revoked?",
    "With which error and suberror Microsoft's login refuses",
    writes="revokes all sign-ins of the requester: that account must sign in again everywhere",
    is_always_asked=True,
)
