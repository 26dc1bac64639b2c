"""
The test people of a rehearsal: they sign in by the product's own login code, and their tokens are in memory until the end.

Nothing of a token is written anywhere: not into the report, a log or a file.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.redaction import word
from bot.cli.rehearsal.sign_in_page import SignInPage
from bot.machine import PeopleSignIn
from bot.repeating import Sleep
from graph.errors import AuthError
from graph.sign_in.id_tokens import Identification, NotBelieved
from graph.sign_in.signin import SUBJECT_ACCESS
from graph.sign_in.web_signin import SignedIn, SignInRefused, nonce_sent

SIGN_IN_SECONDS: Final = 600
POLL_SECONDS: Final = 5
# Renewed so long before it is over.
MARGIN_SECONDS: Final = 300


class RehearsalRole(StrEnum):
    """The part that a test person plays."""

    REQUESTER = "requester"
    APPROVER = "approver"


# What is asked for, and why, as whoever signs in reads it.
SCOPES: Final[Mapping[RehearsalRole, Mapping[str, str]]] = {
    RehearsalRole.REQUESTER: {
        SUBJECT_ACCESS: "to ask for access, extend it, give it back and cancel, as people do with a connected account"
    },
    RehearsalRole.APPROVER: {
        SUBJECT_ACCESS: "to list what waits for them",
        "EntitlementManagement.ReadWrite.All": "to read and decide approvals; an administrator of the tenant consents to it",
    },
}


class Tester(Protocol):
    """Whoever sits before the rehearsal."""

    async def show(self, text: str) -> None:
        """Show something to read or to do."""
        ...

    async def answer(self, question: str) -> str:
        """Ask something; returns "y", "n" or "skip"."""
        ...


@dataclass
class TestPerson:
    """
    Somebody who has signed in; a source of their tokens.

    Attributes:
        object_id: Of their user in Entra.
        by_code: They typed in a code, as in an app without a secret.
        said: What the identity token of the sign-in says, verified.
    """

    role: RehearsalRole
    object_id: str
    by_code: bool
    said: Identification
    signed_in: SignedIn = field(repr=False)
    sign_in: PeopleSignIn = field(repr=False)
    secrets: set[str] = field(repr=False)
    got_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def scopes(self) -> Sequence[str]:
        """Return the delegated permissions that they were asked for."""
        return tuple(SCOPES[self.role])

    async def token(self) -> str:
        """
        Return an access token that is good at this moment.

        Raises:
            AuthError: Microsoft's login gives none any more.
        """
        age = (datetime.now(UTC) - self.got_at).total_seconds()
        if age > self.signed_in.expires_in - MARGIN_SECONDS:
            await self.renew()
        return self.signed_in.access_token

    async def refresh(self, claims: str | None = None) -> str:
        """Return another token, after Graph has refused the last."""
        await self.renew()
        return self.signed_in.access_token

    async def renew(self) -> bool:
        """
        Get new tokens for the refresh token; True if that was renewed, too.

        Raises:
            SignInRefused: They must sign in again.
        """
        before = self.signed_in.refresh_token
        if before is None:
            raise NotPossible("the login gave no refresh token")
        got = await self.sign_in.web.renew(before, scopes=self.scopes, is_public=self.by_code)
        self.secrets |= secrets_in(got)
        is_new = got.refresh_token not in (None, before)
        self.signed_in = SignedIn(
            access_token=got.access_token,
            refresh_token=got.refresh_token or before,
            id_token=got.id_token,
            expires_in=got.expires_in,
        )
        self.got_at = datetime.now(UTC)
        return is_new


@dataclass
class TestPeople:
    """
    Has the test people sign in, each once, when an experiment first needs them.

    Attributes:
        wanted: How many there are: 1 is a requester, 2 an approver as well.
        page: Where their browsers come back to; None: they type in codes.
        secrets: Tokens, and what names them: must not be in the report.
    """

    sign_in: PeopleSignIn
    tester: Tester
    sleep: Sleep
    wanted: int
    secrets: set[str]
    page: SignInPage | None = None
    _known: dict[RehearsalRole, TestPerson] = field(default_factory=dict)
    _failed: dict[RehearsalRole, str] = field(default_factory=dict)

    async def get(self, role: RehearsalRole) -> TestPerson:
        """
        Return the person of a role, who signs in now if they have not yet.

        Raises:
            NotPossible: There is none, or they have not signed in.
        """
        if role in self._known:
            return self._known[role]
        if role in self._failed:
            raise NotPossible(self._failed[role])
        needed = list(RehearsalRole).index(role) + 1
        if self.wanted < needed:
            raise NotPossible(f"it takes --people {needed}, for the {role} who signs in")
        try:
            person = await self._signed_in(role)
            others = {each.object_id for each in self._known.values()}
            if person.object_id in others:
                raise NotPossible("both test people are the same user of Entra")
        except NotPossible as why:
            self._failed[role] = str(why)
            raise
        self._known[role] = person
        await self.tester.show(f"The {role} has signed in.")
        return person

    def known(self, role: RehearsalRole) -> TestPerson | None:
        """Return the person of a role if they have signed in."""
        return self._known.get(role)

    def forget(self) -> None:
        """Let go of all tokens."""
        self._known.clear()

    async def _signed_in(self, role: RehearsalRole) -> TestPerson:
        lines = [f"The {role} signs in to Microsoft now, with a test account. Latchkey asks for:"]
        lines += [f"  {scope}: {why}" for scope, why in SCOPES[role].items()]
        await self.tester.show("\n".join(lines))
        if self.page is None:
            signed_in, nonce = await self.by_code(tuple(SCOPES[role])), None
        else:
            signed_in, nonce = await self.by_browser(tuple(SCOPES[role]), state=role)
        said = await self.believed(signed_in, nonce=nonce)
        return TestPerson(
            role=role,
            object_id=said.object_id,
            by_code=self.page is None,
            said=said,
            signed_in=signed_in,
            sign_in=self.sign_in,
            secrets=self.secrets,
        )

    async def by_code(self, scopes: Sequence[str]) -> SignedIn:
        """
        Have somebody type in a code.

        Raises:
            NotPossible: Microsoft's login offers no code, or nobody has typed it in.
        """
        try:
            flow = await self.sign_in.web.begin_device(scopes)
            self.secrets |= {
                str(flow[name]) for name in ("device_code", "user_code") if name in flow
            }
            await self.tester.show(
                f"Open {flow['verification_uri']} and type in {flow['user_code']}"
            )
            for _ in range(SIGN_IN_SECONDS // POLL_SECONDS):
                if (signed_in := await self.sign_in.web.poll_device(flow)) is not None:
                    self.secrets |= secrets_in(signed_in)
                    return signed_in
                await self.sleep(POLL_SECONDS)
        except AuthError as error:
            raise NotPossible(f"the sign-in is refused: {refusal_of(error)}") from None
        raise NotPossible(f"nobody has typed in the code within {SIGN_IN_SECONDS // 60} minutes")

    async def by_browser(
        self,
        scopes: Sequence[str],
        *,
        state: str,
        is_fresh: bool = False,
        contexts: Sequence[str] = (),
    ) -> tuple[SignedIn, str]:
        """
        Have somebody sign in in a browser on this machine; returns the nonce as well that the identity token must have.

        Raises:
            NotPossible: There is no --browser, or nobody has signed in.
        """
        page = self.page
        if page is None:
            raise NotPossible("it takes --browser: a code that is typed in carries no such wish")
        try:
            flow = await self.sign_in.web.begin(
                redirect_uri=page.callback,
                state=f"rehearsal-{state}",
                scopes=scopes,
                is_fresh=is_fresh,
                contexts=contexts,
            )
            page.await_answer(str(flow["auth_uri"]), state=str(flow["state"]))
            await self.tester.show(f"Open {page.link} in a browser on this machine")
            for _ in range(SIGN_IN_SECONDS):
                if page.answer is not None:
                    signed_in = await self.sign_in.web.finish(flow, page.answer)
                    self.secrets |= secrets_in(signed_in)
                    return signed_in, nonce_sent(flow)
                await self.sleep(1)
        except AuthError as error:
            raise NotPossible(f"the sign-in is refused: {refusal_of(error)}") from None
        finally:
            page.stop_waiting()
        raise NotPossible(f"no browser came back within {SIGN_IN_SECONDS // 60} minutes")

    async def believed(self, signed_in: SignedIn, *, nonce: str | None) -> Identification:
        """
        Return what the identity token says, once it is verified.

        Raises:
            NotPossible: There is none, or it proves nothing.
        """
        if signed_in.id_token is None:
            raise NotPossible("the login gave no identity token")
        try:
            return await self.sign_in.ids.verify(
                signed_in.id_token, now=datetime.now(UTC), nonce=nonce
            )
        except NotBelieved as why:
            raise NotPossible(f"the identity token is not believed: {why}") from None
        except AuthError as error:
            raise NotPossible(f"the login's keys cannot be read: {refusal_of(error)}") from None


def refusal_of(error: AuthError) -> str:
    """Return the words of Microsoft's login for a refusal, and nothing of its sentence: that may name somebody."""
    words = [error.code]
    if isinstance(error, SignInRefused):
        words = [error.error, error.suberror, error.code, "with claims" if error.claims else None]
    return " ".join(word(each) if each != "with claims" else each for each in words if each) or (
        type(error).__name__
    )


def secrets_in(signed_in: SignedIn) -> set[str]:
    """Return what must not be in the report of a sign-in: its tokens, and what names the person."""
    found = {signed_in.access_token, signed_in.refresh_token, signed_in.id_token}
    said = _payload(signed_in.id_token or "")
    found |= {str(said[name]) for name in ("name", "preferred_username", "email") if said.get(name)}
    return {each for each in found if each}


def _payload(token: str) -> Mapping[str, Any]:
    """Return what a token says of somebody; nothing is believed of it."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
