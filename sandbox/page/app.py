"""The routes of the page, and the one template they all draw."""

import functools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.clock import SandboxClock
from sandbox.on_call import OnCallStandIn
from sandbox.page.filters import filters
from sandbox.page.guard import Guard
from sandbox.page.live import Live
from sandbox.page.lookups import Offer, offer
from sandbox.page.places import field_name, value_of, values_of
from sandbox.page.reader import zone_named
from sandbox.page.scene import Scenes
from sandbox.page.switches import Switchboard
from sandbox.slack import Workspace
from sandbox.slack.forms import find
from sandbox.slack.model import Json, Outcome, UploadedFile
from sandbox.tenant import Tenant

LONGEST_STEP_DAYS = 366
AN_HOUR = timedelta(hours=1)
_HERE = Path(__file__).parent
Action = Callable[[FormData], Awaitable[str | None]]


def page(
    workspace: Workspace,
    tenant: Tenant,
    clock: SandboxClock,
    *,
    next_reminder: Callable[[], datetime | None],
    about: dict[str, Any],
    on_call: OnCallStandIn | None = None,
) -> Starlette:
    """
    The browser page of the sandbox: a workspace to act in, and the tenant behind it.

    *next_reminder* says when the bot will next remind somebody, for the clock's third button.
    *about* may hold ``version`` (shown below the channels), ``request_text`` (what the hint
    strip proposes to type) and ``my_access`` (where people ask and decide at Microsoft). Slash commands, with their hints, come from ``workspace.commands``,
    which the app's manifest fills. *on_call* is the on-call service that the bot asks, for the
    switch that lets somebody be on call.

    Serve it on a loopback address only; it refuses every Host that is not this machine. Before
    its server stops, call ``app.state.close()``: that ends the streams of open pages.
    """
    return _Page(
        workspace,
        tenant,
        clock,
        next_reminder=next_reminder,
        about=about,
        on_call=on_call or OnCallStandIn(),
    ).app


