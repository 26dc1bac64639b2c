"""Check what Slack lets this app do, and what the running bot makes of Slack's requests."""

import hashlib
import hmac
import json
from typing import Any, Final

from bot import clock
from bot.doctor.model import CheckFinding, CheckSubject, NobodyListens, broken, fine, note, warning
from bot.slack.errors import SlackError, SlackRefused

# What the code uses; manifest.yml asks for exactly these.
SCOPES: Final = frozenset(
    {
        "chat:write",
        "commands",
        "files:write",
        "im:history",
        "im:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
# With it, Latchkey looks in the approvals channel, too, before it sends a card again.
OPTIONAL_SCOPES: Final = frozenset({"channels:history", "groups:history"})
# Slack's words for a channel that does not take messages of ours.
FIXES: Final = {
    "not_in_channel": "invite the app there",
    "channel_not_found": "correct the id, or invite the app if the channel is private",
    "is_archived": "choose another channel",
}
CHALLENGE: Final = "latchkey doctor"


async def scopes(subject: CheckSubject) -> list[CheckFinding]:
    """Compare the token's scopes with what is used."""
    granted = subject.identity.scopes
    missing, extra = sorted(SCOPES - granted), sorted(granted - SCOPES - OPTIONAL_SCOPES)
    found = []
    if missing:
        found.append(
            broken(
                f"The Slack app lacks {', '.join(missing)}: apply manifest.yml again and reinstall the app."
            )
        )
    if extra:
        found.append(
            broken(
                f"The Slack app has scopes that Latchkey does not use: take away {', '.join(extra)}."
            )
        )
    return found or [fine("The Slack app has the scopes it needs, and no more.")]


async def requests(subject: CheckSubject) -> CheckFinding:
    """Say how Slack's requests are believed."""
    settings = subject.settings
    if settings.uses_socket_mode:
        return fine("Slack's requests come over Socket Mode; nobody can post any.")
    previous = settings.previous_signing_secret
    if previous is not None and previous[1] > clock.real():
        return fine(
            f"Two signing secrets are accepted, the old one until {previous[1]:%Y-%m-%d %H:%M} UTC: take "
            "SLACK_SIGNING_SECRET_PREVIOUS away once Slack has signed with the new one for five minutes."
        )
    if previous is not None:
        return broken(
            "SLACK_SIGNING_SECRET_PREVIOUS is not accepted any more: its time is over. Take it and "
            "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL away."
        )
    return fine(
        "One signing secret is accepted. Whether it is this app's shows with Slack's first request (/readyz)."
    )


async def running(subject: CheckSubject) -> list[CheckFinding]:
    """Ask the running bot how it is, and send it a request that is signed as Slack signs them."""
    ask, settings = subject.ask_ourselves, subject.settings
    if ask is None:
        return [note("The running bot was not asked.")]
    where = f"{settings.host}:{settings.port}"
    try:
        found = [_how_it_is(where, *await ask("GET", "/readyz", {}, b""))]
        if not settings.uses_socket_mode:
            body = json.dumps({"type": "url_verification", "challenge": CHALLENGE}).encode()
            signed = _signed(settings.signing_secret, body)
            found.append(_how_it_takes(where, *await ask("POST", "/slack/events", signed, body)))
    except NobodyListens:
        # It may also have stopped between the two.
        return [
            note(
                f"No Latchkey runs at {where} (LATCHKEY_HOST, LATCHKEY_PORT), so it was not asked."
            )
        ]
    return found


def _how_it_is(where: str, status: int, text: str) -> CheckFinding:
    """Say what /readyz answered; another program may answer, too, and not as Latchkey does."""
    said = _object(text)
    if status == 200 and said.get("ready") is True:
        return fine(f"The Latchkey at {where} is ready.")
    if "ready" not in said and "problems" not in said:
        return broken(
            f"What answers at {where} (LATCHKEY_HOST, LATCHKEY_PORT) is not Latchkey, or it is not ready: /readyz gave "
            f"the status {status}."
        )
    problems = "; ".join(str(each) for each in said.get("problems") or ())
    return broken(f"The Latchkey at {where} is not ready: {problems or status}.")


def _how_it_takes(where: str, status: int, text: str) -> CheckFinding:
    """Say what became of a request that is signed as Slack signs them."""
    if status == 200 and CHALLENGE in text:
        return fine(
            f"The Latchkey at {where} takes requests that are signed with SLACK_SIGNING_SECRET."
        )
    if status == 401:
        return broken(
            f"The Latchkey at {where} refuses a request that is signed with SLACK_SIGNING_SECRET: it runs with another secret, "
            "or with another clock. Restart it."
        )
    if status == 404:
        return broken(
            f"What answers at {where} has no /slack/events: it is not Latchkey, or runs in Socket Mode. Restart it with these "
            "settings."
        )
    return broken(
        f"What answers at {where} does not take a request that is signed with SLACK_SIGNING_SECRET as Latchkey does: "
        f"/slack/events gave the status {status}. Read its log."
    )


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _signed(secret: str, body: bytes) -> dict[str, str]:
    timestamp = str(int(clock.real().timestamp()))
    signed = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={digest}",
    }


async def channels(subject: CheckSubject) -> list[CheckFinding]:
    """See whether the app may post to the channels that the settings name: by a message for later that is taken back at once."""
    found = []
    wanted = {subject.settings.admin_channel or "": "LATCHKEY_ADMIN_CHANNEL"}
    for channel, _ in subject.package_settings.channels():
        wanted.setdefault(channel, "the package settings")
    for channel, named_by in wanted.items():
        try:
            await subject.slack.try_to_post(channel)
        except SlackRefused as refused:
            fix = FIXES.get(refused.error, "look at the channel's settings in Slack")
            found.append(
                broken(
                    f"I cannot post to the channel {channel} of {named_by} ({refused.error}): {fix}."
                )
            )
            continue
        except SlackError as error:
            found.append(
                warning(f"Whether I may post to the channel {channel} could not be seen ({error}).")
            )
            continue
        found.append(fine(f"The app may post to the channel {channel} of {named_by}."))
    # That takes the scope channels:read, which Latchkey needs for nothing else.
    found.append(
        note(
            "Whether another company reads one of these channels, too, the app may not ask: Slack shows it beside the channel's name."
        )
    )
    return found
