"""The tables, for the statements and for the migrations."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from bot.requests.model import ENDED, OPEN

metadata = sa.MetaData()

ID: Final = sa.String(64)
SLACK_ID: Final = sa.String(32)
NAME: Final = sa.String(256)
# Compared letter by letter, so that what begins alike stands together; SQLite does nothing else.
EXACT_NAME: Final = NAME.with_variant(sa.String(256, collation="C"), "postgresql")


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        # SQLite forgets the zone and PostgreSQL answers in the session's.
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


IS_OPEN: Final = sa.text("state IN (" + ", ".join(f"'{state}'" for state in OPEN) + ")")
IS_ENDED: Final = sa.text("state IN (" + ", ".join(f"'{state}'" for state in ENDED) + ")")
IS_PENDING: Final = sa.text("state = 'pending'")
# Looked at, or failed, before: the few among which those are that wait for too long.
IS_TRIED: Final = sa.text("(attempts > 0 OR failures > 0)")
# What has given access, or made it longer.
GAVE: Final = sa.text("kind IN ('add', 'extend') AND state = 'delivered'")
IS_REMOVAL: Final = sa.text("kind = 'remove'")
IS_PUZZLE: Final = sa.text("tell_admins")


def partial_index(
    name: str, *of: str, where: str | sa.TextClause, unique: bool = False
) -> sa.Index:
    """
    Return an index of some rows only.

    What is over is kept for ever, and kept cold: it is in no index by which work is found, so that what was asked,
    held or said long ago costs nothing.  Both databases use such an index for a statement that repeats *where* in
    its own text, and for one that compares the column with anything where it is ``… IS NOT NULL``.
    """
    condition = sa.text(where) if isinstance(where, str) else where
    return sa.Index(name, *of, unique=unique, sqlite_where=condition, postgresql_where=condition)


def flag_index(name: str, flag: str, *, where: str = "") -> sa.Index:
    """Return an index of the rows with that flag, which SQLAlchemy spells in two ways."""
    return sa.Index(
        name,
        flag,
        sqlite_where=sa.text(f"{flag} = 1{where}"),
        postgresql_where=sa.text(f"{flag}{where}"),
    )


requests = sa.Table(
    "request",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    # Whose access it is about; empty when an admin removes access of somebody who is not in Slack.
    sa.Column("holder", SLACK_ID),
    sa.Column("asked_by", SLACK_ID, nullable=False),
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
    # How often it was sent back for approval, and which stage of this round is being decided.
    sa.Column("round", sa.Integer, nullable=False, default=0),
    sa.Column("stage", sa.Integer, nullable=False, default=0),
    sa.Column("escalated", sa.Boolean, nullable=False, default=False),
    # Slack users who are sent a card for this stage, and when to look (real time) whom else, or who no more.
    sa.Column("deciders", sa.JSON, nullable=False, default=list),
    sa.Column("recipients_due_at", UtcDateTime),
    sa.Column("unnamed", sa.Boolean, nullable=False, default=False),
    # When to look (real time) whether cards, or news of its end, are still owed; empty when none are.
    sa.Column("cards_due_at", UtcDateTime),
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("lapses_at", UtcDateTime),
    sa.Column("escalates_at", UtcDateTime),
    # From when on, if not at once; and until when, if not for as long as the policy gives.
    sa.Column("starts_at", UtcDateTime),
    sa.Column("ends_at", UtcDateTime),
    sa.Column("why", sa.Text),
    # Refused for want of understanding: the admins are told, too.
    sa.Column("tell_admins", sa.Boolean, nullable=False, default=False),
    sa.Column("graph_request_id", ID),
    # The effect protocol: when we were about to post (business time, to recognize what Graph has), and
    # until when a look that finds nothing proves nothing (real time).
    sa.Column("intent_at", UtcDateTime),
    sa.Column("settles_at", UtcDateTime),
    # Since when what is to be removed has not been seen any more (real time): once is not enough.
    sa.Column("gone_at", UtcDateTime),
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
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    partial_index("request_due", "due_at", where=IS_OPEN),
    partial_index("request_owes_cards", "cards_due_at", where="cards_due_at IS NOT NULL"),
    partial_index(
        "request_seeks_recipients", "recipients_due_at", where="recipients_due_at IS NOT NULL"
    ),
    partial_index("request_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    partial_index("request_lapses", "lapses_at", where="lapses_at IS NOT NULL"),
    partial_index("request_escalates", "escalates_at", where="escalates_at IS NOT NULL"),
    partial_index("request_pending", "asked_at", where=IS_PENDING),
    partial_index("request_extends", "assignment_id", where=f"{IS_PENDING} AND kind = 'extend'"),
    partial_index("request_on_hold", "held_at", where="held_at IS NOT NULL"),
    partial_index("request_tried", "asked_at", where=f"{IS_OPEN} AND {IS_TRIED}"),
    # How many there are of each state, without reading them.
    partial_index("request_ended", "state", "ended_at", where=IS_ENDED),
    partial_index("request_gave", "holder", "ended_at", where=GAVE),
    partial_index("request_puzzles", "package_id", "ended_at", where=IS_PUZZLE),
    partial_index("request_open_about", "assignment_id", where=IS_OPEN),
    partial_index("request_removes", "entra_id", "package_id", where=IS_REMOVAL),
    # One open request of a kind for a person and a package, by Slack id from the first moment and by
    # Entra id as soon as it is known: two Slack accounts of one person are one person.
    partial_index(
        "request_one_open_of_holder",
        *("holder", "package_id", "kind"),
        where=IS_OPEN,
        unique=True,
    ),
    partial_index(
        "request_one_open_of_user",
        *("entra_id", "package_id", "kind"),
        where=IS_OPEN,
        unique=True,
    ),
)

# Who is asked about a pending request, as its column `deciders` says: for the list of what waits for somebody.
deciders = sa.Table(
    "decider",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), primary_key=True),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Index("decider_listed", "slack_user", "asked_at", "request_id"),
    sa.Index("decider_of_request", "request_id"),
)

ACCEPTED: Final = sa.text("outcome = 'accepted'")
UNWEIGHED: Final = sa.text("outcome IS NULL")
# How often somebody is told at most why their click did not count.
MOST_ANSWERS: Final = 5
IS_UNANSWERED: Final = sa.text(
    f"outcome IN ('refused', 'late') AND answered_at IS NULL AND attempts < {MOST_ANSWERS}"
)

decisions = sa.Table(
    "decision",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("request_id", ID, sa.ForeignKey("request.id"), nullable=False),
    sa.Column("verb", sa.String(8), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("team", SLACK_ID),
    sa.Column("reason", sa.Text),
    sa.Column("channel", SLACK_ID),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.String(8)),
    sa.Column("why", sa.Text),
    sa.Column("entra_id", ID),
    sa.Column("name", NAME),
    # An admin's decision in place of the approvers whom the policy names.
    sa.Column("as_admin", sa.Boolean, nullable=False, default=False),
    # The person the request is for, repeated here so that the database itself forbids self-approval.
    sa.Column("holder", SLACK_ID),
    sa.Column("holder_entra_id", ID),
    sa.Column("answered_at", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", UtcDateTime),
    sa.Index("decision_of_request", "request_id"),
    # Not by when they were made: a draft that was left alone is never due.
    partial_index("decision_to_weigh", "due_at", where=f"{UNWEIGHED} AND due_at IS NOT NULL"),
    partial_index("decision_to_answer", "due_at", where=IS_UNANSWERED),
    partial_index(
        "decision_one_accepted", "request_id", "round", "stage", where=ACCEPTED, unique=True
    ),
    # One person decides one stage of a round at most.
    partial_index(
        "decision_one_stage_each", "request_id", "round", "entra_id", where=ACCEPTED, unique=True
    ),
    sa.CheckConstraint(
        "outcome IS NULL OR outcome <> 'accepted' OR "
        "(holder IS NOT NULL AND holder_entra_id IS NOT NULL AND slack_user <> holder "
        "AND entra_id IS NOT NULL AND entra_id <> holder_entra_id)",
        name="decision_not_for_oneself",
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

NOT_ENDED: Final = sa.text("state <> 'ended'")
NOT_WHOLE: Final = sa.text("progress = 'partial' AND state <> 'ended'")

assignments = sa.Table(
    "assignment",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("entra_id", ID, nullable=False),
    sa.Column("package_id", ID, nullable=False),
    sa.Column("package_name", NAME, nullable=False),
    sa.Column("policy_id", ID),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("holder", SLACK_ID),
    sa.Column("holder_name", NAME),
    sa.Column("starts_at", UtcDateTime),
    sa.Column("ends_at", UtcDateTime),
    # The end that the holder said may come; it silences the reminders for that end only.
    sa.Column("let_end", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("ended_why", sa.Text),
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("looked_up_at", UtcDateTime),
    # How far Entra is with it, and since when.
    sa.Column("progress", sa.String(16), nullable=False),
    sa.Column("progress_at", UtcDateTime),
    # Since when, and in how many sweeps in a row, Graph did not let us read it (real time).
    sa.Column("unreadable_since", UtcDateTime),
    sa.Column("misses", sa.Integer, nullable=False, default=0),
    # Since when Graph has not shown it any more, without saying that it is over (real time).
    sa.Column("gone_at", UtcDateTime),
    partial_index(
        "assignment_unreadable", "unreadable_since", where="unreadable_since IS NOT NULL"
    ),
    partial_index(
        "assignment_owes_news",
        "news_due_at",
        where="news_due_at IS NOT NULL AND holder IS NOT NULL",
    ),
    partial_index("assignment_current", "ends_at", "id", where=NOT_ENDED),
    partial_index("assignment_current_by_id", "id", where=NOT_ENDED),
    partial_index("assignment_current_of_user", "entra_id", where=NOT_ENDED),
    partial_index("assignment_current_of_package", "package_id", "ends_at", "id", where=NOT_ENDED),
    partial_index("assignment_not_whole", "progress_at", where=NOT_WHOLE),
    partial_index("assignment_of_nobody", "entra_id", where="holder IS NULL"),
    # The holder's name in small letters, made by the database.
    sa.Column("called", EXACT_NAME, sa.Computed("lower(holder_name)")),
    partial_index("assignment_called", "called", "entra_id", where=NOT_ENDED),
)

STILL_TROUBLE: Final = sa.text("closed_at IS NULL")

# What is wrong with access that somebody has, and what an admin wanted done about it.
troubles = sa.Table(
    "trouble",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # An assignment; of what is unreadable, a package.
    sa.Column("about", ID, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("closed_at", UtcDateTime),
    # When to look (real time) whether it is still to be told, and whether it is to be processed again.
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("work_due_at", UtcDateTime),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("wanted_by", SLACK_ID),
    sa.Column("wanted_at", UtcDateTime),
    sa.Column("answer", sa.Text),
    partial_index("trouble_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    partial_index("trouble_to_process", "work_due_at", where="work_due_at IS NOT NULL"),
    partial_index("trouble_one_open", "kind", "about", where=STILL_TROUBLE, unique=True),
    partial_index("trouble_open_about", "about", where=STILL_TROUBLE),
)

packages = sa.Table(
    "package",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("slug", sa.String(128), nullable=False, unique=True),
    sa.Column("name", NAME, nullable=False),
    sa.Column("catalog", NAME, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("contents", sa.JSON, nullable=False),
    sa.Column("lasts", sa.String(64), nullable=False),
    sa.Column("can_be_asked_for", sa.Boolean, nullable=False),
    sa.Column("is_hidden", sa.Boolean, nullable=False),
    sa.Column("needs_reason", sa.Boolean, nullable=False),
    sa.Column("needs_approval", sa.Boolean, nullable=False),
    sa.Column("can_extend", sa.JSON, nullable=False),
    sa.Column("automatic", sa.JSON, nullable=False),
    sa.Column("policies", sa.JSON, nullable=False),
)

people = sa.Table(
    "person",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("slack_name", NAME, nullable=False),
    sa.Column("entra_id", ID, nullable=False),
    sa.Column("entra_name", NAME, nullable=False),
    sa.Column("bound_at", UtcDateTime, nullable=False),
    # Of a second Slack account of one Entra user: when to look (real time) whether the first account and the
    # admins are still to be told of it, and when they had been.  Until then it may do nothing.
    sa.Column("news_due_at", UtcDateTime),
    sa.Column("told_at", UtcDateTime),
    sa.Index("person_entra", "entra_id"),
    partial_index("person_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
    sa.Column("called", EXACT_NAME, sa.Computed("lower(entra_name)")),
    sa.Index("person_called", "called"),
)

# Where an Entra user is found in Slack, for cards; or that they were not found.  Never for rights.
contacts = sa.Table(
    "contact",
    metadata,
    sa.Column("entra_id", ID, primary_key=True),
    sa.Column("slack_user", SLACK_ID),
    # Real time: when Slack was searched, and when it last said that this is still the one.
    sa.Column("looked_up_at", UtcDateTime, nullable=False),
    sa.Column("verified_at", UtcDateTime),
)

notices = sa.Table(
    "notice",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("recipient", SLACK_ID, nullable=False),
    sa.Column("request_id", ID),
    sa.Column("assignment_id", ID),
    # While somebody sends or redraws it; a claim that ran out is work to take up again.
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    # When a try left whose outcome is not known; before the next one Slack is searched for it.
    sa.Column("tried_at", UtcDateTime),
    sa.Column("sent_at", UtcDateTime),
    # Why it will not be sent: overtaken by a later one, or Slack will never take it.
    sa.Column("dropped_why", sa.Text),
    sa.Column("channel", SLACK_ID),
    sa.Column("ts", sa.String(32)),
    sa.Column("stale", sa.Boolean, nullable=False, default=False),
    sa.Index("notice_of_request", "request_id"),
    sa.Index("notice_of_assignment", "assignment_id"),
    partial_index("notice_tried", "tried_at", where="tried_at IS NOT NULL"),
    flag_index("notice_to_redraw", "stale", where=" AND ts IS NOT NULL"),
    # Sent, and being redrawn.
    partial_index(
        "notice_redrawing", "claimed_until", where="claimed_until IS NOT NULL AND ts IS NOT NULL"
    ),
    partial_index("notice_in_message", "ts", "channel", where="ts IS NOT NULL"),
)

# Methods of Slack's that a 429 has stopped, for every replica, and until when (real time).
slack_waits = sa.Table(
    "slack_wait",
    metadata,
    sa.Column("method", sa.String(64), primary_key=True),
    sa.Column("open_at", UtcDateTime, nullable=False),
)

# How often somebody has lately done what is limited, see `bot.database.limits`.
allowances = sa.Table(
    "allowance",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("what", sa.String(16), primary_key=True),
    # When everything is allowed again (real time, seconds since 1970).
    sa.Column("full_at", sa.Float, nullable=False),
    # What was refused beyond the limit, and is written down as one number.
    sa.Column("over", sa.Integer, nullable=False),
    sa.Column("why", sa.Text),
)

homes = sa.Table(
    "home",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    # Set by whatever may change the page; cleared by the publication that saw it.
    sa.Column("stale", sa.Boolean, nullable=False),
    # Whether the page shows what waits for an admin: then any request may change it.
    sa.Column("admin", sa.Boolean, nullable=False),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("published_at", UtcDateTime),
    flag_index("home_is_stale", "stale"),
    partial_index("home_publishing", "claimed_until", where="claimed_until IS NOT NULL"),
    flag_index("home_of_admin", "admin"),
    sa.Index("home_published", "published_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    # Its place in the chain; there are no gaps.
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # A Slack user id, "cli:…" for who sat at the command line, or "latchkey" for what the clock or a rule did.
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("actor_entra_id", ID),
    sa.Column("verb", sa.String(24), nullable=False),
    sa.Column("request_id", ID),
    sa.Column("assignment_id", ID),
    sa.Column("package_id", ID),
    sa.Column("subject_entra_id", ID),
    sa.Column("before", sa.String(16)),
    sa.Column("after", sa.String(16)),
    sa.Column("why", sa.Text),
    sa.Column("details", sa.JSON(none_as_null=True)),
    # The chain's hash up to here.
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("audit_of_request", "request_id"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

# One row: what holds for the whole installation.
control = sa.Table(
    "control",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("paused_at", UtcDateTime),
    sa.Column("paused_why", sa.Text),
    # The oldest schema whose programs may run on this one, see `bot.database.migrate`.
    sa.Column("serves_from", sa.String(32)),
    # Another with every change of the mirrored packages, so that nobody need read them to see whether they changed.
    sa.Column("catalog_version", ID),
    # Tells this database from every other, and the Slack app that it belongs to.
    sa.Column("installation", ID),
    sa.Column("installed_at", UtcDateTime),
    sa.Column("slack_app", SLACK_ID),
    sa.Column("slack_team", SLACK_ID),
)

# What one replica reads for all of them, see `bot.database.sweeps`; moments in real time.
sweeps = sa.Table(
    "sweep",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    # Counts the turns; only the last one may write.
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("began_at", UtcDateTime),
    sa.Column("succeeded_at", UtcDateTime),
    sa.Column("error", sa.Text),
    sa.Column("found", sa.JSON(none_as_null=True)),
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

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index("inbox_received", "received_at"),
)
