"""
Indexes that leave out what is over, so that what was asked, held or said long ago costs nothing.

PostgreSQL lets nobody write into a table while it makes one of its indexes.  Those that were made beforehand, under
these names, are left as they are: see docs/how-to/operations.md.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ENDED: Final = "state IN ('delivered', 'refused', 'denied', 'canceled', 'lapsed', 'failed')"
OPEN: Final = "state IN ('received', 'pending', 'approved', 'submitted')"


def of(where: str) -> dict[str, Any]:
    return {
        "sqlite_where": sa.text(where),
        "postgresql_where": sa.text(where),
        "if_not_exists": True,
    }


def flagged(flag: str, where: str = "") -> dict[str, Any]:
    return {**of(f"{flag}{where}"), "sqlite_where": sa.text(f"{flag} = 1{where}")}


def upgrade() -> None:
    op.create_index("assignment_current", "assignment", ["ends_at", "id"], **of("state <> 'ended'"))
    op.create_index(
        "assignment_current_of_package",
        "assignment",
        ["package_id", "ends_at", "id"],
        **of("state <> 'ended'"),
    )
    op.create_index(
        "assignment_current_of_user", "assignment", ["entra_id"], **of("state <> 'ended'")
    )
    op.create_index(
        "assignment_not_whole",
        "assignment",
        ["progress_at"],
        **of("progress = 'partial' AND state <> 'ended'"),
    )
    op.create_index("assignment_of_nobody", "assignment", ["entra_id"], **of("holder IS NULL"))
    op.create_index(
        "assignment_owes_news",
        "assignment",
        ["news_due_at"],
        **of("news_due_at IS NOT NULL AND holder IS NOT NULL"),
    )
    op.create_index(
        "decision_to_answer",
        "decision",
        ["due_at"],
        **of("outcome IN ('refused', 'late') AND answered_at IS NULL AND attempts < 5"),
    )
    op.create_index(
        "decision_to_weigh", "decision", ["due_at"], **of("outcome IS NULL AND due_at IS NOT NULL")
    )
    op.create_index("home_is_stale", "home", ["stale"], **flagged("stale"))
    op.create_index("home_of_admin", "home", ["admin"], **flagged("admin"))
    op.create_index("home_published", "home", ["published_at"], if_not_exists=True)
    op.create_index("home_publishing", "home", ["claimed_until"], **of("claimed_until IS NOT NULL"))
    op.create_index("notice_in_message", "notice", ["ts", "channel"], **of("ts IS NOT NULL"))
    op.create_index(
        "notice_redrawing",
        "notice",
        ["claimed_until"],
        **of("claimed_until IS NOT NULL AND ts IS NOT NULL"),
    )
    op.create_index(
        "notice_to_redraw", "notice", ["stale"], **flagged("stale", " AND ts IS NOT NULL")
    )
    op.create_index("person_owes_news", "person", ["news_due_at"], **of("news_due_at IS NOT NULL"))
    op.create_index("request_ended", "request", ["state", "ended_at"], **of(ENDED))
    op.create_index(
        "request_escalates", "request", ["escalates_at"], **of("escalates_at IS NOT NULL")
    )
    op.create_index(
        "request_extends",
        "request",
        ["assignment_id"],
        **of("state = 'pending' AND kind = 'extend'"),
    )
    op.create_index(
        "request_gave",
        "request",
        ["holder", "ended_at"],
        **of("kind IN ('add', 'extend') AND state = 'delivered'"),
    )
    op.create_index(
        "request_removes", "request", ["entra_id", "package_id"], **of("kind = 'remove'")
    )
    op.create_index("request_lapses", "request", ["lapses_at"], **of("lapses_at IS NOT NULL"))
    op.create_index("request_on_hold", "request", ["held_at"], **of("held_at IS NOT NULL"))
    op.create_index("request_open_about", "request", ["assignment_id"], **of(OPEN))
    op.create_index(
        "request_owes_cards", "request", ["cards_due_at"], **of("cards_due_at IS NOT NULL")
    )
    op.create_index(
        "request_owes_news", "request", ["news_due_at"], **of("news_due_at IS NOT NULL")
    )
    op.create_index("request_pending", "request", ["asked_at"], **of("state = 'pending'"))
    op.create_index(
        "request_seeks_recipients",
        "request",
        ["recipients_due_at"],
        **of("recipients_due_at IS NOT NULL"),
    )
    op.create_index(
        "request_tried", "request", ["asked_at"], **of(f"{OPEN} AND (attempts > 0 OR failures > 0)")
    )
    op.create_index("trouble_open_about", "trouble", ["about"], **of("closed_at IS NULL"))
    op.create_index(
        "trouble_owes_news", "trouble", ["news_due_at"], **of("news_due_at IS NOT NULL")
    )
    op.create_index(
        "trouble_to_process", "trouble", ["work_due_at"], **of("work_due_at IS NOT NULL")
    )
    op.drop_index("assignment_end", "assignment")
    op.drop_index("assignment_holder", "assignment")
    op.drop_index("assignment_news_due", "assignment")
    op.drop_index("assignment_of_user", "assignment")
    op.drop_index("decision_unweighed", "decision")
    op.drop_index("notice_stale", "notice")
    op.drop_index("person_news_due", "person")
    op.drop_index("request_assignment", "request")
    op.drop_index("request_cards_due", "request")
    op.drop_index("request_holder", "request")
    op.drop_index("request_news_due", "request")
    op.drop_index("request_of_user", "request")
    op.drop_index("request_recipients_due", "request")
    op.drop_index("trouble_news_due", "trouble")
    op.drop_index("trouble_work_due", "trouble")


def downgrade() -> None:
    op.create_index("assignment_end", "assignment", ["state", "ends_at"], if_not_exists=True)
    op.create_index("assignment_holder", "assignment", ["holder"], if_not_exists=True)
    op.create_index("assignment_news_due", "assignment", ["news_due_at"], if_not_exists=True)
    op.create_index(
        "assignment_of_user", "assignment", ["entra_id", "package_id"], if_not_exists=True
    )
    op.create_index("decision_unweighed", "decision", ["at"], **of("outcome IS NULL"))
    op.create_index("notice_stale", "notice", ["stale"], **of("stale"))
    op.create_index("person_news_due", "person", ["news_due_at"], if_not_exists=True)
    op.create_index("request_assignment", "request", ["assignment_id"], if_not_exists=True)
    op.create_index("request_cards_due", "request", ["cards_due_at"], if_not_exists=True)
    op.create_index("request_holder", "request", ["holder"], if_not_exists=True)
    op.create_index("request_news_due", "request", ["news_due_at"], if_not_exists=True)
    op.create_index("request_of_user", "request", ["entra_id", "package_id"], if_not_exists=True)
    op.create_index("request_recipients_due", "request", ["recipients_due_at"], if_not_exists=True)
    op.create_index("trouble_news_due", "trouble", ["news_due_at"], if_not_exists=True)
    op.create_index("trouble_work_due", "trouble", ["work_due_at"], if_not_exists=True)
    op.drop_index("assignment_current", "assignment")
    op.drop_index("assignment_current_of_package", "assignment")
    op.drop_index("assignment_current_of_user", "assignment")
    op.drop_index("assignment_not_whole", "assignment")
    op.drop_index("assignment_of_nobody", "assignment")
    op.drop_index("assignment_owes_news", "assignment")
    op.drop_index("decision_to_answer", "decision")
    op.drop_index("decision_to_weigh", "decision")
    op.drop_index("home_is_stale", "home")
    op.drop_index("home_of_admin", "home")
    op.drop_index("home_published", "home")
    op.drop_index("home_publishing", "home")
    op.drop_index("notice_in_message", "notice")
    op.drop_index("notice_redrawing", "notice")
    op.drop_index("notice_to_redraw", "notice")
    op.drop_index("person_owes_news", "person")
    op.drop_index("request_ended", "request")
    op.drop_index("request_escalates", "request")
    op.drop_index("request_extends", "request")
    op.drop_index("request_gave", "request")
    op.drop_index("request_lapses", "request")
    op.drop_index("request_on_hold", "request")
    op.drop_index("request_open_about", "request")
    op.drop_index("request_owes_cards", "request")
    op.drop_index("request_owes_news", "request")
    op.drop_index("request_pending", "request")
    op.drop_index("request_removes", "request")
    op.drop_index("request_seeks_recipients", "request")
    op.drop_index("request_tried", "request")
    op.drop_index("trouble_open_about", "trouble")
    op.drop_index("trouble_owes_news", "trouble")
    op.drop_index("trouble_to_process", "trouble")
