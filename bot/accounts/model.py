"""A sign-in that somebody has begun, a connected Microsoft account, and why somebody must sign in again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.words import N_
from graph.errors import AuthError

# From the link to the end of the sign-in.
SIGN_IN_TAKES: Final = timedelta(minutes=10)
# Tokens that nobody has used for so long are deleted.
UNUSED_FOR: Final = timedelta(days=90)
SIGN_IN_AGAIN: Final = N_(
    "Microsoft wants you to sign in again. Please connect your Microsoft account again."
)


class Purpose(StrEnum):
    """Say what a sign-in is for."""

    CONNECT = "connect"
    APPROVE = "approve"
    # To prove that somebody lets another person decide for them.
    DELEGATE = "delegate"

    @property
    def takes_fresh_sign_in(self) -> bool:
        """Tell whether somebody must show now who they are, whatever session their browser has."""
        return self is not Purpose.CONNECT


class SignInOutcome(StrEnum):
    """Say how a sign-in ended."""

    CONNECTED = "connected"
    # It proves an approval, which is processed by itself, or a delegation.
    PROVEN = "proven"
    # Somebody else has signed in than whom Latchkey knows by this Slack account.
    MISMATCH = "mismatch"
    # Nobody has signed in, or Latchkey could not take it.
    FAILED = "failed"
    # Its person has asked for so many more links that it does not count any more.
    REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """
    A sign-in that somebody has begun.

    Attributes:
        id: A digest of what the link carries; nobody can make the link of it.
        scopes: The delegated permissions of Graph that it asks for.
        decision_id: Of an approval that it proves; ask_id and terms_hash (a digest of terms, end and reason) are what that said
            when it began.
        delegation_id: Of a delegation that it proves; terms_hash is a digest of who lets whom decide until when.
        auth_context: The authentication context of Entra's that it must satisfy.
        flow: What msal needs to finish it, sealed.
        is_device: By a code that is typed in elsewhere.
        browser: A digest of the cookie of the browser that has begun it.
        expires_at: It counts until then.
        due_at: When to ask again whether the code was typed in (real time).
        finished_at: When an answer came; no other counts.
        other_entra_id: At a mismatch: whose the account is that was signed in to.
        news_due_at: When to look (real time) whether those concerned are still to be told how it ended.
    """

    id: str
    purpose: Purpose
    slack_user: str
    made_at: datetime
    expires_at: datetime
    scopes: tuple[str, ...] = ()
    decision_id: str | None = None
    delegation_id: str | None = None
    ask_id: str | None = None
    terms_hash: str | None = None
    auth_context: str | None = None
    flow: str | None = None
    is_device: bool = False
    browser: str | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: SignInOutcome | None = None
    other_entra_id: str | None = None
    news_due_at: datetime | None = None

    @property
    def bound_to(self) -> tuple[str, ...]:
        """Return what a sealed flow is bound to: it opens for nothing else."""
        about = (
            self.decision_id,
            self.delegation_id,
            self.ask_id,
            self.terms_hash,
            self.auth_context,
        )
        return ("sign_in", self.id, self.purpose, self.slack_user, *(each or "" for each in about))


@dataclass(frozen=True, kw_only=True)
class ConnectedAccount:
    """
    A Microsoft account that somebody has connected: what is known of it but its token.

    Attributes:
        scopes: The delegated permissions of Graph that the token is good for.
        is_public: They signed in by a code, as an app without a secret does.
        used_at: When somebody last did something with it, to the day; what Latchkey reads by itself does not count.
        version: Counts the changes; who writes names the one that they have read.
        challenge: What the next sign-in must ask for, as JSON: Microsoft has refused to renew the token without.
    """

    slack_user: str
    entra_id: str
    scopes: tuple[str, ...]
    is_public: bool
    connected_at: datetime
    used_at: datetime
    version: int = 1
    challenge: str | None = None

    @property
    def must_sign_in_again(self) -> bool:
        """Tell whether nothing is done in their name before they have signed in once more."""
        return self.challenge is not None


class NotConnected(AuthError):
    """Somebody has connected no Microsoft account, or what they had connected has come to its end."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence
            or N_("You have not connected your Microsoft account to Latchkey. Please connect it.")
        )


class MustSignInAgain(NotConnected):
    """Somebody has connected an account, and Microsoft wants them to sign in again for this."""

    def __init__(self) -> None:
        super().__init__(SIGN_IN_AGAIN)
