"""Store where Entra and what was approved do not agree; and an index of what was ended in Entra."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ID = sa.String(64)
NAME = sa.String(256)
SLACK_ID = sa.String(32)
PARTIAL = {
    "drift_of_kind": (["kind"], "state = 'open'"),
    "drift_open": (["found_at", "id"], "state = 'open'"),
    "drift_current": (["id"], "state <> 'passed'"),
    "drift_owes_news": (["news_due_at"], "news_due_at IS NOT NULL"),
    "drift_to_do": (["work_due_at"], "work_due_at IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "drift",
        sa.Column("id", ID, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", ID, nullable=False),
        sa.Column("entra_id", ID, nullable=False),
        sa.Column("mark", sa.String(24), nullable=False),
        sa.Column("package_id", ID, nullable=False),
        sa.Column("package_name", NAME, nullable=False),
        sa.Column("person_name", NAME),
        sa.Column("assignment_id", ID),
        sa.Column("request_id", ID),
        sa.Column("group_name", NAME),
        sa.Column("since", MOMENT),
        sa.Column("ends_at", MOMENT),
        sa.Column("approved_until", MOMENT),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("together", sa.Integer),
        sa.Column("is_announced", sa.Boolean, nullable=False),
        sa.Column("news_due_at", MOMENT),
        sa.Column("wanted", sa.String(8)),
        sa.Column("wanted_by", SLACK_ID),
        sa.Column("wanted_until", MOMENT),
        sa.Column("why", sa.Text),
        sa.Column("work_due_at", MOMENT),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("done_by", sa.String(64)),
        sa.Column("done_at", MOMENT),
        sa.Column("answer", sa.Text),
        sa.UniqueConstraint("kind", "about", "entra_id", "mark", name="drift_one"),
    )
    for name, (columns, where) in PARTIAL.items():
        _partial(name, "drift", columns, where)
    _partial(
        "assignment_ended_outside",
        "assignment",
        ["ended_at"],
        "state = 'ended' AND ended_why = 'ended outside Latchkey'",
    )


def downgrade() -> None:
    op.drop_index("assignment_ended_outside", "assignment")
    for name in PARTIAL:
        op.drop_index(name, "drift")
    op.drop_table("drift")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
