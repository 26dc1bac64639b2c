"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allowance",
        sa.Column("slack_user", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("full_at", sa.Float(), nullable=False),
        sa.Column("over", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("slack_user", "what"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("entra_id", sa.String(length=64), nullable=False),
        sa.Column("package_id", sa.String(length=64), nullable=False),
        sa.Column("package_name", sa.String(length=256), nullable=False),
        sa.Column("policy_id", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("holder_name", sa.String(length=256), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("let_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("news_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.String(length=16), nullable=False),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreadable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(
            "assignment_unreadable",
            ["unreadable_since"],
            unique=False,
            sqlite_where=sa.text("unreadable_since IS NOT NULL"),
            postgresql_where=sa.text("unreadable_since IS NOT NULL"),
        )
        batch_op.create_index("assignment_end", ["state", "ends_at"], unique=False)
        batch_op.create_index("assignment_holder", ["holder"], unique=False)
        batch_op.create_index("assignment_news_due", ["news_due_at"], unique=False)
        batch_op.create_index("assignment_of_user", ["entra_id", "package_id"], unique=False)

    op.create_table(
        "audit",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("actor_entra_id", sa.String(length=64), nullable=True),
        sa.Column("verb", sa.String(length=24), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("assignment_id", sa.String(length=64), nullable=True),
        sa.Column("package_id", sa.String(length=64), nullable=True),
        sa.Column("subject_entra_id", sa.String(length=64), nullable=True),
        sa.Column("before", sa.String(length=16), nullable=True),
        sa.Column("after", sa.String(length=16), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("audit_of_request", ["request_id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "contact",
        sa.Column("entra_id", sa.String(length=64), nullable=False),
        sa.Column("slack_user", sa.String(length=32), nullable=True),
        sa.Column("looked_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("entra_id"),
    )
    op.create_table(
        "control",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("serves_from", sa.String(length=32), nullable=True),
        sa.Column("catalog_version", sa.String(length=64), nullable=True),
        sa.Column("installation", sa.String(length=64), nullable=True),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slack_app", sa.String(length=32), nullable=True),
        sa.Column("slack_team", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "home",
        sa.Column("slack_user", sa.String(length=32), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("slack_user"),
    )
    op.create_table(
        "form",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("slack_user", sa.String(length=32), nullable=False),
        sa.Column("package_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.create_index("form_made", ["made_at"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("inbox_received", ["received_at"], unique=False)

    op.create_table(
        "notice",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("assignment_id", sa.String(length=64), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_why", sa.Text(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("notice_of_assignment", ["assignment_id"], unique=False)
        batch_op.create_index("notice_of_request", ["request_id"], unique=False)
        batch_op.create_index(
            "notice_tried",
            ["tried_at"],
            unique=False,
            sqlite_where=sa.text("tried_at IS NOT NULL"),
            postgresql_where=sa.text("tried_at IS NOT NULL"),
        )
        batch_op.create_index(
            "notice_stale",
            ["stale"],
            unique=False,
            sqlite_where=sa.text("stale"),
            postgresql_where=sa.text("stale"),
        )

    op.create_table(
        "package",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("catalog", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.Column("lasts", sa.String(length=64), nullable=False),
        sa.Column("can_be_asked_for", sa.Boolean(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("needs_reason", sa.Boolean(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("can_extend", sa.JSON(), nullable=False),
        sa.Column("automatic", sa.JSON(), nullable=False),
        sa.Column("policies", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "person",
        sa.Column("slack_user", sa.String(length=32), nullable=False),
        sa.Column("slack_name", sa.String(length=256), nullable=False),
        sa.Column("entra_id", sa.String(length=64), nullable=False),
        sa.Column("entra_name", sa.String(length=256), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("news_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("slack_user"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("person_entra", ["entra_id"], unique=False)
        batch_op.create_index("person_news_due", ["news_due_at"], unique=False)

    op.create_table(
        "request",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("asked_by", sa.String(length=32), nullable=False),
        sa.Column("entra_id", sa.String(length=64), nullable=True),
        sa.Column("holder_name", sa.String(length=256), nullable=True),
        sa.Column("package_id", sa.String(length=64), nullable=False),
        sa.Column("package_name", sa.String(length=256), nullable=False),
        sa.Column("assignment_id", sa.String(length=64), nullable=True),
        sa.Column("justification", sa.Text(), nullable=True),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("wanted_policy_id", sa.Text(), nullable=True),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("terms_hash", sa.String(length=64), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("deciders", sa.JSON(), nullable=False),
        sa.Column("recipients_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unnamed", sa.Boolean(), nullable=False),
        sa.Column("cards_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("news_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("tell_admins", sa.Boolean(), nullable=False),
        sa.Column("graph_request_id", sa.String(length=64), nullable=True),
        sa.Column("intent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settles_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_by", sa.String(length=32), nullable=True),
        sa.Column("give_up_by", sa.String(length=32), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.create_index("request_assignment", ["assignment_id"], unique=False)
        batch_op.create_index("request_cards_due", ["cards_due_at"], unique=False)
        batch_op.create_index(
            "request_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )
        batch_op.create_index("request_holder", ["holder"], unique=False)
        batch_op.create_index("request_news_due", ["news_due_at"], unique=False)
        batch_op.create_index("request_of_user", ["entra_id", "package_id"], unique=False)
        batch_op.create_index("request_recipients_due", ["recipients_due_at"], unique=False)
        batch_op.create_index(
            "request_puzzles",
            ["package_id", "ended_at"],
            unique=False,
            sqlite_where=sa.text("tell_admins"),
            postgresql_where=sa.text("tell_admins"),
        )
        batch_op.create_index(
            "request_one_open_of_holder",
            ["holder", "package_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )
        batch_op.create_index(
            "request_one_open_of_user",
            ["entra_id", "package_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )

    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("verb", sa.String(length=8), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("slack_user", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("entra_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=256), nullable=True),
        sa.Column("as_admin", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("holder_entra_id", sa.String(length=64), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome <> 'accepted' OR (holder IS NOT NULL AND holder_entra_id IS NOT NULL AND slack_user <> holder AND entra_id IS NOT NULL AND entra_id <> holder_entra_id)",
            name="decision_not_for_oneself",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("decision_of_request", ["request_id"], unique=False)
        batch_op.create_index(
            "decision_one_accepted",
            ["request_id", "round", "stage"],
            unique=True,
            sqlite_where=sa.text("outcome = 'accepted'"),
            postgresql_where=sa.text("outcome = 'accepted'"),
        )
        batch_op.create_index(
            "decision_one_stage_each",
            ["request_id", "round", "entra_id"],
            unique=True,
            sqlite_where=sa.text("outcome = 'accepted'"),
            postgresql_where=sa.text("outcome = 'accepted'"),
        )
        batch_op.create_index(
            "decision_unweighed",
            ["at"],
            unique=False,
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )

    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(length=8), nullable=True),
        sa.Column("done_by", sa.String(length=32), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index("hold_of_request", ["request_id"], unique=False)
    op.create_table(
        "trouble",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("news_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("work_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wanted_by", sa.String(length=32), nullable=True),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("trouble", schema=None) as batch_op:
        batch_op.create_index("trouble_news_due", ["news_due_at"], unique=False)
        batch_op.create_index("trouble_work_due", ["work_due_at"], unique=False)
        batch_op.create_index(
            "trouble_one_open",
            ["kind", "about"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
    op.bulk_insert(
        sa.table(
            "audit_head",
            sa.column("id", sa.Integer),
            sa.column("position", sa.BigInteger),
            sa.column("hash", sa.String),
        ),
        [{"id": 1, "position": 0, "hash": "0" * 64}],
    )
    _make_audit_append_only()


def _make_audit_append_only() -> None:
    """No row of the audit log is ever changed or deleted."""
    refused = "RAISE(ABORT, 'the audit log is append-only')"
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{deed.lower()} BEFORE {deed} ON audit "
                f"BEGIN SELECT {refused}; END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    for name, deeds in (("audit_no_update", "UPDATE"), ("audit_no_delete", "DELETE OR TRUNCATE")):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {deeds} ON audit EXECUTE FUNCTION audit_is_append_only()"
        )


def downgrade() -> None:
    with op.batch_alter_table("trouble", schema=None) as batch_op:
        batch_op.drop_index(
            "trouble_one_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("trouble_work_due")
        batch_op.drop_index("trouble_news_due")

    op.drop_table("trouble")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index("hold_of_request")

    op.drop_table("hold")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(
            "decision_unweighed",
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        )
        batch_op.drop_index(
            "decision_one_stage_each",
            sqlite_where=sa.text("outcome = 'accepted'"),
            postgresql_where=sa.text("outcome = 'accepted'"),
        )
        batch_op.drop_index(
            "decision_one_accepted",
            sqlite_where=sa.text("outcome = 'accepted'"),
            postgresql_where=sa.text("outcome = 'accepted'"),
        )
        batch_op.drop_index("decision_of_request")

    op.drop_table("decision")
    with op.batch_alter_table("request", schema=None) as batch_op:
        batch_op.drop_index(
            "request_one_open_of_user",
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )
        batch_op.drop_index(
            "request_one_open_of_holder",
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )
        batch_op.drop_index(
            "request_puzzles",
            sqlite_where=sa.text("tell_admins"),
            postgresql_where=sa.text("tell_admins"),
        )
        batch_op.drop_index("request_of_user")
        batch_op.drop_index("request_recipients_due")
        batch_op.drop_index("request_news_due")
        batch_op.drop_index("request_holder")
        batch_op.drop_index(
            "request_due",
            sqlite_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
            postgresql_where=sa.text("state IN ('received', 'pending', 'approved', 'submitted')"),
        )
        batch_op.drop_index("request_cards_due")
        batch_op.drop_index("request_assignment")

    op.drop_table("request")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("person_news_due")
        batch_op.drop_index("person_entra")

    op.drop_table("person")
    op.drop_table("package")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "notice_tried",
            sqlite_where=sa.text("tried_at IS NOT NULL"),
            postgresql_where=sa.text("tried_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "notice_stale", sqlite_where=sa.text("stale"), postgresql_where=sa.text("stale")
        )
        batch_op.drop_index("notice_of_request")
        batch_op.drop_index("notice_of_assignment")

    op.drop_table("notice")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index("inbox_received")

    op.drop_table("inbox")
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.drop_index("form_made")

    op.drop_table("form")
    op.drop_table("home")
    op.drop_table("control")
    op.drop_table("contact")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("audit_of_request")

    op.drop_table("audit")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("assignment_of_user")
        batch_op.drop_index(
            "assignment_unreadable",
            sqlite_where=sa.text("unreadable_since IS NOT NULL"),
            postgresql_where=sa.text("unreadable_since IS NOT NULL"),
        )
        batch_op.drop_index("assignment_news_due")
        batch_op.drop_index("assignment_holder")
        batch_op.drop_index("assignment_end")

    op.drop_table("assignment")
    op.drop_table("allowance")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")
