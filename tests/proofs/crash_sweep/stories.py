"""The stories of the crash sweep, and what must come of each, once, counted at the stand-ins."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.approvals.model import Outcome
from bot.database.audit_log import audit
from sandbox.slack import Message
from sandbox.tenant import seed
from tests.harness.owed import every_request, rows_of
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, MIA, World, labels, said
from tests.proofs.crash_sweep.deeds import (
    asked_in_entra,
    bo_connects,
    both_connect,
    cancel_by_connecting,
    cancel_in_entra,
    cards,
    connect_and_ask,
    connecting,
    delegation,
    denial,
    emergency,
    end_outside,
    extension,
    fresh_sign_in,
    giving_back,
    grant,
    grant_in_entra,
    grant_with_approval,
    in_channel,
    misdelivery,
    monday,
    nudge,
    nudges,
    portal,
    proven_delegation,
    question,
    quorum,
    read,
    reminded,
    reminder,
    reminders,
    removal,
    told,
    two_stages,
    withdrawal,
)


@dataclass(frozen=True, kw_only=True)
class Story:
    """
    What happens before, what is swept, and what there must be once in the end.

    Attributes:
        settings: A file of package settings, in this folder.
        has_accounts: People can connect their Microsoft accounts.
        counted: How often a request was changed by what is no move: an approval that left its stage waiting for more.
    """

    before: Callable[[World], Awaitable[None]] | None = None
    act: Callable[[World], Awaitable[None]]
    ends: tuple[str, ...]
    approvals: int = 0
    counted: int = 0
    settings: str | None = None
    has_accounts: bool = False
    in_graph: Counter[str]
    once: dict[str, Callable[[World], list[Message]]]
    holders: frozenset[str] = frozenset()
    group: str = seed.MARKETING_RESOURCES
    at_home: tuple[str, ...] = ()


FOLDER: Final = Path(__file__).parent
ANN_ALONE: Final = frozenset({seed.ANN})
CARDS: Final = {"card for Bo": cards(BO), "card for the admins": cards(APPROVALS)}

STORIES: Final = {
    "grant": Story(
        act=grant,
        ends=("add delivered",),
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access")},
        holders=ANN_ALONE,
    ),
    "approval": Story(
        act=grant_with_approval,
        ends=("add delivered",),
        approvals=1,
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access"), **CARDS},
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "quorum": Story(
        act=quorum,
        ends=("add delivered",),
        approvals=2,
        counted=1,
        settings="quorum.yml",
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "Ann hears of the first approval": told(ANN, "that is 1 of 2 approvals"),
            **CARDS,
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "two stages": Story(
        act=two_stages,
        ends=("add delivered",),
        approvals=2,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "Ann hears of the first step": told(ANN, "approved step 1 of 2"),
            "card for Mia": cards(MIA),
            "card for Bo": cards(BO),
        },
        holders=ANN_ALONE,
        group=seed.DATABASE_OPERATORS,
    ),
    "nudge": Story(
        before=monday,
        act=nudge,
        ends=("add delivered",),
        approvals=1,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "nudge": nudges(BO),
            "card for the admins": cards(APPROVALS),
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "question": Story(
        act=question,
        ends=("add delivered",),
        approvals=1,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "Ann is asked": told(ANN, "and asks:"),
            "Bo reads the answer": told(BO, "answered your question"),
            "the question is below the card": in_channel("asks <@"),
            "the answer is below the card": in_channel("answers <@"),
            "card for the admins": cards(APPROVALS),
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "emergency": Story(
        act=emergency,
        ends=("add delivered", "remove delivered"),
        settings="emergency.yml",
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={
            "delivered": told(ANN, "You now have access"),
            "the card in the channel": in_channel("has taken access"),
            "the card for Bo": told(BO, "has taken access"),
            "Ann hears of the review": told(ANN, "has been reviewed"),
            "Ann hears of the removal": told(ANN, "was removed by"),
        },
        group=seed.FINANCE_READERS,
    ),
    "delegation": Story(
        act=delegation,
        ends=("add delivered",),
        approvals=1,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "Approved by Cy Chen for Bo Berg"),
            "Cy is told": told(CY, "you may decide for"),
            "card for Cy": cards(CY),
            **CARDS,
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "denial": Story(
        act=denial,
        ends=("add denied",),
        approvals=1,
        in_graph=Counter(),
        once={"denied": told(ANN, "was denied by"), **CARDS},
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "withdrawal": Story(
        act=withdrawal,
        ends=("add canceled",),
        in_graph=Counter(),
        once=CARDS,
        group=seed.FINANCE_READERS,
    ),
    "extension": Story(
        before=reminded,
        act=extension,
        ends=("add delivered", "extend delivered"),
        in_graph=Counter(adminAdd=1, adminUpdate=1),
        once={"delivered": told(ANN, "now lasts"), "reminder": reminders},
        holders=ANN_ALONE,
    ),
    "return": Story(
        before=grant,
        act=giving_back,
        ends=("add delivered", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is thanked": told(ANN, "you have returned")},
    ),
    "removal": Story(
        before=grant,
        act=removal,
        ends=("add delivered", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={
            "Ann is told": told(ANN, "was removed by"),
            "Dana is told": told(DANA, "no longer has access"),
        },
    ),
    "end outside": Story(
        before=grant,
        act=end_outside,
        ends=("add delivered",),
        # Whoever did it there made the removal.
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is told": told(ANN, "was ended in Entra, by no request that I know of")},
    ),
    "reminder": Story(
        before=grant,
        act=reminder,
        ends=("add delivered",),
        in_graph=Counter(adminAdd=1),
        once={"reminder": reminders},
        holders=ANN_ALONE,
    ),
    "Entra decides": Story(
        before=bo_connects,
        act=connect_and_ask,
        ends=("add delivered",),
        approvals=1,
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={
            "Ann is asked to connect": told(ANN, "Please connect your Microsoft account"),
            "delivered": told(ANN, "You now have access"),
            "card for Bo": cards(BO),
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "Entra denies": Story(
        before=both_connect,
        act=denial,
        ends=("add denied",),
        approvals=1,
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={"denied": told(ANN, "denied"), "card for Bo": cards(BO)},
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "decided in the portal": Story(
        before=both_connect,
        act=portal,
        ends=("add delivered",),
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={"delivered": told(ANN, "You now have access"), "card for Bo": cards(BO)},
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "canceled in Entra": Story(
        before=both_connect,
        act=cancel_in_entra,
        ends=("add canceled",),
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={
            "canceled": told(ANN, "is canceled in Microsoft Entra"),
            "card for Bo": cards(BO),
        },
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "connecting": Story(
        act=connecting,
        ends=(),
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(),
        once={"Ann is told": told(ANN, "Your Microsoft account is connected")},
    ),
    "canceled in Entra by connecting": Story(
        before=both_connect,
        act=cancel_by_connecting,
        ends=("add canceled",),
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={
            "Ann is asked to connect": told(ANN, "To cancel your request"),
            "canceled": told(ANN, "is canceled in Microsoft Entra"),
        },
        group=seed.FINANCE_READERS,
    ),
    "given back in Entra": Story(
        before=grant_in_entra,
        act=giving_back,
        ends=("add delivered", "remove delivered"),
        approvals=1,
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1, userRemove=1),
        once={"Ann is thanked": told(ANN, "you have returned")},
        group=seed.FINANCE_READERS,
    ),
    "asked in Entra": Story(
        before=both_connect,
        act=asked_in_entra,
        ends=("add delivered",),
        approvals=1,
        settings="entra.yml",
        has_accounts=True,
        in_graph=Counter(userAdd=1),
        once={
            "Ann is told": told(ANN, "in My Access"),
            "delivered": told(ANN, "You now have access"),
            "card for Bo": cards(BO),
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "fresh sign-in": Story(
        act=fresh_sign_in,
        ends=("add delivered",),
        approvals=1,
        settings="fresh.yml",
        has_accounts=True,
        in_graph=Counter(adminAdd=1),
        once={"delivered": told(ANN, "You now have access"), **CARDS},
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "proven delegation": Story(
        act=proven_delegation,
        ends=("add delivered",),
        approvals=1,
        settings="fresh.yml",
        has_accounts=True,
        in_graph=Counter(adminAdd=1),
        once={
            "delivered": told(ANN, "Approved by Cy Chen for Bo Berg"),
            "Cy is told": told(CY, "you may decide for"),
            "Cy is told of the sign-in": told(CY, "has signed in to Microsoft for letting you"),
            "Bo is told of it": told(BO, "You have signed in to Microsoft for letting"),
            # Bo's may be on its way still when Cy, who has one, approves.
            "card for Cy": cards(CY),
        },
        holders=ANN_ALONE,
        group=seed.FINANCE_READERS,
        at_home=(BO,),
    ),
    "misdelivery": Story(
        act=misdelivery,
        ends=("add failed", "remove delivered"),
        in_graph=Counter(adminAdd=1, adminRemove=1),
        once={"Ann is told": told(ANN, "I could not get you access")},
    ),
}


async def check(story: Story, world: World, lies: list[str]) -> None:
    """Everything that must be so, however often the bot died."""
    assert not lies
    made = Counter(each.request_type for each in world.tenant.world.requests.values())
    assert made == story.in_graph, "assignment requests in Graph"
    assert world.holders(story.group) == story.holders
    clicks = await read(world, rows_of, "decision")
    counted = [each for each in clicks if each["outcome"] == Outcome.ACCEPTED]
    assert len(counted) == story.approvals, "decisions that count"
    for about, messages in story.once.items():
        # What Slack took and nobody could record is found there.
        count = len({each.ts for each in messages(world)})
        assert count == 1, f"{about}: {count} messages"
    sent = {row["ts"] for row in await read(world, rows_of, "notice")}
    for channel in world.slack.channels.values():
        for message in channel.messages:
            if message.ts in sent and "Approve" in labels(message):
                raise AssertionError("a decided request's card still has its buttons")
    for user in (BO, DANA, MIA):
        assert "Approve" not in labels(world.home(user)), "a Home offers what is decided"
    asked_for = await read(world, every_request)
    assert [f"{each.kind} {each.state}" for each in asked_for] == list(story.ends)
    rows = await read(world, audit.rows)
    for request in asked_for:
        path = [
            (each["before"], each["after"])
            for each in rows
            if each["verb"] == "move" and each["request_id"] == request.id
        ]
        assert len(path) + story.counted == request.version, "one audit row for each move"
        assert [before for before, _ in path[1:]] == [after for _, after in path[:-1]]
        assert path[-1][1] == request.state
    chain = await read(world, audit.verify, world.bot.settings.audit_key_bytes)
    assert chain.wrong is None, chain.wrong


# What says that something is done, and the type of the request in Graph that does it.
SAYS_DONE: Final = {
    "You now have access": ("adminAdd", "userAdd"),
    "now lasts": ("adminUpdate", "userUpdate"),
    "was removed by": ("adminRemove",),
}


def watch_for_lies(world: World, lies: list[str]) -> Callable[[], None]:
    """Note every message that says done before Graph has done it."""
    tenant = world.tenant.world

    def look(change: object) -> None:
        open_now = {
            each.request_type for each in tenant.requests.values() if each.completed_at is None
        }
        if any(
            words in said(message) and open_now.intersection(kinds)
            for message in world.direct(ANN)[-1:]
            for words, kinds in SAYS_DONE.items()
        ):
            lies.append(said(world.direct(ANN)[-1]))

    return world.slack.subscribe(look)
