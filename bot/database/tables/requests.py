"""The tables of requests: each request, its holds, and the forms that are yet to be opened."""

from typing import Final

import sqlalchemy as sa

from bot.database.tables.columns import ID, NAME, SLACK_ID, UtcDateTime, metadata, partial_index
from bot.requests.model import ENDED, OPEN

IS_OPEN: Final = sa.text("state IN (" + ", ".join(f"'{state}'" for state in OPEN) + ")")
IS_ENDED: Final = sa.text("state IN (" + ", ".join(f"'{state}'" for state in ENDED) + ")")
IS_PAST_FOR_OTHER: Final = sa.text(f"{IS_ENDED} AND wanted_for IS NOT NULL")
IS_PENDING: Final = sa.text("state = 'pending'")
# Looked at, or failed, before: the few among which those are that wait for too long.
IS_TRIED: Final = sa.text("(attempts > 0 OR failures > 0)")
# What has given access, or made it longer.
GAVE: Final = sa.text("kind IN ('add', 'extend') AND state = 'delivered'")
IS_DENIED: Final = sa.text("state = 'denied'")
IS_REMOVAL: Final = sa.text("kind = 'remove'")
TELLS_ADMINS: Final = sa.text("tell_admins")

requests = sa.Table(
    "request",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # Whose access it is about; empty when an admin removes access of somebody who is not in Slack.
    sa.Column("holder", SLACK_ID),
    sa.Column("asked_by", SLACK_ID, nullable=False),
    # For whom somebody else asks; the holder is empty until it is known that they may.
    sa.Column("wanted_for", SLACK_ID),
    sa.Column("entra_id", ID),
    sa.Column("holder_name", NAME),
    sa.Column("package_id", ID, nullable=False),
    sa.Column("package_name", NAME, nullable=False),
    sa.Column("assignment_id", ID),
    sa.Column("justification", sa.Text),
    # By question id, and the policy that was chosen where several apply.
    sa.Column("answers", sa.JSON, nullable=False, default=dict),
    sa.Column("wanted_policy_id", sa.Text),
    sa.Column("terms", sa.JSON(none_as_null=True)),
    sa.Column("terms_hash", sa.String(64)),
    # What was on file about the person when it was evaluated, for those who decide.
    sa.Column("evidence", sa.JSON(none_as_null=True)),
    # How often it was sent back for approval, and which stage of this round is being decided.
    sa.Column("round", sa.Integer, nullable=False, default=0),
    sa.Column("stage", sa.Integer, nullable=False, default=0),
    sa.Column("escalated", sa.Boolean, nullable=False, default=False),
    # How many have approved the stage that is being decided: for what people are shown; what counts are the decisions.
    sa.Column("approvals", sa.Integer, nullable=False, default=0, server_default="0"),
    # Slack users who are sent a card for this stage, and when to look (real time) whom else, or who no more.
    sa.Column("deciders", sa.JSON, nullable=False, default=list),
    sa.Column("recipients_due_at", UtcDateTime),
    sa.Column("unnamed", sa.Boolean, nullable=False, default=False),
    # Nor is there an admin who could decide it.
    sa.Column("nobody_left", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    # When to look (real time) whether cards, or news of its end, are still owed; empty when none are.
    sa.Column("cards_due_at", UtcDateTime),
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("lapses_at", UtcDateTime),
    sa.Column("escalates_at", UtcDateTime),
    # While it is pending: since when this stage is; when to look whether somebody is to be nudged; and when
    # whoever asked last had them reminded.
    sa.Column("waits_since", UtcDateTime),
    sa.Column("nudge_at", UtcDateTime),
    sa.Column("reminded_at", UtcDateTime),
    # From when on, if not at once; and until when, if not for as long as the policy gives.
    sa.Column("starts_at", UtcDateTime),
    sa.Column("ends_at", UtcDateTime),
    # When the access ended that was to be extended: it is a request for new access since then.
    sa.Column("access_ended_at", UtcDateTime),
    # Asked for without an approval; and why it is, after all, a request like any other.
    sa.Column("emergency", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("no_emergency_why", sa.Text),
    sa.Column("why", sa.Text),
    # Refused for want of understanding: the admins are told, too.
    sa.Column("tell_admins", sa.Boolean, nullable=False, default=False),
    sa.Column("graph_request_id", ID),
    # The submit-once protocol: when we were about to post (business time, to recognize what Graph has), or when it was made in Entra; and
    # until when a look that finds nothing proves nothing (real time).
    sa.Column("intent_at", UtcDateTime),
    sa.Column("settles_at", UtcDateTime),
    # Since when what is to be removed has not been seen any more (real time): once is not enough.
    sa.Column("gone_at", UtcDateTime),
    # Since when it waits for whoever asked to connect their Microsoft account, in whose name it is sent.
    sa.Column("needs_account_at", UtcDateTime),
    # Of what Entra decides: what it was sent as, since when it is to be canceled there, and who has decided it there.
    sa.Column("sent_as", sa.String(16)),
    sa.Column("cancel_wanted_at", UtcDateTime),
    sa.Column("not_canceled_why", sa.Text),
    sa.Column("decided_there", sa.JSON, nullable=False, default=list, server_default="[]"),
    # generation: changes with every claim, and fences off whoever held the row before.
    # version: changes with everything people see, so that cards know when to be redrawn.
    sa.Column("generation", sa.Integer, nullable=False, default=0),
    sa.Column("version", sa.Integer, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("due_at", UtcDateTime),
    # Steps in a row that failed; held: too many of them, and nothing more is tried until an admin says so.
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("held_at", UtcDateTime),
    # The admin who has it tried again, or gives it up; a worker asks whether they may before that is so.
    sa.Column("retry_by", SLACK_ID),
    sa.Column("give_up_by", SLACK_ID),
    # The admin who cancels it with all that its person has, and why; a worker asks whether they may before that is so.
    sa.Column("cancel_by", SLACK_ID),
    sa.Column("cancel_why", sa.Text),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    partial_index(
        "request_needs_account", "needs_account_at", where="needs_account_at IS NOT NULL"
    ),
    # What was made in Entra is looked for by Graph's id.
    partial_index("request_in_graph", "graph_request_id", where="graph_request_id IS NOT NULL"),
    partial_index("request_not_canceled", "cancel_wanted_at", where="not_canceled_why IS NOT NULL"),
    partial_index("request_due", "due_at", where=IS_OPEN),
    partial_index("request_owes_cards", "cards_due_at", where="cards_due_at IS NOT NULL"),
    partial_index(
        "request_seeks_recipients", "recipients_due_at", where="recipients_due_at IS NOT NULL"
    ),
    partial_index("request_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    partial_index("request_lapses", "lapses_at", where="lapses_at IS NOT NULL"),
    partial_index("request_escalates", "escalates_at", where="escalates_at IS NOT NULL"),
    partial_index("request_nudges", "nudge_at", where="nudge_at IS NOT NULL"),
    partial_index("request_pending", "asked_at", where=IS_PENDING),
    partial_index("request_extends", "assignment_id", where=f"{IS_PENDING} AND kind = 'extend'"),
    partial_index("request_on_hold", "held_at", where="held_at IS NOT NULL"),
    partial_index("request_tried", "asked_at", where=f"{IS_OPEN} AND {IS_TRIED}"),
    # How many there are of each state, without reading them.
    partial_index("request_ended", "state", "ended_at", where=IS_ENDED),
    partial_index("request_gave", "holder", "ended_at", where=GAVE),
    partial_index("request_gave_access", "assignment_id", "ended_at", where=GAVE),
    partial_index("request_puzzles", "package_id", "ended_at", where=TELLS_ADMINS),
    partial_index("request_open_about", "assignment_id", where=IS_OPEN),
    # What somebody has asked for somebody else, while it waits.
    partial_index(
        "request_pending_for_other",
        "asked_by",
        where="state = 'pending' AND wanted_for IS NOT NULL",
    ),
    # What somebody has asked for somebody else, until it is over.
    partial_index(
        "request_open_for_other",
        *("asked_by", "wanted_for"),
        where=f"{IS_OPEN} AND wanted_for IS NOT NULL",
    ),
    # The past requests of somebody, in their order: what they asked for, and what others asked for them.
    partial_index("request_past", "asked_by", "asked_at", "id", where=IS_ENDED),
    partial_index("request_past_for", "holder", "asked_at", "id", where=IS_PAST_FOR_OTHER),
    partial_index("request_denied", "entra_id", "package_id", "ended_at", where=IS_DENIED),
    partial_index("request_removes", "entra_id", "package_id", where=IS_REMOVAL),
    # One open request of a kind for a person and a package, by Slack id from the first moment and by
    # Entra id as soon as it is known: two Slack accounts of one person are one person.
    partial_index(
        "request_one_open_of_holder",
        *("holder", "package_id", "kind"),
        where=IS_OPEN,
        unique=True,
    ),
    # Nor do two of them follow one request in Graph; what is over may have followed it, too.
    partial_index(
        "request_one_open_in_graph",
        "graph_request_id",
        where=f"{IS_OPEN} AND graph_request_id IS NOT NULL",
        unique=True,
    ),
    partial_index(
        "request_one_open_of_user",
        *("entra_id", "package_id", "kind"),
        where=IS_OPEN,
        unique=True,
    ),
)

# Each time that a request was held: why, and what an admin did about it.
holds = sa.Table(
    "hold",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # The class of the last error, for machines; and what it said, for people.
    sa.Column("error", sa.String(64), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("verb", sa.String(8)),
    sa.Column("done_by", SLACK_ID),
    sa.Column("done_at", UtcDateTime),
    sa.Index("hold_of_request", "request_id"),
)

# What somebody said in a command, until they open the form that the package wants.
forms = sa.Table(
    "form",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("package_id", ID, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Index("form_made", "made_at"),
)
