"""The table of access packages, as they were last read from Graph."""

import sqlalchemy as sa

from bot.database.tables.columns import ID, NAME, metadata

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