@functools.cache
def _templates() -> Environment:
    """The page's templates; to compile them takes a quarter of a second."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(filters())
    return templates


class _Page:
    def __init__(
        self,
        workspace: Workspace,
        tenant: Tenant,
        clock: SandboxClock,
        *,
        next_reminder: Callable[[], datetime | None],
        about: dict[str, Any],
        on_call: OnCallStandIn,
    ) -> None:
        self._workspace, self._tenant, self._clock = workspace, tenant, clock
        self._next_reminder = next_reminder
        self._switchboard = Switchboard(workspace, tenant, on_call)
        self._live = Live(workspace, tenant, clock)
        self._scenes = Scenes(
            workspace,
            tenant,
            clock,
            switchboard=self._switchboard,
            next_reminder=next_reminder,
            about=about,
        )
        self.app = Starlette(
            middleware=[Middleware(Guard)],
            routes=[
                Route("/", self._whole),
                Route("/app", self._part),
                Route("/events", self._events),
                Route("/suggest", self._suggest, methods=["POST"]),
                Route("/file/{id}", self._file),
                Route("/say", self._answering(self._say), methods=["POST"]),
                Route("/click", self._answering(self._click), methods=["POST"]),
                Route("/view/click", self._answering(self._click_view), methods=["POST"]),
                Route("/view/submit", self._answering(self._submit), methods=["POST"]),
                Route("/view/close", self._answering(self._close), methods=["POST"]),
                Route("/shortcut", self._answering(self._shortcut), methods=["POST"]),
                Route("/home", self._answering(self._open_home), methods=["POST"]),
                Route("/clock", self._answering(self._shift_clock), methods=["POST"]),
                Route("/fault", self._answering(self._switch_fault), methods=["POST"]),
                Route("/portal/remove", self._answering(self._remove_in_portal), methods=["POST"]),
                Mount("/static", StaticFiles(directory=_HERE / "static")),
            ],
        )
        self.app.state.close = self._live.close

    # What the browser reads

    async def _whole(self, request: Request) -> Response:
        return self._draw("page.html", request.query_params, is_new=True)

    async def _part(self, request: Request) -> Response:
        return self._draw("app.html", request.query_params)

    async def _events(self, request: Request) -> Response:
        return EventSourceResponse(self._live.events(), ping=15)

    async def _suggest(self, request: Request) -> Response:
        """The options of a menu with a search field, for what was typed."""
        async with request.form(max_files=0, max_fields=20) as form:
            reader = self._scenes.reader_of(_word(form, "as"))
            try:
                found = await offer(self._workspace, form, reader)
            except LookupError as error:
                found = Offer([], _sentence(error))
        html = _templates().get_template("options.html").render(offer=found, reader=reader)
        return HTMLResponse(html)

    async def _file(self, request: Request) -> Response:
        """A file of a message, to save; only for who sees the message."""
        user, wanted = request.query_params.get("as", ""), request.path_params["id"]
        for channel in self._workspace.channels.values():
            if user not in channel.members:
                continue
            for message in channel.seen_by(user):
                for file in message.files:
                    if file.id == wanted:
                        return _download(file)
        return Response("There is no such file here.", status_code=404)

    def _draw(
        self, template: str, where: Any, *, trouble: str | None = None, is_new: bool = False
    ) -> Response:
        self._tenant.tick()
        scene = self._scenes.scene(as_=where.get("as"), in_=where.get("in"), is_new=is_new)
        html = (
            _templates()
            .get_template(template)
            .render(scene=scene, reader=scene.reader, trouble=trouble)
        )
        return HTMLResponse(html)

    # What the browser does

    def _answering(self, act: Action) -> Callable[[Request], Awaitable[Response]]:
        """Make an endpoint that does *act*, then draws the page again with what went wrong, if any."""

        async def endpoint(request: Request) -> Response:
            async with request.form(max_files=0, max_fields=200) as form:
                try:
                    trouble = await act(form)
                except (LookupError, ValueError) as error:
                    return self._draw("app.html", form, trouble=_sentence(error))
                return self._draw("app.html", form, trouble=trouble)

        return endpoint

    async def _say(self, form: FormData) -> str | None:
        """The composer: a slash command, or an ordinary message."""
        text = _word(form, "text").replace("\r\n", "\n").strip()
        user = _word(form, "as")
        channel = self._scenes.channel_of(user, _word(form, "in"))
        thread_ts = _word(form, "thread_ts") or None
        if not text:
            return None
        if text.startswith("/") and thread_ts is not None:
            return "Slash commands cannot be used in threads."
        if text.startswith("/"):
            command, _, rest = text.partition(" ")
            outcome = await self._workspace.command(
                user=user, channel=channel.id, command=command, text=rest.strip()
            )
        else:
            outcome = await self._workspace.say(
                user=user, channel=channel.id, text=text, thread_ts=thread_ts
            )
        # A failed command is told by Slackbot in the conversation itself.
        return None if text.startswith("/") and outcome.text else _trouble(outcome)

    async def _click(self, form: FormData) -> str | None:
        message = self._workspace.channel(_word(form, "channel")).message(_word(form, "ts"))
        return _trouble(
            await self._workspace.click(
                user=_word(form, "as"),
                channel=_word(form, "channel"),
                ts=_word(form, "ts"),
                action_id=_word(form, "action_id"),
                block_id=_word(form, "block_id") or None,
                value=self._value(form, message.blocks if message is not None else []),
            )
        )

    async def _click_view(self, form: FormData) -> str | None:
        user, view_id = _word(form, "as"), _word(form, "view")
        block_id, action_id = _word(form, "block_id"), _word(form, "action_id")
        view = self._workspace.view(view_id, user=user)
        value = self._value(form, view.blocks)
        if view.type == "modal":
            # What was typed beside the click travels with it, as in Slack.
            values = values_of(view, form, zone=zone_named(self._workspace.person(user).tz))
            self._workspace.fill_in(user=user, view_id=view_id, values=values)
        return _trouble(
            await self._workspace.click_view(
                user=user,
                view_id=view_id,
                action_id=action_id,
                block_id=block_id or None,
                value=value,
            )
        )

    def _value(self, form: FormData, blocks: list[Json]) -> Any:
        """Return what is chosen in the clicked element: in its own field, or in the one value sent along."""
        block_id, action_id = _word(form, "block_id") or None, _word(form, "action_id")
        found = find(blocks, action_id=action_id, block_id=block_id)
        own = field_name(block_id, action_id)
        given = [str(each) for each in form.getlist(own if own in form else "value") if str(each)]
        if found is None:
            return given[0] if given else None
        zone = zone_named(self._workspace.person(_word(form, "as")).tz)
        return value_of(found[1], given, zone=zone)

    async def _submit(self, form: FormData) -> str | None:
        user, view_id = _word(form, "as"), _word(form, "view")
        view = self._workspace.view(view_id, user=user)
        values = values_of(view, form, zone=zone_named(self._workspace.person(user).tz))
        outcome = await self._workspace.submit(user=user, view_id=view_id, values=values)
        # Errors of single inputs, and a missing answer, are shown in the dialog.
        still_open = any(each.id == view_id for each in self._workspace.person(user).modals)
        return None if still_open else _trouble(outcome)

    async def _close(self, form: FormData) -> str | None:
        return _trouble(
            await self._workspace.close(
                user=_word(form, "as"),
                view_id=_word(form, "view"),
                clear=bool(form.get("clear")),
            )
        )

    async def _shortcut(self, form: FormData) -> str | None:
        """A shortcut of the app: of the composer, or of one message."""
        return _trouble(
            await self._workspace.shortcut(
                user=_word(form, "as"),
                callback_id=_word(form, "callback_id"),
                channel=_word(form, "channel") or None,
                ts=_word(form, "ts") or None,
            )
        )

    async def _open_home(self, form: FormData) -> str | None:
        return _trouble(await self._workspace.open_home(user=_word(form, "as")))

    async def _shift_clock(self, form: FormData) -> str | None:
        step = _word(form, "step")
        if step == "reminder":
            due = self._next_reminder()
            if due is None:
                return "No reminder is due: nobody has access that ends."
            by = max(due - self._clock.now(), timedelta(0)) + timedelta(seconds=1)
        else:
            by = AN_HOUR if step == "hour" else _days(step)
        self._clock.shift(by)
        self._tenant.tick()
        return None

    async def _switch_fault(self, form: FormData) -> str | None:
        self._switchboard.turn(_word(form, "name"), on=_word(form, "on") == "true")
        self._live.changed()
        return None

    async def _remove_in_portal(self, form: FormData) -> str | None:
        """Return what an administrator could do in the Entra portal, behind the bot's back."""
        self._tenant.remove_assignment(_word(form, "assignment"))
        return None


def _days(step: str) -> timedelta:
    if not step.isdecimal() or not 1 <= int(step) <= LONGEST_STEP_DAYS:
        raise ValueError(
            f"the clock moves forward by an hour, or by 1 to {LONGEST_STEP_DAYS} days at a time"
        )
    return timedelta(days=int(step))


def _word(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _download(file: UploadedFile) -> Response:
    disposition = f"attachment; filename*=utf-8''{quote(file.name)}"
    headers = {"content-disposition": disposition}
    return Response(file.content, media_type="application/octet-stream", headers=headers)


def _trouble(outcome: Outcome) -> str | None:
    """Return what to tell the person; nothing when the app answered properly."""
    if outcome.ok:
        return None
    if outcome.text:
        return outcome.text
    if outcome.error == "operation_timeout":
        return "Latchkey did not answer within three seconds (operation_timeout)."
    return f"That did not work: {outcome.error or outcome.status or 'no answer'}."


def _sentence(error: Exception) -> str:
    text = str(error.args[0]) if error.args else str(error)
    return text[:1].upper() + text[1:].rstrip(".") + "."
