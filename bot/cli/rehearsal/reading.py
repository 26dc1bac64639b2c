"""Experiments that only read in the tenant."""

from collections.abc import Awaitable, Callable
from typing import Final

from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.model import (
    Experiment,
    Observation,
    as_assumed,
    as_hoped,
    otherwise,
    unclear,
)

ENTITLEMENT: Final = "/identityGovernance/entitlementManagement"
GRAPH: Final = "Graph"


async def headers(bench: Bench) -> Observation:
    """Read the catalogs, and look at the headers of all answers so far."""
    await bench.calls.get(f"{ENTITLEMENT}/catalogs", top="1")
    heard = bench.recorder
    said = f"of {heard.answers} answers {heard.with_date} had a Date, and {heard.with_guid} a GUID as request-id"
    return as_hoped(heard.answers == heard.with_date == heard.with_guid, said)


async def several_states(bench: Bench) -> Observation:
    """List requests in two states at once."""
    answer = await bench.calls.get(
        f"{ENTITLEMENT}/assignmentRequests",
        filter="state eq 'submitted' or state eq 'delivering'",
        top="5",
    )
    return as_hoped(answer.ok, f"two states joined by “or”: {answer.said}")


async def partial_states(bench: Bench) -> Observation:
    """List assignments in each of the states that are documented for what is not whole."""
    said, fine = [], True
    for state in ("partiallyDelivered", "delivering", "deliveryFailed"):
        answer = await bench.calls.get(
            f"{ENTITLEMENT}/assignments", filter=f"state eq '{state}'", top="5"
        )
        said.append(f"{state}: {answer.said}")
        fine = fine and answer.ok
    return as_hoped(fine, "; ".join(said))


async def expanded_packages(bench: Bench) -> Observation:
    """List packages with policies and catalog expanded."""
    answer = await bench.calls.get(
        f"{ENTITLEMENT}/accessPackages", expand="catalog,assignmentPolicies"
    )
    more = "@odata.nextLink" in answer.body
    return as_hoped(
        answer.ok,
        f"{answer.said}; a page of {len(answer.items)}{', and more pages' if more else ''}",
    )


async def approver_visibility(bench: Bench) -> Observation:
    """Read the settings for end users, and what policies say of each stage's approvers, in both versions."""
    said, fine = [], True
    for version, calls, policies, stages in (
        ("v1.0", bench.calls, "assignmentPolicies", "stages"),
        ("beta", bench.calls.in_beta, "accessPackageAssignmentPolicies", "approvalStages"),
    ):
        settings = await calls.get(f"{ENTITLEMENT}/controlConfigurations/endUserSettings")
        shows = settings.body.get("showApproverDetailsToMembers")
        listed = await calls.get(f"{ENTITLEMENT}/{policies}", top="50")
        words = [
            str(stage.get("approverInformationVisibility"))
            for each in listed.items
            for stage in (each.get("requestApprovalSettings") or {}).get(stages) or []
        ]
        fine = fine and isinstance(shows, bool) and listed.ok and "None" not in words
        named = ", ".join(sorted(set(words))) or "nothing"
        said.append(
            f"{version}: settings {settings.said}, shown to members: {shows}; {len(words)} stages say {named}"
        )
    return as_hoped(fine, "; ".join(said))


async def batched_reads(bench: Bench) -> Observation:
    """Send two reads in one batch, of which the second depends on the first."""
    requests = [
        {"id": "1", "method": "GET", "url": f"{ENTITLEMENT}/catalogs?$top=1"},
        {"id": "2", "method": "GET", "url": f"{ENTITLEMENT}/catalogs?$top=2", "dependsOn": ["1"]},
    ]
    answer = await bench.calls.send("POST", "/$batch", body={"requests": requests})
    responses = answer.body.get("responses") or []
    statuses = sorted(str(each.get("status")) for each in responses)
    return as_hoped(
        answer.ok and statuses == ["200", "200"],
        f"envelope {answer.said}, inside {', '.join(statuses)}",
    )


