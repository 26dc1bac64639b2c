"""Ask for several packages at once: each becomes a request of its own, and what cannot be asked for is said by name."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.database import Busy, Unsure
from bot.errors import LatchkeyError, WrongFields
from bot.packages.model import Package
from bot.packages.settings.model import ReasonRule
from bot.requests.model import AskedTogether
from bot.requests.transactions.creation import Submitted
from bot.words import N_

AskFor = Callable[[Package], Awaitable[Submitted]]


def check_reason(packages: Sequence[tuple[Package, ReasonRule | None]], reason: str | None) -> None:
    """
    Insist that *reason* is enough for each package, before any is asked for.

    Raises:
        WrongFields: It is not; the sentences name the packages.
    """
    wrong = [
        sentence
        for package, rule in packages
        if (sentence := _lacks(package, rule, reason)) is not None
    ]
    if wrong:
        raise WrongFields({"reason": " ".join(wrong)})


def _lacks(package: Package, rule: ReasonRule | None, reason: str | None) -> str | None:
    if rule is not None and not rule.takes(reason):
        return f"{package.name}: {rule.hint}"
    if package.needs_reason and not reason:
        return N_("“{package}”: please say why you need it.").format(package=package.name)
    return None


async def ask_for_each(
    packages: Sequence[Package], ask: AskFor, *, for_other: bool = False
) -> AskedTogether:
    """Ask for each package by itself; that one is refused changes nothing for the others."""
    result = AskedTogether(
        with_forms=[each for each in packages if each.needs_form(for_other=for_other)]
    )
    alone = [each for each in packages if not each.needs_form(for_other=for_other)]
    answers = await asyncio.gather(*map(ask, alone), return_exceptions=True)
    for package, answer in zip(alone, answers, strict=True):
        match answer:
            case Submitted(request=request, created=True):
                result.asked.append(request)
            case Submitted(request=request):
                result.open_before.append(request)
            case LatchkeyError():
                result.refused.append((package, str(answer)))
            case Unsure():
                result.not_known.append(package)
            case Busy():
                result.not_saved.append(package)
            case BaseException():
                raise answer
    return result
