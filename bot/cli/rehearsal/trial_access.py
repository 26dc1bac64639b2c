"""Give access to the account that was made for it, and look what Entra shows of that."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, repeat
from typing import Any, Final, TypeVar

from bot.cli.rehearsal.bench import Bench, GraphAnswer
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.reading import ENTITLEMENT
from bot.cli.rehearsal.scene import Made, TrialScene
from bot.repeating import until_found

Found = TypeVar("Found")
REQUESTS: Final = f"{ENTITLEMENT}/assignmentRequests"
ASSIGNMENTS: Final = f"{ENTITLEMENT}/assignments"
PATIENCE_SECONDS: Final = 900
GLANCE_SECONDS: Final = 2.0
GLANCE: Final = timedelta(seconds=GLANCE_SECONDS)
GLANCES: Final = int(PATIENCE_SECONDS / GLANCE_SECONDS)
OVER: Final = frozenset({"delivered", "denied", "canceled", "deliveryFailed", "partiallyDelivered"})


async def clean_scene(bench: Bench) -> tuple[TrialScene, Made]:
    """Return what was made for the rehearsal, with no access left of the experiment before."""
    if bench.scene is None:
        raise NotPossible("it takes --domain, for the account that it makes")
    made = await bench.scene.ready()
    # Nothing is left of the experiment before.
    await bench.scene.end_access()
    await bench.scene.remove_policies(but=made.policy_id)
    # What was said meanwhile is about no row.
    bench.recorder.taken()
    return bench.scene, made


def _made(bench: Bench) -> Made:
    if bench.scene is None or bench.scene.made is None:
        raise NotPossible("nothing was made for it")
    return bench.scene.made


async def give(
    bench: Bench, policy_id: str, *, package_id: str | None = None, **more: Any
) -> GraphAnswer:
    """Ask Graph for access for the account that was made."""
    made = _made(bench)
    return await bench.calls.send(
        "POST",
        REQUESTS,
        body={
            "requestType": "adminAdd",
            "assignment": {
                "targetId": made.person_id,
                "assignmentPolicyId": policy_id,
                "accessPackageId": package_id or made.package_id,
            },
            "justification": "latchkey rehearse",
            **more,
        },
    )


async def until_over(
    bench: Bench, asked: GraphAnswer, *, also: frozenset[str] = frozenset()
) -> str:
    """Wait until a request is over, or in one of some states; returns its state, or "under way"."""

    async def look() -> str | None:
        read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
        state = str(read.body.get("state") or "")
        return state if state in OVER | also else None

    return await eventually(bench, look) or "under way"


async def given_access(bench: Bench, **more: Any) -> Mapping[str, Any]:
    """Give access, and return the assignment as it is listed."""
    _, made = await clean_scene(bench)
    asked = await give(bench, made.policy_id, **more)
    if not asked.ok:
        raise NotPossible(f"access could not be given: {asked.said}")
    await until_over(bench, asked)
    held: Mapping[str, Any] | None = await eventually(bench, lambda: lists_assignment(bench))
    if held is None:
        raise NotPossible("the assignment was in no list")
    return held


async def lists_request(bench: Bench, asked: GraphAnswer) -> bool:
    """Tell whether the list of requests shows this one."""
    made = _made(bench)
    found = await bench.calls.list(REQUESTS, filter=f"accessPackage/id eq '{made.package_id}'")
    return asked.body["id"] in {each.get("id") for each in found}


async def is_delivered(bench: Bench, asked: GraphAnswer) -> bool:
    """Tell whether a request, read by its id, is delivered."""
    read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
    return read.body.get("state") == "delivered"


async def lists_assignment(
    bench: Bench, *, package_id: str | None = None
) -> Mapping[str, Any] | None:
    """Return the assignment of a package, of the one that was made for all by default, as it is listed once it is delivered."""
    wanted = package_id or _made(bench).package_id
    found = await bench.calls.list(ASSIGNMENTS, filter=f"accessPackage/id eq '{wanted}'")
    return next((each for each in found if each.get("state") == "delivered"), None)


async def eventually(bench: Bench, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
    """Return what *look* finds, as soon as it finds something; None if it never does."""

    async def glance() -> Found | None:
        return await look() or None

    return await until_found(glance, pauses=repeat(GLANCE, GLANCES), sleep=bench.sleep)


async def seconds_until(bench: Bench, look: Callable[[], Awaitable[Any]]) -> float | None:
    """Return how long something took to show, in the steps of the looks."""
    looks = count()

    async def glance() -> float | None:
        waited = next(looks) * GLANCE_SECONDS
        return waited if await look() else None

    return await until_found(glance, pauses=repeat(GLANCE, GLANCES), sleep=bench.sleep)


def shown_seconds(seconds: float | None) -> str:
    """Say a number of seconds; None: never."""
    return "never" if seconds is None else f"{seconds:.0f} s"


def schedule_until(end: datetime) -> dict[str, Any]:
    """Return a schedule that ends then, as Graph takes it."""
    return {
        "startDateTime": None,
        "expiration": {"type": "afterDateTime", "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }


def expiration_of(held: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the end of an assignment, as Graph shows it."""
    schedule = held.get("schedule")
    found = schedule.get("expiration") if isinstance(schedule, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def start_of(held: Mapping[str, Any]) -> datetime | None:
    """Return when an assignment begins, as Graph shows it."""
    schedule = held.get("schedule")
    return read_moment(schedule.get("startDateTime")) if isinstance(schedule, Mapping) else None


def read_moment(text: Any) -> datetime | None:
    """Read a moment of Graph's; None if it is none."""
    if not isinstance(text, str):
        return None
    # More digits than Python reads.
    whole = text.partition(".")[0].rstrip("Z")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC)
