"""Experiments about what few tenants have: Entra roles, guests of other organizations, attributes, reviews, hours; made where it is there."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.cli.rehearsal.asking import asks
from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.granting import gives
from bot.cli.rehearsal.in_own_name import own_scene
from bot.cli.rehearsal.model import Observation, as_hoped, unclear
from bot.cli.rehearsal.reading import ENTITLEMENT, reads
from bot.cli.rehearsal.redaction import word
from bot.cli.rehearsal.trial_access import REQUESTS, clean_scene
from graph.clouds import my_access_of
from graph.models import (
    AccessPackageQuestion,
    Expiration,
    ReviewSettings,
    SubjectSet,
)

POLICIES: Final = f"{ENTITLEMENT}/assignmentPolicies"
MAKES: Final = "makes a policy of the package made for it, for the account made for it"
WAIT_SECONDS: Final = 900


async def entra_roles(bench: Bench) -> Observation:
    """List the roles of an Entra role in a catalog."""
    async for catalog, resource in _resources(bench):
        if resource.get("originSystem") != "DirectoryRole":
            continue
        roles = await bench.calls.get(
            f"{ENTITLEMENT}/catalogs/{catalog}/resourceRoles",
            filter=f"(originSystem eq 'DirectoryRole' and resource/id eq '{resource.get('id')}')",
            expand="resource",
        )
        names = sorted(word(each.get("displayName")) for each in roles.items)
        known = bool(names) and set(names) <= {"Active", "Eligible"}
        return as_hoped(roles.ok and known, f"{roles.said}: {', '.join(names) or 'none'}")
    raise NotPossible("it takes an Entra role in a catalog")


async def attribute_questions(bench: Bench) -> Observation:
    """Read the question of a resource's attribute without asking for it."""
    async for _, resource in _resources(bench):
        for attribute in resource.get("attributes") or ():
            source = attribute.get("source") or {}
            if "Question" not in str(source.get("@odata.type")):
                continue
            has = bool(source.get("question"))
            return as_hoped(has, f"the attribute comes {'with' if has else 'without'} its question")
    raise NotPossible("it takes an application in a catalog that asks for an attribute")


async def _resources(bench: Bench) -> Any:
    """Yield catalogs' ids and their resources."""
    catalogs = await bench.calls.get(f"{ENTITLEMENT}/catalogs", top="20")
    for catalog in catalogs.items:
        found = await bench.calls.get(f"{ENTITLEMENT}/catalogs/{catalog['id']}/resources")
        for resource in found.items:
            yield catalog["id"], resource


async def subjects(bench: Bench) -> Observation:
    """Read a guest's organization, and a member's."""
    found = {}
    for kind in ("Guest", "Member"):
        people = await bench.calls.get(
            "/users", filter=f"userType eq '{kind}'", select="id", top="5"
        )
        for each in people.items[:5]:
            path = f"{ENTITLEMENT}/subjects(objectId='{each['id']}')"
            answer = await bench.calls.get(path, expand="connectedOrganization")
            if kind not in found or answer.ok:
                has = bool(answer.body.get("connectedOrganization"))
                found[kind] = (
                    answer.status,
                    f"{answer.said}, {'with' if has else 'without'} an organization",
                )
    if "Member" not in found:
        raise NotPossible("there is no member that the app may read")
    said = "; ".join(f"a {kind.lower()}: {text}" for kind, (_, text) in found.items())
    is_readable = found["Member"][0] in (200, 404)
    if "Guest" not in found:
        return unclear(f"{said}; there is no guest")
    return as_hoped(is_readable and found["Guest"][0] in (200, 404), said)


async def hours(bench: Bench) -> Observation:
    """Make a policy whose access lasts four hours, and read it in beta."""
    scene, made = await clean_scene(bench)
    policy = await scene.policy(
        "For hours",
        package_id=made.package_id,
        target=SubjectSet.user(made.person_id),
        expiration=Expiration.after(timedelta(hours=4)),
    )
    first = await bench.calls.get(f"{POLICIES}/{policy.id}")
    read = await bench.calls.in_beta.get(
        f"{ENTITLEMENT}/accessPackageAssignmentPolicies/{policy.id}"
    )
    shown = {
        name: json.dumps(read.body.get(name))[:40]
        for name in ("durationInDays", "expirationDateTime")
    }
    expiration = (first.body.get("expiration") or {}).get("duration")
    said = ", ".join(f"{name} {value}" for name, value in shown.items())
    nothing = not read.body.get("durationInDays") and not read.body.get("expirationDateTime")
    return as_hoped(read.ok and nothing, f"in v1.0 {expiration}; in beta {read.said}: {said}")