async def batched_lists(bench: Bench) -> Observation:
    """Read a package's incompatible packages and groups in one batch."""
    package = await _any_package(bench)
    requests = [
        {
            "id": str(number),
            "method": "GET",
            "url": f"{ENTITLEMENT}/accessPackages/{package}/{what}",
        }
        for number, what in enumerate(
            ("incompatibleAccessPackages", "accessPackagesIncompatibleWith", "incompatibleGroups"),
            1,
        )
    ]
    answer = await bench.calls.send("POST", "/$batch", body={"requests": requests})
    statuses = [str(each.get("status")) for each in answer.body.get("responses") or []]
    return as_hoped(
        answer.ok and statuses == ["200"] * 3, f"envelope {answer.said}, inside {statuses}"
    )


async def department(bench: Bench) -> Observation:
    """Filter people by a department that nobody has, as the bot does."""
    answer = await bench.calls.get(
        "/users", filter="department eq 'latchkey-rehearsal'", select="id", top="5"
    )
    return as_hoped(answer.ok, f"without advanced query parameters: {answer.said}")


async def addresses(bench: Bench) -> Observation:
    """Ask for seven addresses at once, one of them the first that the directory shows, in other capitals."""
    some = await bench.calls.get("/users", select="id,mail,userPrincipalName", top="20")
    known = next((each for each in some.items if each.get("mail")), None)
    if known is None:
        raise NotPossible("nobody on the first page of the directory has an e-mail address")
    address = str(known["mail"])
    bench.forbidden.add(address)
    others = [f"'nobody{number}@{address.partition('@')[2]}'" for number in range(6)]
    quoted = address.swapcase().replace("'", "''")
    literals = ",".join([f"'{quoted}'", *others])
    answer = await bench.calls.get(
        "/users",
        filter=f"mail in ({literals}) or userPrincipalName in ({literals})",
        select="id,mail",
    )
    found = known["id"] in {each.get("id") for each in answer.items}
    return as_hoped(
        answer.ok and found,
        f"seven addresses twice: {answer.said}; found in other capitals: {'yes' if found else 'no'}",
    )


async def proxy_addresses(bench: Bench) -> Observation:
    """Filter by a proxy address without an advanced query, in both spellings of "smtp"."""
    said, fine = [], True
    for prefix in ("smtp", "SMTP"):
        answer = await bench.calls.get(
            "/users",
            filter=f"proxyAddresses/any(p:p eq '{prefix}:nobody@latchkey.invalid')",
            select="id",
        )
        said.append(f"{prefix}: {answer.said}")
        fine = fine and answer.ok
    return as_hoped(fine, "; ".join(said))


async def member_groups(bench: Bench) -> Observation:
    """Ask whether somebody is in some group, with the permissions of the token as it is."""
    people = await bench.calls.get("/users", select="id", top="1")
    groups = await bench.calls.get("/groups", select="id", top="1")
    if not people.items or not groups.items:
        raise NotPossible("there is no user, or no group, that the app may read")
    answer = await bench.calls.send(
        "POST",
        f"/users/{people.items[0]['id']}/checkMemberGroups",
        body={"groupIds": [groups.items[0]["id"]]},
    )
    granted = sorted(await bench.graph.granted.roles() or ())
    return as_hoped(answer.ok, f"{answer.said}{' with ' + ', '.join(granted) if granted else ''}")


async def nested_members(bench: Bench) -> Observation:
    """List the transitive members of a group with properties of users."""
    groups = await bench.calls.get("/groups", select="id", top="1")
    if not groups.items:
        raise NotPossible("there is no group that the app may read")
    answer = await bench.calls.get(
        f"/groups/{groups.items[0]['id']}/transitiveMembers",
        select="id,displayName,userPrincipalName,accountEnabled",
    )
    kinds = {str(each.get("@odata.type", "none")) for each in answer.items}
    said = f"{answer.said}; kinds of members: {', '.join(sorted(kinds)) or 'no members'}"
    if answer.ok and "#microsoft.graph.group" not in kinds:
        return unclear(f"{said}: no group in this group")
    return as_hoped(answer.ok, said)


