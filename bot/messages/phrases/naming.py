"""Name what a request asks for to whoever made it: the package, and for whom, where that is somebody else."""

from bot.messages.blocks.parts import bold, doer, escape, person
from bot.requests.model import Request, hides_any_decider
from bot.words import _


def name_to_asker(request: Request) -> str:
    """Return the package in bold, "*Marketing*"; of what was asked for somebody else, "*Marketing* for @Cy"."""
    name = bold(request.package_name)
    return _with_person(name, request) if request.is_on_behalf else name


def name_in_row(request: Request, *, reader: str) -> str:
    """Return the package as it stands in a row of others; of what *reader* has asked for somebody else, with whom it is for."""
    name = escape(request.package_name)
    return _with_person(name, request) if is_for_other(request, reader) else name


def is_for_other(request: Request, reader: str) -> bool:
    """Tell whether *reader*, who has asked for it or gets it, is not the one who gets it."""
    return request.is_on_behalf and request.holder != reader


def whom_it_is_for(request: Request) -> str:
    """Return a mention of whoever gets it."""
    return person(request.holder or request.wanted_for, request.holder_name)


def remover(request: Request, by: str, *, begins: bool = False) -> str:
    """
    Name to whoever had access who has removed it; nobody, where they may not see who decides: an emergency's reviewer may have.

    Args:
        request: What removes it, or asks for it again.
        begins: It begins a sentence.
    """
    if not hides_any_decider(request):
        return doer(by)
    return _("Somebody") if begins else _("somebody")


def _with_person(name: str, request: Request) -> str:
    return _("{package} for {person}").format(package=name, person=whom_it_is_for(request))
