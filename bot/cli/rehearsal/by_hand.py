"""The rows of docs/explanation/not-verified.md that no experiment of ours can try, each with the reason."""

from collections.abc import Mapping
from typing import Final

PORTAL: Final = "it is seen in Entra's portal or in My Access, by a person"
CLIENT: Final = "it is seen in Slack's own apps, by a person"
CLICK: Final = "it takes a person who presses something in Slack"
GRID: Final = "it takes an Enterprise Grid"
LOAD: Final = "it takes more calls than an experiment should make in a tenant that others use"
FORCED: Final = "it cannot be brought about from outside"
ELSEWHERE: Final = "another command tries it, as the row says"
RIGHTS: Final = "it takes an app registration with other rights"

# By words of the row.
BY_HAND: Final[Mapping[str, str]] = {
    "Whether a POST that ends in a time-out or 5xx": FORCED,
    "Whether `justification` is accepted in the US Government": "it takes a tenant in a national cloud",
    "Whether Graph removes (`adminRemove`) an assignment whose delivery failed": FORCED,
    "Whether all reads work with a catalog-scoped role only": RIGHTS,
    "Whether v1.0 answers with the question of a resource's attribute": "it takes an application that asks for an attribute",
    "Whether Entra asks a policy's questions again when access is extended": PORTAL,
    "What beta says of a policy whose access lasts hours": "it takes a policy made by hand in the portal",
    "Whether a switched-off catalog keeps people from extending": "it would switch off a catalog that others use",
    "How Entra's own portal sends an answer of several choices": PORTAL,
    "Whether a question's regular expression must match": PORTAL,
    "Whether Entra asks the fallback approvers": PORTAL,
    "What Slack answers at a `response_url`": CLICK,
    "Whether an ephemeral message can be replaced": CLICK,
    "Whether Entra lets one person decide two stages": PORTAL,
    "Whether `subjects(objectId=…)` may be read": "it takes a guest of a connected organization",
    "Whether Entra takes `userAdd` and `userUpdate`": "it takes people who have connected their accounts",
    "Whether an approver needs no more than": "it takes people who have connected their accounts",
    "Whether Entra's `cancel` ends": "it takes people who have connected their accounts",
    "Whether Entra refuses `adminRemove` while": "it takes people who have connected their accounts",
    "Whether `userRemove` takes": "it takes people who have connected their accounts",
    "Where My Access is": "it takes a tenant in a national cloud",
    "Whether a request that waits in Entra shows": "it takes somebody who asks in My Access",
    "Whether a finished `userAdd` shows an app its assignment": "a person has to ask for it in My Access",
    "Whether a request that nobody decided in time": "it takes days",
    "The state of an Entra request whose approval timed out": "it takes days",
    "Throttling limits of entitlement management": LOAD,
    "Whether writes of entitlement management may share": ELSEWHERE,
    "Whether an envelope of twenty writes": ELSEWHERE,
    "Which codes Graph answers while it does not see yet": ELSEWHERE,
    "Whether Entra lets an access review be taken away": PORTAL,
    "Whether `roles` of an Entra role in a catalog": "it takes an Entra role in a catalog",
    "The portal steps, `az` and PowerShell commands": PORTAL,
    "Workload identity federation, managed identities": "each takes an installation of its own: `latchkey doctor` there",
    "Whether Entra posts the answer of a sign-in": "it takes a person who signs in",
    "Whether Entra asks for the password again": "it takes a person who signs in",
    "Whether the identity token has `acrs`": "it takes an authentication context, and a person who signs in",
    "Whether browsers let a sign-in go on to a federated": "it takes a person who signs in, in a federated tenant",
    "Whether a device code may be asked for": "it takes a conditional access policy, and a person who signs in",
    "Whether a refresh token that was got by a code": "it takes a person who signs in",
    "Whether the German, Spanish, French and Japanese": "it takes people who speak them",
    "Whether PagerDuty's and Opsgenie's own programs": "it takes an account of theirs",
    "Whether a cell of a `data_table` takes a button": CLICK,
    "The whole of `manifest.yml`": "it takes an app made anew",
    "Whether Slack sends `&`, `<` and `>`": CLICK,
    "That in a request of Entra's own for somebody else": PORTAL,
    "That Slack asks for options when the menu of packages": CLICK,
    "With which word Slack refuses a message to a channel": "it takes a channel that the app is not in: `latchkey doctor` with one",
    "Buttons on forwarded or shared copies": CLICK,
    "`user.team_id` and `team` of clicks": GRID,
    "Whether the old signing secret works": "it would make a new signing secret",
    "Whether `app_home_opened` brings": CLICK,
    "Whether a bot token can be changed": "it would revoke the token",
    "How many characters of blocks, and how much metadata": LOAD,
    "Whether a file that is shared in the direct message": CLICK,
    "Whether a modal keeps what was typed": CLICK,
    "Slack's limits by method (tiers)": LOAD,
    "Burst limits of posting": LOAD,
    "What becomes of an interaction acknowledged after": CLICK,
    "Whether Slack takes `*`, `_`, `~`": CLIENT,
    "What Slack's `{ago}` writes": CLIENT,
    "How cards, Home and forms look": CLIENT,
    "Buttons in the cells of a data table": CLICK,
    "The limits of data tables and charts": LOAD,
    "When a completed upload appears": CLICK,
}
