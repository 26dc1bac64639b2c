"""Graph objects as models in v1.0's words, whichever version is spoken."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from graph.beta.versions import Wanted
from graph.calls.batch import Batch, Call
from graph.calls.deadlines import Deadline
from graph.calls.repeated import Repeated
from graph.calls.session import Session
from graph.errors import BadAnswer, GraphError
from graph.sign_in.tokens import TokenSource
from graph.values import GraphModel, folded_id

Model = TypeVar("Model", bound=GraphModel)


@dataclass(frozen=True, kw_only=True)
class Item(Generic[Model]):
    """
    One item of a list: the object, or why it cannot be read.

    Attributes:
        id: Its id; None if not even that could be read.
    """

    id: str | None
    read: Model | BadAnswer


@dataclass(frozen=True, kw_only=True)
class Readable(Generic[Model]):
    """
    The objects of a list that can be read, and the ids of the others.

    Attributes:
        unreadable: Ids of those of which anything is not as Graph's reference promises.
    """

    objects: list[Model]
    unreadable: frozenset[str]


class Objects:
    """
    Reads and writes objects of entitlement management.

    Paths, property names and words are v1.0's throughout; *noun* is a key of
    ``versions.NOUNS``.  Raises what ``Session`` raises.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dialect = session.dialect

    async def all(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        where: Mapping[str, Wanted] | None = None,
        expand: Iterable[str] = (),
        token: TokenSource | None = None,
    ) -> list[Model]:
        """Every object of a list that fulfills *where*."""
        params = self._dialect.params(noun, where=where, expand=expand)
        pages = self._session.pages(self._dialect.path(path), params, token=token)
        return [self._model(noun, model, item) async for item in pages]

    async def all_if_short(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        pages: int,
        where: Mapping[str, Wanted],
        expand: Iterable[str] = (),
        repeated: Mapping[str, type[GraphModel]] | None = None,
    ) -> list[Model] | None:
        """
        Every object of a list that fulfils *where*; None if they are more than so many *pages*.

        Args:
            repeated: Parts that are the same in many items, and what they are: each is read once.
        """
        params = self._dialect.params(noun, where=where, expand=expand)
        parts = Repeated(self._dialect, noun, repeated or {}, read=to_model)
        found: list[Model] = []
        number = 0
        async with aclosing(self._session.whole_pages(self._dialect.path(path), params)) as read:
            async for items, goes_on in read:
                number += 1
                if goes_on and number >= pages:
                    return None
                found += [self._model(noun, model, item, parts=parts) for item in items]
        return found

    async def stream(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        where: Mapping[str, str | None] | None = None,
        expand: Iterable[str] = (),
        repeated: Mapping[str, type[GraphModel]] | None = None,
    ) -> AsyncGenerator[Item[Model], None]:
        """
        Every item of a list, page after page as it comes; one that cannot be read ends nothing.

        Args:
            repeated: Parts that are the same in many items, and what they are: each is read once.
        """
        params = self._dialect.params(noun, where=where, expand=expand)
        parts = Repeated(self._dialect, noun, repeated or {}, read=to_model)
        async for item in self._session.pages(self._dialect.path(path), params):
            named = item.get("id")
            read: Model | BadAnswer
            try:
                read = self._model(noun, model, item, parts=parts)
            except BadAnswer as error:
                read = error
            yield Item(id=folded_id(named) if isinstance(named, str) else None, read=read)

    async def readable(
        self, noun: str, model: type[Model], path: str, *, expand: Iterable[str] = ()
    ) -> Readable[Model]:
        """
        Every object of a list; one that cannot be read hides no other.

        Raises:
            BadAnswer: Of one that cannot be read Graph does not even say which it is.
        """
        found: list[Model] = []
        unreadable: set[str] = set()
        async for item in self.stream(noun, model, path, expand=expand):
            if not isinstance(item.read, BadAnswer):
                found.append(item.read)
            elif item.id is None:
                raise item.read
            else:
                unreadable.add(item.id)
        return Readable(objects=found, unreadable=frozenset(unreadable))

    async def one(
        self,
        noun: str,
        model: type[Model],
        path: str,
        *,
        expand: Iterable[str] = (),
        token: TokenSource | None = None,
    ) -> Model:
        """One object, read now."""
        params = self._dialect.params(noun, expand=expand)
        answer = await self._session.get(self._dialect.path(path), params, token=token)
        return self._model(noun, model, answer)

    async def each(
        self, noun: str, model: type[Model], paths: Iterable[str], *, expand: Iterable[str] = ()
    ) -> list[Model | GraphError]:
        """Many objects in few calls; an error stands for each that could not be read."""
        params = self._dialect.params(noun, expand=expand)
        calls = [
            Call("GET", self._session.address(self._dialect.path(path), params)) for path in paths
        ]
        found: list[Model | GraphError] = []
        for outcome in await Batch(self._session).send(calls):
            if isinstance(outcome, GraphError):
                found.append(outcome)
                continue
            try:
                found.append(self._model(noun, model, outcome))
            except BadAnswer as error:
                found.append(error)
        return found

    async def lists(self, paths: Iterable[str]) -> list[list[dict[str, Any]]]:
        """
        The items of several lists in few calls, as they came; ``read`` makes objects of them.

        Raises:
            GraphError: One of them could not be read.
        """
        asked: list[tuple[str, dict[str, str]]] = [(self._dialect.path(path), {}) for path in paths]
        found: list[list[dict[str, Any]]] = []
        for outcome in await Batch(self._session).lists(asked):
            if isinstance(outcome, GraphError):
                raise outcome
            found.append(outcome)
        return found

    async def where_each(
        self,
        noun: str,
        model: type[Model],
        path: str,
        conditions: Iterable[Mapping[str, str | None]],
        *,
        expand: Iterable[str] = (),
    ) -> list[Model]:
        """
        The objects of a list that fulfill any of *conditions*, each condition asked after the one before, in one call.

        An object that fulfills several comes several times, as it was each time.

        Raises:
            GraphError: One of them could not be asked.
        """
        found: list[Model] = []
        asked = self._filtered(noun, path, conditions, expand)
        for outcome in await Batch(self._session).lists(asked, in_order=True):
            if isinstance(outcome, GraphError):
                raise outcome
            found += [self._model(noun, model, item) for item in outcome]
        return found

    async def where_each_if_few(
        self,
        noun: str,
        model: type[Model],
        path: str,
        conditions: Iterable[Mapping[str, str | None]],
        *,
        expand: Iterable[str] = (),
    ) -> list[Model] | None:
        """
        The same; None as soon as there is more than a page of what fulfills one of *conditions*.

        Raises:
            GraphError: One of them could not be asked.
        """
        found: list[Model] = []
        asked = self._filtered(noun, path, conditions, expand)
        for page in await Batch(self._session).first_pages(asked, in_order=True):
            if isinstance(page, GraphError):
                raise page
            if page.goes_on:
                return None
            found += [self._model(noun, model, item) for item in page.items]
        return found

    def _filtered(
        self,
        noun: str,
        path: str,
        conditions: Iterable[Mapping[str, str | None]],
        expand: Iterable[str],
    ) -> list[tuple[str, dict[str, str]]]:
        expand = tuple(expand)
        return [
            (self._dialect.path(path), self._dialect.params(noun, where=where, expand=expand))
            for where in conditions
        ]

    def read(self, noun: str, model: type[Model], item: dict[str, Any]) -> Model:
        """An item of ``lists`` as an object."""
        return self._model(noun, model, item)

    async def create(
        self,
        noun: str,
        model: type[Model],
        path: str,
        body: dict[str, Any],
        *,
        token: TokenSource | None = None,
        deadline: Deadline | None = None,
    ) -> Model:
        """Post one object, once and before the *deadline*, and return it as Graph has it."""
        said = self._dialect.outgoing(noun, body)
        answer = await self._session.post(
            self._dialect.path(path), said, token=token, deadline=deadline
        )
        return self._model(noun, model, answer, written=True)

    async def replace(self, noun: str, path: str, body: dict[str, Any]) -> None:
        """Put *body* in the place of the whole object."""
        await self._session.put(self._dialect.path(path), self._dialect.outgoing(noun, body))

    async def change(
        self,
        noun: str,
        path: str,
        body: dict[str, Any],
        *,
        token: TokenSource | None = None,
    ) -> None:
        """Change what *body* names and leave the rest."""
        said = self._dialect.outgoing(noun, body)
        await self._session.patch(self._dialect.path(path), said, token=token)

    async def act(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: TokenSource | None = None,
    ) -> None:
        """Post to an action that answers with nothing of interest."""
        await self._session.post(self._dialect.path(path), body, token=token)

    async def asked(
        self, noun: str, model: type[Model], path: str, *, token: TokenSource | None = None
    ) -> list[Model]:
        """Call an action that only answers a question, and return its answer."""
        answer = await self._session.query(self._dialect.path(path), None, token=token)
        found = answer.get("value")
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise BadAnswer("Microsoft Graph sent an answer with no list in it.")
        return [self._model(noun, model, item) for item in found]

    async def delete(self, path: str) -> None:
        """Delete one object."""
        await self._session.delete(self._dialect.path(path))

    def link(self, path: str) -> str:
        """The full address of an object, for a reference."""
        return self._session.link(self._dialect.path(path))

    def _model(
        self,
        noun: str,
        model: type[Model],
        item: dict[str, Any],
        *,
        written: bool = False,
        parts: Repeated | None = None,
    ) -> Model:
        try:
            said = self._dialect.incoming(noun, parts.shared(item) if parts else item)
        except (AttributeError, TypeError, ValueError) as exc:
            # A part of another type than the reference promises.
            raise _unreadable(model, written=written) from exc
        return to_model(model, said, written=written)


def to_model(model: type[Model], item: dict[str, Any], *, written: bool = False) -> Model:
    """
    Return Graph's answer as a model.

    Raises:
        BadAnswer: It is not such an object.
    """
    try:
        return model.model_validate(item)
    except ValidationError as exc:
        raise _unreadable(model, written=written) from exc


def _unreadable(model: type[GraphModel], *, written: bool) -> BadAnswer:
    return BadAnswer(
        f"Microsoft Graph sent something that is no readable {model.__name__}.",
        may_have_happened=written,
    )
