"""
The stand-in for My Access: a person asks for access, decides what waits for them, cancels, and gives access back.

It goes the same way as a call to Graph in that person's name, and is refused in the same words.
"""

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from sandbox.tenant import lifecycle, my_access_pages
from sandbox.tenant.answers import CHOICE, questions_of
from sandbox.tenant.applicable import applicable
from sandbox.tenant.approvers import approvers
from sandbox.tenant.errors import Refusal, bad_request, forbidden
from sandbox.tenant.login_steps import LoginSteps
from sandbox.tenant.model import Json, Package, Policy, Request, User
from sandbox.tenant.requests import NewRequest, accept
from sandbox.tenant.world import World

PATH = "/myaccess"
_CHOICE = "#microsoft.graph.accessPackageMultipleChoiceQuestion"
_TEXT = "#microsoft.graph.accessPackageTextInputQuestion"
_ANSWER = "#microsoft.graph.accessPackageAnswerString"


class MyAccess:
    """The page, for whoever is signed in in the browser."""

    def __init__(self, world: World, steps: LoginSteps) -> None:
        self._world, self._steps = world, steps
        # Where a person came from, for the way back; nothing where there is no such page.
        self.back_url = ""
        self._actions: dict[str, Callable[[User, FormData], str]] = {
            "decide": self._decide,
            "ask": self._ask,
            "cancel": self._cancel,
            "remove": self._remove,
        }

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self._page, methods=["GET"]),
            Route(PATH, self._post, methods=["POST"]),
        ]

    async def _page(self, request: HttpRequest) -> Response:
        user = self._steps.person_at(request)
        if user is None:
            return self._steps.sign_in_to(PATH)
        self._world.advance()
        return self._draw(user)

    async def _post(self, request: HttpRequest) -> Response:
        user = self._steps.person_at(request)
        if user is None:
            return self._steps.sign_in_to(PATH)
        async with request.form(max_files=0, max_fields=50) as form:
            if form.get("action") == "sign-out":
                return self._steps.sign_out(request, PATH)
            self._world.advance()
            try:
                done = self._do(user, form)
            except Refusal as refusal:
                return self._draw(user, wrong=refusal.message)
            finally:
                self._world.announce()
        return self._draw(user, done=done)

    def _do(self, user: User, form: FormData) -> str:
        action = self._actions.get(_word(form, "action"))
        if action is None:
            raise bad_request("There is nothing of that name to do here.")
        return action(user, form)

    def _decide(self, user: User, form: FormData) -> str:
        request = self._request(form)
        stage = request.current_stage
        approve = _word(form, "answer") == "approve"
        lifecycle.decide(
            self._world,
            request,
            stage.id if stage else "",
            user_id=user.id,
            approve=approve,
            justification=_word(form, "reason"),
        )
        return "You have approved it." if approve else "You have denied it."

    def _ask(self, user: User, form: FormData) -> str:
        policy = self._world.policies.get(_word(form, "policy"))
        package = self._world.packages.get(policy.package_id) if policy else None
        answers = [
            {
                "@odata.type": _ANSWER,
                "value": value,
                "answeredQuestion": {
                    "@odata.type": _CHOICE if is_choice(question) else _TEXT,
                    "id": name,
                },
            }
            for name, question in questions_of(self._world, policy, package).items()
            for value in map(str, form.getlist(name))
            if value
        ]
        asked = NewRequest(
            request_type="userAdd",
            package_id=package.id if package else None,
            policy_id=policy.id if policy else None,
            justification=_word(form, "reason") or None,
            answers=answers,
        )
        accept(self._world, asked, user=user)
        return "You have asked for it."

    def _cancel(self, user: User, form: FormData) -> str:
        request = self._request(form)
        if request.requestor_id != user.id:
            raise forbidden()
        lifecycle.cancel(self._world, request)
        return "The request is canceled."

    def _remove(self, user: User, form: FormData) -> str:
        asked = NewRequest(request_type="userRemove", assignment_id=_word(form, "assignment"))
        accept(self._world, asked, user=user)
        return "You have given it back; it takes a moment."

    def _request(self, form: FormData) -> Request:
        found = self._world.requests.get(_word(form, "request"))
        if found is None:
            raise bad_request("The request was not found.")
        return found

    def _draw(self, user: User, *, done: str = "", wrong: str = "") -> Response:
        world = self._world
        now = world.now()
        requests = list(world.requests.values())
        waiting = [
            each
            for each in requests
            if each.state == "pendingApproval"
            and (stage := each.current_stage) is not None
            and user.id in approvers(world, each, stage, now)
        ]
        return my_access_pages.page(
            my_access_pages.Shown(
                user=user,
                world=world,
                path=PATH,
                back_url=self.back_url,
                waiting=waiting,
                own=[each for each in reversed(requests) if user.id == each.target_id][:10],
                assignments=[
                    each
                    for each in world.assignments.values()
                    if each.target_id == user.id and each.is_live
                ],
                offered=self._offered(user),
                done=done,
                wrong=wrong,
            )
        )

    def _offered(self, user: User) -> list[tuple[Package, Policy, list[Json]]]:
        """Return what somebody may ask for, each with a policy and its questions."""
        world = self._world
        return [
            (package, policy, list(questions_of(world, policy, package).values()))
            for package in world.packages.values()
            if not package.is_hidden
            for policy in applicable(world, world.policies_of(package.id), user)
        ]


def is_choice(question: Json) -> bool:
    """Tell whether a question is answered by choosing, and not by writing."""
    return str(question.get("@odata.type", "")).endswith(CHOICE)


def _word(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found.strip() if isinstance(found, str) else ""
