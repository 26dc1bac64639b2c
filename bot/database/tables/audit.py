"""The tables of the audit log: its rows, and where its chain of hashes begins and ends."""

import sqlalchemy as sa

from bot.database.tables.columns import ID, UtcDateTime, metadata

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
    # Keeps what names people from being guessed from the chain; and what is left of what was forgotten, see
    # `bot.database.audit_log.audit_chain`.
    sa.Column("salt", sa.String(32)),
    sa.Column("forgotten", sa.JSON(none_as_null=True)),
    sa.Index("audit_of_request", "request_id"),
    sa.Index("audit_by", "actor", "position"),
    sa.Index("audit_about", "subject_entra_id", "position"),
    sa.Index("audit_of_package", "package_id", "position"),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

# Where the chain begins, since the rows up to there were archived and deleted; the last one counts.
audit_checkpoints = sa.Table(
    "audit_checkpoint",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    # Of the last row that was deleted.
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    # The SHA-256 of the file in which these rows are.
    sa.Column("archive", sa.String(64), nullable=False),
    # Made with the audit key: nobody else can say that the chain begins here.
    sa.Column("seal", sa.String(64), nullable=False),
)
