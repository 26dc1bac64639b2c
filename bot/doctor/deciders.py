"""Judge who could decide the stages of a policy, without anybody asking, and count what was judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot import chance, clock
from bot.doctor.model import CheckFinding, CheckSubject, broken, note, warning
from bot.packages.model import Stage
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.requests.model import Kind, Request, State
from graph.errors import GraphError

Subjects = Sequence[Mapping[str, Any]]

# Fewer than these are one vacation away from nobody.
ENOUGH_DECIDERS: Final = 2
# Approvers of these kinds are the same people, whoever asks.
SAME_FOR_ALL: Final = frozenset({"singleuser", "groupmembers"})
# Each of these is one person at most.
MANAGERS: Final = frozenset({"requestormanager", "targetmanager"})


@dataclass(kw_only=True)
class Counts:
    """
    Count what was judged and found well.

    Attributes:
        stages: Stages of approval that two people or more can decide.
        of_the_asker: Stages that managers or sponsors of whoever asks decide.
        unapproved: Policies under which nobody has to approve.
    """

    stages: int = 0
    of_the_asker: int = 0
    unapproved: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            stages=self.stages + other.stages,
            of_the_asker=self.of_the_asker + other.of_the_asker,
            unapproved=self.unapproved + other.unapproved,
        )

    def sentence(self) -> str:
        """Say what is known of who decides, where nothing is wrong."""
        said = (
            (self.stages, "stages that two people or more can decide"),
            (self.of_the_asker, "stages that a manager or sponsors of whoever asks decide"),
            (self.unapproved, "policies under which nobody has to approve"),
        )
        return "; ".join(f"{what}: {number}" for number, what in said if number)


async def judge_stage(
    subject: CheckSubject, name: str, stage: Stage, *, no_admins: str | None, counts: Counts
) -> list[CheckFinding]:
    """
    Count who could decide, up to two, or to as many as must approve.

    Args:
        no_admins: Why no admin decides where nobody else can; None where they do.
    """
    subjects = (*stage.approvers, *stage.fallback)
    if not (*subjects, *stage.escalation, *stage.fallback_escalation):
        if no_admins is None:
            return [note(f"{name}: nobody is named, so the admins decide.")]
        return [broken(f"{name}: nobody is named, and {no_admins}: no request can be approved.")]
    most = max(ENOUGH_DECIDERS, stage.quorum)
    try:
        approvers = Approvers(graph=subject.graph)
        await approvers.check_understood([stage], anybodys_request())
        first = await _either(approvers, stage.approvers, stage.fallback, most=most)
        later = await _either(approvers, stage.escalation, stage.fallback_escalation, most=most)
    except UnresolvedApprovers as error:
        return [warning(f"{name}: who decides cannot be told ({error}).")]
    except GraphError as error:
        return [warning(f"{name}: who decides cannot be read: {error}")]
    is_same_for_all = all(each["kind"] in SAME_FOR_ALL for each in subjects)
    if not is_same_for_all and _can(first, later) >= stage.quorum:
        counts.of_the_asker += 1
        return []
    found = _too_few(name, stage, first, later, no_admins=no_admins)
    counts.stages += not found
    return found


@dataclass(frozen=True, kw_only=True)
class _People:
    """
    Tell who could decide at most.

    Attributes:
        ids: Those who are the same, whoever asks.
        others: So many more at most, of whoever asks: managers.
        unbounded: Sponsors, of whom nobody knows how many there are.
    """

    ids: frozenset[str] = frozenset()
    others: int = 0
    unbounded: bool = False

    def __bool__(self) -> bool:
        return bool(self.ids or self.others or self.unbounded)


def _can(*people: _People) -> float:
    """Return how many different people they are at most."""
    if any(each.unbounded for each in people):
        return float("inf")
    ids = frozenset[str]().union(*(each.ids for each in people))
    return len(ids) + sum(each.others for each in people)


async def _either(approvers: Approvers, first: Subjects, second: Subjects, *, most: int) -> _People:
    """Return the first, or where they are or may be nobody and the second are more, the second."""
    primary = await _people(approvers, first, most=most)
    if primary.ids or not second:
        return primary
    fallback = await _people(approvers, second, most=most)
    return fallback if _can(fallback) > _can(primary) else primary


async def _people(approvers: Approvers, subjects: Subjects, *, most: int) -> _People:
    same = tuple(each for each in subjects if each["kind"] in SAME_FOR_ALL)
    found = (
        await approvers.find(Stage(approvers=same), anybodys_request(), most=most) if same else []
    )
    others = [each["kind"] for each in subjects if each["kind"] not in SAME_FOR_ALL]
    return _People(
        ids=frozenset(each.id for each in found),
        others=sum(kind in MANAGERS for kind in others),
        unbounded=any(kind not in MANAGERS for kind in others),
    )


def _too_few(
    name: str, stage: Stage, first: _People, later: _People, *, no_admins: str | None
) -> list[CheckFinding]:
    can = _can(first, later)
    if can and can < stage.quorum:
        said = f"{name}: {stage.quorum} different people must approve, and only {can:.0f} can"
        if no_admins is None:
            return [warning(f"{said}; the admins give what is missing.")]
        return [broken(f"{said}, and {no_admins}: no request can be approved.")]
    if _can(first) >= ENOUGH_DECIDERS:
        return []
    if first:
        # Whoever reads this need not know who.
        return [warning(f"{name}: only one person can decide.")]
    nobody = f"{name}: nobody whom the policy names is in the directory and enabled"
    if no_admins is None:
        return [warning(f"{nobody}, so only the admins can decide.")]
    if later:
        return [warning(f"{nobody}, so only those whom its escalation names can decide.")]
    return [broken(f"{nobody}, and {no_admins}: no request can be approved.")]


def anybodys_request() -> Request:
    """Return a request that nobody has made: nobody is left out for being whoever asks."""
    return Request(
        id=chance.new_id(),
        kind=Kind.ADD,
        state=State.RECEIVED,
        holder=None,
        asked_by="",
        package_id="",
        package_name="",
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=None,
    )