async def roles_expanded(bench: Bench) -> Observation:
    """Compare the roles that come with a catalog's resources with those that are listed for one."""
    catalogs = await bench.calls.get(f"{ENTITLEMENT}/catalogs", top="20")
    for catalog in catalogs.items:
        path = f"{ENTITLEMENT}/catalogs/{catalog['id']}"
        resources = await bench.calls.get(f"{path}/resources", expand="roles")
        if not resources.ok:
            return otherwise(f"$expand=roles: {resources.said}")
        if resources.items:
            counts = [len(each.get("roles") or ()) for each in resources.items]
            systems = sorted({str(each.get("originSystem")) for each in resources.items})
            return as_assumed(
                f"roles of {len(counts)} resources ({', '.join(systems)}): {counts[:20]}"
            )
    raise NotPossible("no catalog has a resource")


async def self_made_policies(bench: Bench) -> Observation:
    """See which properties policies have in v1.0 that their metadata does not promise for all."""
    answer = await bench.calls.get(f"{ENTITLEMENT}/assignmentPolicies", expand="accessPackage")
    if not answer.items:
        raise NotPossible("there is no policy")
    wanted = ("automaticRequestSettings", "verifiableCredentialSettings", "expiration")
    counts = {name: sum(name in each for each in answer.items) for name in wanted}
    kinds = sorted({str((each.get("expiration") or {}).get("type")) for each in answer.items})
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    said = f"of {len(answer.items)} policies have: {shown}; expirations {', '.join(kinds)}"
    return as_hoped(counts["verifiableCredentialSettings"] == 0, said)


async def _any_package(bench: Bench) -> str:
    answer = await bench.calls.get(f"{ENTITLEMENT}/accessPackages", top="1", select="id")
    if not answer.items:
        raise NotPossible("there is no access package")
    return str(answer.items[0]["id"])


def reads(
    name: str, run: Callable[[Bench], Awaitable[Observation]], question: str, *rows: str
) -> Experiment:
    """Make an experiment that only reads in the tenant."""
    return Experiment(name=name, rows=rows, question=question, service=GRAPH, run=run)


HEADERS: Final = reads(
    "headers",
    headers,
    "Does each answer of Graph's have a Date, and a GUID as request-id?",
    "Whether Graph and Slack send `Date`",
    "Whether the header `request-id`",
)
READING: Final = (
    reads(
        "several-states",
        several_states,
        "May requests be filtered by several states at once?",
        "Whether requests and assignments may be filtered by several states",
    ),
    reads(
        "partial-states",
        partial_states,
        "May assignments be filtered by the states of what is not whole?",
        "What Graph shows of an assignment that is delivered in part",
    ),
    reads(
        "expanded-packages",
        expanded_packages,
        "How large are pages of packages with policies and catalogs?",
        "Page sizes; `$expand` as deep",
    ),
    reads(
        "approver-visibility",
        approver_visibility,
        "Do policies and the tenant say whether approvers are shown?",
        "What a tenant's `endUserSettings` say",
    ),
    reads(
        "batched-reads",
        batched_reads,
        "May reads in one $batch wait for each other?",
        "Whether calls in one `$batch` wait",
    ),
    reads(
        "batched-lists",
        batched_lists,
        "May lists of what is incompatible be read in one $batch?",
        "Whether lists of a package's incompatible packages",
    ),
    reads(
        "department",
        department,
        "May people be filtered by department?",
        "Whether `department eq …` filters",
    ),
    reads(
        "addresses",
        addresses,
        "Does “mail in (…)” find people in any capitals, fourteen values at once?",
        "Whether `mail in (…)",
    ),
    reads(
        "proxy-addresses",
        proxy_addresses,
        "May people be filtered by a proxy address?",
        "`proxyAddresses/any",
    ),
    reads(
        "member-groups",
        member_groups,
        "May the app ask which groups somebody is in?",
        "Which permission `checkMemberGroups`",
    ),
    reads(
        "nested-members",
        nested_members,
        "May members of groups in groups be listed with users' properties?",
        "Whether groups in a group may be listed",
    ),
    reads(
        "roles-expanded",
        roles_expanded,
        "Do a catalog's resources come with all of their roles?",
        "Whether resources with `$expand=roles`",
    ),
    reads(
        "policies",
        self_made_policies,
        "What do policies show in v1.0?",
        "Whether v1.0 shows in any way that a policy asks for a Verified ID",
        "Which policies assign by themselves",
    ),
)
