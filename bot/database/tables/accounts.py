"""The tables of sign-ins to Microsoft that have been begun, of connected accounts, and of their tokens."""

import sqlalchemy as sa

from bot.database.tables.columns import ID, SLACK_ID, UtcDateTime, metadata, partial_index

# Kept until those concerned know how it ended; older ones are deleted.
sign_ins = sa.Table(
    "sign_in",
    metadata,
    # A digest of what the link carries.
    sa.Column("id", ID, primary_key=True),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("slack_user", SLACK_ID, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    # Delegated permissions of Graph, blanks between them.
    sa.Column("scopes", sa.Text, nullable=False),
    # Of an approval: which click it proves, of which request's round and stage, under which terms.  Of a delegation: which.
    # And the authentication context that it must satisfy.
    sa.Column("decision_id", ID),
    sa.Column("delegation_id", ID),
    sa.Column("ask_id", ID),
    sa.Column("terms_hash", sa.String(64)),
    sa.Column("auth_context", sa.String(16)),
    # What Microsoft's library needs to finish it, sealed with what only the browser has, or with the token key.
    sa.Column("flow", sa.Text),
    sa.Column("is_device", sa.Boolean, nullable=False),
    # Digests of the state that was sent to Microsoft, and of the browser's cookie.
    sa.Column("state", sa.String(64)),
    sa.Column("browser", sa.String(64)),
    # Of a code that is typed in elsewhere: when to ask again (real time).
    sa.Column("due_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("outcome", sa.String(16)),
    sa.Column("other_entra_id", ID),
    # When to look (real time) whether those concerned are still to be told how it ended.
    sa.Column("news_due_at", UtcDateTime),
    sa.Index("sign_in_made", "made_at"),
    sa.Index("sign_in_of", "slack_user"),
    partial_index("sign_in_state", "state", where="state IS NOT NULL", unique=True),
    partial_index("sign_in_due", "due_at", where="due_at IS NOT NULL"),
    partial_index("sign_in_owes_news", "news_due_at", where="news_due_at IS NOT NULL"),
)

accounts = sa.Table(
    "account",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("entra_id", ID, nullable=False),
    # Delegated permissions of Graph, blanks between them.
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("connected_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=False),
    # As of when it was last looked whether whoever has connected it is still a member in Slack; the next look goes by it.
    sa.Column("checked_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("challenge", sa.Text),
    sa.Index("account_used", "used_at"),
    sa.Index("account_checked", "checked_at"),
)

# In a table of its own: the rights to read it are fewer.
account_tokens = sa.Table(
    "account_token",
    metadata,
    sa.Column("slack_user", SLACK_ID, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
)
