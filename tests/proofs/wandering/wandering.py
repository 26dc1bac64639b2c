"""
People who press whatever Slack shows them, in an order that nobody has thought of.

Each step is one that a person could take: type a command, open Home, press a button or choose from a menu that is in
front of them, fill a form, wait.  Now and then somebody changes something in Entra.  After each step it is looked at:

* Slack takes everything that the bot says, and the bot answers Slack.
* Whoever has done something sees something of it.
* No sentence has a hole in it, or a word of the program's.
* Nothing is logged as an error.

In the end, what others were told is compared with what has happened: events (which whoever is told of them has not always taken),
the audit log, the owners' digest, and the report.
"""

import copy
import logging
import random
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from structlog.testing import capture_logs

from sandbox.run import StandIns
from sandbox.tenant import seed
from tests.harness.accounts import SETTINGS as ACCOUNTS
from tests.harness.accounts import registered
from tests.harness.crowd import package_id, person
from tests.harness.loop import simulated
from tests.harness.receiver import SETTINGS as RECEIVER
from tests.harness.receiver import Receiver
from tests.harness.simulation import simulation
from tests.harness.world import begun
from tests.proofs.wandering.judging import judge
from tests.proofs.wandering.looking import Errors, Figures, Lookout
from tests.proofs.wandering.people import COLLEAGUES, Wanderers
from tests.proofs.wandering.told import judge_what_was_told
from tests.slack_limits.taps import listen

PACKAGE_SETTINGS: Final = Path(__file__).parent / "settings.yml"
# Managers may ask for their reports.
FOR_REPORTS: Final = {
    "enableOnBehalfRequestorsToAddAccess": True,
    "onBehalfRequestors": [{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}],
}
# How often a receiver breaks, and what it answers then, how often: never so often that an event is given up.
UPSET: Final = 0.08
ANSWERS: Final = ((503, 1), (429, 3), (302, 1), (500, 2), (400, 1), (404, 5), (410, 1))
LOCALES: Final = ("en-GB", "en-US", "de-DE", "fr-FR", "es-ES", "ja-JP", "pt-BR")


def prepare(outside: StandIns) -> None:
    """The sandbox's examples, more packages that somebody must approve, that managers ask for as well, more people, and accounts that can be connected."""
    outside.tenant.seed_examples()
    outside.workspace.seed_examples()
    registered(outside)
    world = outside.tenant.world
    for number, copied in enumerate((seed.FINANCE_REPORTS, seed.PRODUCTION_DATABASE) * 2):
        made = copy.deepcopy(world.packages[copied])
        made.id, made.display_name = package_id(number), f"Shelf {number:03d}"
        world.packages[made.id] = made
        for policy in map(copy.deepcopy, world.policies_of(copied)):
            policy.id, policy.package_id = made.id.replace("d1", "91", 1), made.id
            policy.settings["requestorSettings"] |= FOR_REPORTS
            world.policies[policy.id] = policy
    for number in range(len(COLLEAGUES)):
        person(outside, number)


def upset(receiver: Receiver, dice: random.Random) -> None:
    """Let whoever is told of events not take the next ones, now and then; an endpoint that is gone is enabled in the end."""
    if not receiver.next_answers and dice.random() < UPSET:
        status, times = dice.choice(ANSWERS)
        receiver.answer(status, times=times)


async def wander(database: Path | str, *, steps: int) -> Figures:
    """Let people do so many things in simulated time, on an empty migrated database."""
    loop = simulated()
    dice = random.Random(loop.seed)  # noqa: S311 - repeatable on purpose
    figures = Figures(seed=loop.seed)

    settings: dict[str, Any] = {
        **ACCOUNTS,
        **RECEIVER,
        "LATCHKEY_PACKAGE_SETTINGS": str(PACKAGE_SETTINGS),
        "GRAPH_API_VERSION": dice.choice(("v1.0", "beta")),
    }
    async with simulation(database) as around:
        around.outside.tenant.world.delivery = timedelta(0)
        prepare(around.outside)
        for somebody in around.outside.workspace.people.values():
            somebody.locale = dice.choice(LOCALES)
        world = await begun(around, **settings)
        lookout = Lookout(world.slack, figures)
        people = Wanderers(world, dice, figures=figures, lookout=lookout)
        errors = Errors(lookout.complain)
        stop = listen(lookout.hear)
        logging.getLogger().addHandler(errors)
        try:
            with capture_logs() as logged:
                await people.ask_for_much()
                for _ in range(steps):
                    await people.step()
                    upset(around.receiver, dice)
                    lookout.look(logged)
                wrong = await judge(world)
                wrong += await judge_what_was_told(world, around.receiver)
                for each in wrong:
                    lookout.complain(each)
        finally:
            logging.getLogger().removeHandler(errors)
            stop()
    return figures
