"""The rows of docs/explanation/not-verified.md that no experiment of ours can try, each with the reason."""

from collections.abc import Mapping
from typing import Final

PORTAL: Final = "it is seen in Entra's portal or in My Access, by a person"
GRID: Final = "it takes an Enterprise Grid"
LOAD: Final = "it takes more calls than an experiment should make in a tenant that others use"
FORCED: Final = "it cannot be brought about from outside"
ELSEWHERE: Final = "another command tries it, as the row says"
OPENED: Final = "it takes a person who has it and opens the link"
RIGHTS: Final = "it takes an app registration with other rights"

# By words of the row.
BY_HAND: Final[Mapping[str, str]] = {
    "Whether a POST that ends in a time-out or 5xx": FORCED,
    "That a policy may let managers ask for their people and nobody": "it takes a manager and one of theirs, who ask in My Access",
    "Whether Entra lets new approvers of a policy decide": "it takes two approvers, who look in My Access",
    "Whether `justification` is accepted in the US Government": "it takes a tenant in a national cloud",
    "Whether Graph removes (`adminRemove`) an assignment whose delivery failed": FORCED,
    "Whether all reads work with a catalog-scoped role only": RIGHTS,
    "Whether an incompatible package or group keeps people from extending": "it takes somebody who has had both before the rule",
    "What Graph answers about a group that hides its members": RIGHTS,
    "Where My Access is": "it takes a tenant in a national cloud",
    "Whether the direct sign-on link of an application": OPENED,
    "Where My Apps is in the Government's clouds": "it takes a tenant in a national cloud",
    "Under which address a group opens in My Groups": OPENED,
    "Whether My Access shows whoever has a package": PORTAL,
    "Whether My Access shows approvers of requests that are over": PORTAL,
    "Whether `webUrl` of a team": "it takes a team, and a permission that few need",
    "Whether the origin id of a site is its address": OPENED,
    "Whether every browser that people use sends the cookie of the page": "it takes each browser, before an installation of Latchkey",
    "Whether a request that nobody decided in time": "it takes days",
    "Whether Entra lets people ask under a policy whose date is over": "it takes days",
    "The state of an Entra request whose approval timed out": "it takes days",
    "Throttling limits of entitlement management": LOAD,
    "Whether writes of entitlement management may share": ELSEWHERE,
    "Whether an envelope of twenty writes": ELSEWHERE,
    "Which codes Graph answers while it does not see yet": ELSEWHERE,
    "The portal steps, `az` and PowerShell commands": PORTAL,
    "Workload identity federation, managed identities": "each takes an installation of its own: `latchkey doctor` there",
    "Whether the German, Spanish, French and Japanese": "it takes people who speak them",
    "Whether PagerDuty's and Opsgenie's own programs": "it takes an account of theirs",
    "The whole of `manifest.yml`": "it takes an app made anew",
    "That in a request of Entra's own for somebody else": PORTAL,
    "`user.team_id` and `team` of clicks": GRID,
    "Whether the old signing secret works": "it would make a new signing secret",
    "Whether a bot token can be changed": "it would revoke the token",
    "Slack's limits by method (tiers)": LOAD,
    "Burst limits of posting": LOAD,
    "What becomes of an interaction acknowledged after": "it takes a person who presses something while the bot is stopped",
}
