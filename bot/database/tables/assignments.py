"""The tables of assignments, and of what is wrong with them."""

from typing import Final

import sqlalchemy as sa

from bot.database.tables.columns import (
    EXACT_NAME,
    ID,
    NAME,
    SLACK_ID,
    UtcDateTime,
    metadata,
    partial_index,
)

NOT_ENDED: Final = sa.text("state <> 'ended'")
IS_OVER: Final = sa.text("state = 'ended'")
# In Entra, and not through Latchkey; `bot.assignments.model.EndReason` has the words.
ENDED_OUTSIDE: Final = sa.text("state = 'ended' AND ended_why = 'ended outside Latchkey'")
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
    # Since when, and in how many syncs in a row, Graph did not let us read it (real time).
    sa.Column("unreadable_since", UtcDateTime),
    sa.Column("misses", sa.Integer, nullable=False, default=0),
    # Since when Graph has not shown it any more, without saying that it is over (real time).
    sa.Column("gone_at", UtcDateTime),
    # Given without an approval: it cannot be extended.
    sa.Column("is_emergency", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
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
    partial_index("assignment_past", "entra_id", "package_id", "ended_at", where=IS_OVER),
    partial_index("assignment_ended_outside", "ended_at", where=ENDED_OUTSIDE),
    partial_index("assignment_not_whole", "progress_at", where=NOT_WHOLE),
    sa.Index("assignment_of_policy", "policy_id"),
    partial_index("assignment_ended", "ended_at", where=IS_OVER),
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
