"""The tables of access packages, as they were last read from Graph, and of the settings that were written for each."""

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
    sa.Column("opens", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("other_policies", sa.JSON, nullable=False, server_default="[]"),
)

# For which package each entry of the package settings file was written, see `bot.packages.settings.bindings`.
settings_bindings = sa.Table(
    "settings_binding",
    metadata,
    sa.Column("package_id", ID, primary_key=True),
    # Pairs of a name and what stood under it.
    sa.Column("packages", sa.JSON, nullable=False),
    sa.Column("catalogs", sa.JSON, nullable=False),
    # Names.
    sa.Column("seen", sa.JSON, nullable=False),
)