async def reviews(bench: Bench) -> Observation:
    """Give a policy an access review, move its start, and take it away."""
    scene, made = await clean_scene(bench)
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    policy = await scene.policy(
        "With a review",
        package_id=made.package_id,
        target=SubjectSet.user(made.person_id),
        review_settings=_review(start + timedelta(days=30), made.person_id),
    )
    said = []
    policy = await bench.graph.policies.get(policy.id)
    moved = policy.model_copy(
        update={"review_settings": _review(start + timedelta(days=60), made.person_id)}
    )
    await bench.graph.policies.replace(moved)
    read = await bench.calls.get(f"{POLICIES}/{policy.id}")
    begins = str(
        (((read.body.get("reviewSettings") or {}).get("schedule")) or {}).get("startDateTime")
    )
    is_moved = begins.startswith(f"{start + timedelta(days=60):%Y-%m-%d}")
    said.append(f"its start is {'moved' if is_moved else 'not moved'}")
    await bench.graph.policies.replace(policy.model_copy(update={"review_settings": None}))
    read = await bench.calls.get(f"{POLICIES}/{policy.id}")
    settings = read.body.get("reviewSettings") or {}
    is_gone = not settings or settings.get("isEnabled") is False
    said.append(f"the review is {'gone' if is_gone else 'still there'}")
    # Latchkey tries, looks, and says if it was not done.
    return as_hoped(is_moved and is_gone, "; ".join(said))


def _review(start: datetime, reviewer: str) -> ReviewSettings:
    return ReviewSettings.model_validate(
        {
            "isEnabled": True,
            "expirationBehavior": "keepAccess",
            "isRecommendationEnabled": False,
            "isReviewerJustificationRequired": False,
            "isSelfReview": False,
            "schedule": {
                "startDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "expiration": {"type": "afterDuration", "duration": "P14D"},
                "recurrence": {
                    "pattern": {"type": "absoluteMonthly", "interval": 3},
                    "range": {"type": "noEnd", "startDate": f"{start:%Y-%m-%d}"},
                },
            },
            "primaryReviewers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": reviewer}
            ],
            "fallbackReviewers": [],
        }
    )


async def portal_choices(bench: Bench) -> Observation:
    """Have the requester choose two in My Access, and read how the portal has sent it."""
    if bench.at_hand is None:
        raise NotPossible("it takes somebody who asks in My Access: --guided")
    own = await own_scene(bench)
    question = AccessPackageQuestion.model_validate(
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "text": "Choose two",
            "isRequired": True,
            "isAnswerEditable": True,
            "isMultipleSelectionAllowed": True,
            "sequence": 0,
            "choices": [
                {
                    "@odata.type": "microsoft.graph.accessPackageAnswerChoice",
                    "actualValue": each,
                    "text": each,
                }
                for each in ("A", "B", "C")
            ],
        }
    )
    await own.policy("With choices", questions=[question])
    before = {each["id"] for each in await _asked_for(bench, own.made.package_id)}
    root = my_access_of(bench.calls.root.removesuffix("/v1.0")) or "My Access, with"
    await bench.at_hand.show(
        f"As the requester, open {root}#/access-packages/{own.made.package_id}, ask for the package, and choose A and B."
    )
    asked = None
    for _ in range(WAIT_SECONDS // 5):
        listed = await _asked_for(bench, own.made.package_id)
        asked = next((each for each in listed if each["id"] not in before), None)
        if asked is not None:
            break
        await bench.sleep(5)
    if asked is None:
        return unclear("no request came within fifteen minutes")
    read = await bench.calls.get(f"{REQUESTS}/{asked['id']}")
    answers = read.body.get("answers") or ()
    questions = {str((each.get("answeredQuestion") or {}).get("id")) for each in answers}
    said = f"two choices came as {len(answers)} answers of {len(questions)} question"
    return as_hoped(len(answers) == 2 and len(questions) == 1, said)


async def _asked_for(bench: Bench, package_id: str) -> list[Mapping[str, Any]]:
    """List what people have asked for themselves of a package."""
    listed = await bench.calls.list(REQUESTS, filter=f"accessPackage/id eq '{package_id}'")
    return [each for each in listed if each.get("requestType") == "userAdd"]


RARELY_READ: Final = (
    reads(
        "entra-roles",
        entra_roles,
        "What are the roles of an Entra role in a catalog called?",
        "Whether `roles` of an Entra role in a catalog",
    ),
    reads(
        "attribute-questions",
        attribute_questions,
        "Does a resource's attribute come with its question?",
        "Whether v1.0 answers with the question of a resource's attribute",
    ),
    reads(
        "subjects",
        subjects,
        "May the organizations of guests and members be read?",
        "Whether `subjects(objectId=…)` may be read",
    ),
)
RARELY_MADE: Final = (
    gives(
        "hours",
        hours,
        "What does beta say of a policy whose access lasts hours?",
        "What beta says of a policy whose access lasts hours",
        writes=MAKES,
    ),
    gives(
        "reviews",
        reviews,
        "May an access review's start be moved, and the review be taken away?",
        "Whether Entra lets an access review be taken away",
        writes=MAKES,
    ),
    asks(
        "portal-choices",
        portal_choices,
        "How does My Access send an answer of several choices?",
        "How Entra's own portal sends an answer of several choices",
        writes="has you ask in My Access as the requester, and takes the access away",
        is_guided=True,
    ),
)
