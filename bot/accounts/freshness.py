"""
Check that somebody has signed in just now, for the very link that they have opened, and as strongly as it asks.

Source: OpenID Connect Core 1.0, 3.1.2.1 (``prompt``, ``max_age``) and 2 (``auth_time``); Microsoft, "Developer guide to
Conditional Access authentication context".
"""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.accounts.browser import Finished
from bot.words import N_
from graph.sign_in.id_tokens import LEEWAY

# So long ago may they have shown who they are.
FRESH_FOR: Final = timedelta(minutes=5)

NOT_FRESH: Final = N_(
    "You have not signed in for this just now: Microsoft has used an older sign-in. Nothing has changed; please press "
    "the button in Slack again."
)
NO_TIME: Final = N_(
    "Microsoft does not say when you have signed in, so nothing has changed. Please tell your identity team: the app "
    "registration lacks the optional claim auth_time."
)
CONTEXT_MISSING: Final = N_(
    "This takes a stronger sign-in than Microsoft has asked of you, so nothing has changed. Please tell your identity "
    "team: the authentication context {context} was not satisfied."
)


def find_staleness(finished: Finished) -> str | None:
    """Return why a sign-in proves nothing of this moment, a sentence; None if it does."""
    sign_in, who = finished.sign_in, finished.who
    if who.signed_in_at is None:
        return NO_TIME
    age = clock.real() - who.signed_in_at
    # What is older than the link was not for it, even if Microsoft was not asked for a new sign-in on the way.
    since_the_link = clock.now() - sign_in.made_at
    if not -LEEWAY <= age <= min(FRESH_FOR, since_the_link + LEEWAY):
        return NOT_FRESH
    if sign_in.auth_context is not None and sign_in.auth_context not in who.contexts:
        return CONTEXT_MISSING.format(context=sign_in.auth_context)
    return None
