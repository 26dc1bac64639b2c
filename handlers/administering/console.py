"""Open the admins' console, and turn its pages: tabs, search, the person menu, and what comes next."""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.console.model import LONGEST_SOUGHT, ConsolePage, Tab, read_console_page
from bot.database.audit_log.audit_files import AuditFormat
from bot.errors import TooLate
from bot.messages.admins.console import window as words
from bot.paging import ListName, Place
from handlers.replying.background import Background
from handlers.replying.console_windows import open_console, turn_page
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.interaction import NO_PLACE
from handlers.replying.replies import Replies, Reply
from handlers.routes import Routes
from handlers.services import Services

TABS: Final[Mapping[str, Tab]] = {
    "latchkey_console_pending": Tab.PENDING,
    "latchkey_console_assignments": Tab.ASSIGNMENTS,
    "latchkey_console_stuck": Tab.STUCK,
    "latchkey_console_drift": Tab.DRIFT,
    "latchkey_console_people": Tab.PEOPLE,
    "latchkey_console_leaver": Tab.LEAVER,
    "latchkey_console_audit": Tab.AUDIT,
}


def register(
    routes: Routes, *, services: Services, replies: Replies, background: Background
) -> None:
    views = services.console

    async def show(
        ack: AsyncAck, body: Mapping[str, Any], reply: Reply, page: ConsolePage | None
    ) -> None:
        """Show a page in the console that was clicked in, or in one that is opened, for whoever may see it."""
        async with explain_errors(reply.say, busy=NOT_READ):
            await services.guard.check_admin(reply.user)
            if page is None:
                # Of an older version, or never ours.
                raise TooLate(NO_PLACE)
            view = body.get("view")
            if isinstance(view, Mapping) and view.get("callback_id") == words.CALLBACK:
                turn_page(background, views, user=reply.user, view=view, page=page)
            else:
                open_console(reply, views, page=page)
        await ack()

    def tab(action_id: str, shown: Tab) -> None:
        @routes.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            await show(ack, body, replies.to_click(body, action), ConsolePage(tab=shown))

    for action_id, shown in TABS.items():
        tab(action_id, shown)

    def page(action_id: str) -> None:
        @routes.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            reply = replies.to_click(body, action)
            await show(ack, body, reply, _page_in(reply.value))

    page("latchkey_console_more")
    page("latchkey_console_first")

    @routes.action("latchkey_console_search")
    async def search(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Look for what was typed; from Home, in the list of assignments."""
        current = _tab_of(body, otherwise=Tab.ASSIGNMENTS)
        sought = str(action.get("value") or "").strip()[:LONGEST_SOUGHT]
        await show(
            ack, body, replies.to_click(body, action), ConsolePage(tab=current, sought=sought)
        )

    def export(action_id: str, form: AuditFormat) -> None:
        @routes.action(action_id)
        async def pressed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            """Send a file of the audit log; it is written after the answer to Slack."""
            reply = replies.to_click(body, action)
            page = _page_in(reply.value)

            async def send() -> None:
                async with explain_errors(reply.say, busy=NOT_READ):
                    if page is not None:
                        place = page.place or Place(list=ListName.AUDIT)
                        await services.exports.send(
                            slack_user=reply.user, place=place, mentioned=page.mentioned, form=form
                        )

            async with explain_errors(reply.say, busy=NOT_READ):
                await services.exports.begin(slack_user=reply.user)
                if page is None or page.tab is not Tab.AUDIT:
                    raise TooLate(NO_PLACE)
                background.start(send)
            await ack()

    export("latchkey_export_csv", AuditFormat.CSV)
    export("latchkey_export_jsonl", AuditFormat.JSON_LINES)

    @routes.view("latchkey_console")
    async def submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Look for what is in the search field: the answer must not wait for it, so the result follows."""
        user = body["user"]["id"]
        tab = _tab_of({"view": view}, otherwise=Tab.ASSIGNMENTS)
        page = ConsolePage(tab=tab, sought=words.sought_in(view))

        async def refuse(said: Mapping[str, Any]) -> None:
            await ack(response_action="update", view=words.refused(str(said["text"])))

        async with explain_errors(refuse, busy=NOT_READ):
            await services.guard.check_admin(user)
            await ack(response_action="update", view=words.loading(page))
            turn_page(background, views, user=user, view={"id": view.get("id")}, page=page)

    @routes.action("latchkey_console_person")
    async def choose(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show what the person has who was chosen in the menu."""
        current = _tab_of(body, otherwise=Tab.PEOPLE)
        chosen = str(action.get("selected_user") or "")
        sought = f"<@{chosen}>" if chosen.isalnum() and len(chosen) <= 32 else ""
        await show(
            ack, body, replies.to_click(body, action), ConsolePage(tab=current, sought=sought)
        )


def _page_in(written: object) -> ConsolePage | None:
    try:
        return read_console_page(written)
    except ValueError:
        return None


def _tab_of(body: Mapping[str, Any], *, otherwise: Tab) -> Tab:
    """Return the tab of the console that was clicked in."""
    view = body.get("view")
    if not isinstance(view, Mapping) or view.get("callback_id") != words.CALLBACK:
        return otherwise
    page = _page_in(view.get("private_metadata"))
    return page.tab if page else otherwise
