"""Browser of a home on another machine: every verb that reads is asked there; nothing is written and no path comes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar, cast

from ..base.errors import CannotOpen, Damaged, ReadOnly, Unreachable
from ..base.models import UNREADABLE, Batch, Census, Change, Count, Message, Outline, Session, StoredTexts
from ..browse.listed import Listing
from ..browse.listing import listing_of
from ..browse.protocol import Browser
from ..query.filters import passes
from ..query.parse import parse
from . import wire
from .connection import RemoteConnection

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import Check, FirstListing, Hit
    from ..base.remote_address import RemoteAddress
    from ..browse.reading import Piece
    from ..query.ast import Query
    from ..repair.model import DifferenceRow, Operation, Plan, Why

P = ParamSpec("P")
R = TypeVar("R")

BODIES = 32
"""Messages of one answer."""
NO_ANSWER = "no-answer"
"""Id of the row that stands for a home that does not answer."""


def _asked(verb: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[RemoteBrowser, P], R]:
    """A verb of `Browser` that the other machine answers."""
    signature, name = inspect.signature(verb), verb.__name__

    @wraps(verb)
    def _call(browser: RemoteBrowser, /, *args: P.args, **kwargs: P.kwargs) -> R:
        given = dict(signature.bind(browser, *args, **kwargs).arguments)
        del given["self"]
        cancel = given.pop("cancel", None)
        values = browser.values(name, given, cancel)
        return cast("R", values if wire.yields(name) else _only(values))

    return _call


def _only(values: Iterator[object]) -> object:
    found = list(islice(values, 2))
    if len(found) != 1:
        raise Unreachable("the other machine sent a part of an answer")
    return found[0]


class RemoteBrowser:
    """Implements `Browser`; connects with the first request.

    Args:
        name: Its name among others, which `host:` finds besides that of the machine.
        waits: Requests wait until the other machine has answered; else they fail until it has, and the watch says so
            when it does.

    Raises:
        Unreachable: From every verb, where the other machine does not answer.
    """

    def __init__(self, address: RemoteAddress, name: str = "", *, waits: bool = True) -> None:
        self._connection = RemoteConnection(address, waits=waits)
        self.connect = self._connection.start
        self._names = tuple(filter(None, (name, address.name)))

    sessions = _asked(Browser.sessions)
    recent = _asked(Browser.recent)
    session = _asked(Browser.session)
    scope = _asked(Browser.scope)
    chain = _asked(Browser.chain)
    family = _asked(Browser.family)
    named = _asked(Browser.named)
    resolve = _asked(Browser.resolve)
    reading = _asked(Browser.reading)
    pieces = _asked(Browser.pieces)
    session_record = _asked(Browser.session_record)
    records = _asked(Browser.records)
    versions = _asked(Browser.versions)
    carried = _asked(Browser.carried)
    heads = _asked(Browser.heads)
    containing = _asked(Browser.containing)
    stored_texts = staticmethod(StoredTexts.none_of)
    context = _asked(Browser.context)
    file_messages = _asked(Browser.file_messages)
    snapshot_messages = _asked(Browser.snapshot_messages)
    waiting = _asked(Browser.waiting)
    spooled = _asked(Browser.spooled)
    meant = _asked(Browser.meant)
    glance = _asked(Browser.glance)

    def glances(self, *, limit: int = 200) -> Iterator[FirstListing]:
        """The same in one part."""
        yield self.glance(limit=limit)

    survey = _asked(Browser.survey)
    verify = _asked(Browser.verify)
    facts = _asked(Browser.facts)
    all_facts = _asked(Browser.all_facts)
    drift = _asked(Browser.drift)
    check = _asked(Browser.check)
    checks = _asked(Browser.checks)
    census = _asked(Browser.census)
    where = _asked(Browser.where)
    health = _asked(Browser.health)

    _search = _asked(Browser.search)
    _rank = _asked(Browser.rank)
    _oldest = _asked(Browser.oldest)
    _count = _asked(Browser.count)
    _file_sessions = _asked(Browser.file_sessions)
    _outlines = _asked(Browser.outlines)
    _messages = _asked(Browser.messages)
    _problems = _asked(Browser.problems)

    def outlines(self, session_ids: Iterable[str | Session]) -> dict[str, Outline]:
        """Status and first words, by id; rows are read again there."""
        return self._outlines([session if isinstance(session, str) else session.id for session in session_ids])

    def listing(self, *, by_start: bool = False) -> Listing:
        """Every session, all of which are asked for."""
        return listing_of(self, by_start=by_start)

    def beginning(self, session: Session, /) -> Piece | None:  # noqa: ARG002  all of it comes in one answer
        """None: the other machine is asked for the whole session at once."""
        return None

    def values(self, name: str, given: dict[str, Any], cancel: Cancel | None) -> Iterator[Any]:
        """The values of an answer, checked by the types that the verb declares.

        Raises:
            Unreachable: A value has another form.
        """
        args = {key: wire.encoded(value) for key, value in given.items()}
        hint = wire.verb_hints(name)["return"]
        hint = hint.__args__[0] if wire.yields(name) else hint
        for value in self._connection.request(name, args, cancel):
            try:
                yield wire.decoded(value, hint)
            except wire.WrongForm as error:
                raise Unreachable(f"{self._connection.address.name} sent a wrong answer ({error})") from None

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        """Hits, newest first; none where `host:` names another machine."""
        asked = self._of_here(query)
        if asked is None:
            return iter((Batch((), done=True),))
        return self._search(asked, limit=limit, cancel=cancel, after_id=after_id)

    def rank(
        self,
        query: Query | str,
        *,
        limit: int = 20,
        found: Sequence[Hit] | None = None,  # noqa: ARG002  hits of the screen: the other machine searches by itself
        cancel: Cancel | None = None,
    ) -> Batch:
        """The best hits."""
        asked = self._of_here(query)
        return Batch((), done=True) if asked is None else self._rank(asked, limit=limit, cancel=cancel)

    def oldest(self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None) -> Batch:
        """The oldest hits."""
        asked = self._of_here(query)
        return Batch((), done=True) if asked is None else self._oldest(asked, limit=limit, cancel=cancel)

    def count(self, query: Query | str, *, cap: int | None = None, cancel: Cancel | None = None) -> Count:
        """Hits and their sessions."""
        asked = self._of_here(query)
        return Count(0, 0) if asked is None else self._count(asked, cap=cap, cancel=cancel)

    def _of_here(self, query: Query | str) -> Query | str | None:
        """The query without `host:`, of which the other machine knows nothing; None where it names another one."""
        asked = parse(query, now=time.time()) if isinstance(query, str) else query
        if not any(rule.key == "host" for rule in asked.filters):
            return query
        if not passes(asked, "host", self._names):
            return None
        return replace(asked, filters=tuple(rule for rule in asked.filters if rule.key != "host"))

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know; one row that says so where the other machine does not answer."""
        try:
            return self._file_sessions()
        except Unreachable as error:
            return (Session(NO_ANSWER, source="ssh", title=str(error), problem=str(error)),)

    def messages(self, ids: Sequence[int]) -> tuple[Message, ...]:
        """Messages by row id, some at a time; one that is too large for a line is named in its place."""
        pages = (list(ids[start : start + BODIES]) for start in range(0, len(ids), BODIES))
        return tuple(message for page in pages for message in self._bodies(page))

    def _bodies(self, ids: list[int]) -> tuple[Message, ...]:
        try:
            return self._messages(ids)
        except Damaged as error:
            if len(ids) == 1:
                return (Message(ids[0], "", UNREADABLE, text=str(error)),)
        return tuple(message for row in ids for message in self._bodies([row]))

    def own_census(self) -> Census:
        """The census without the other profiles."""
        try:
            return replace(self.census(), profiles=())
        except CannotOpen as error:
            return Census(None, problems=(str(error),))

    def problems(self) -> tuple[str, ...]:
        """A sentence for each part that cannot be read there."""
        try:
            return self._problems()
        except CannotOpen as error:
            return (str(error),)

    def watch(self) -> RemoteWatch:
        """A watch on the other machine."""
        return RemoteWatch(self._connection)

    def plan(self, session_id: str, /, *, merge: bool = False) -> Plan:
        """Raises `ReadOnly`."""
        del session_id, merge
        self._refuse()

    def plans(self, ids: object = None, *, adopt: bool = False, cancel: Cancel | None = None) -> Iterator[Plan]:
        """None."""
        del ids, adopt, cancel
        return iter(())

    def objection(self, session_id: str) -> tuple[Check, Why | None]:
        """Raises `ReadOnly`."""
        del session_id
        self._refuse()

    def difference(self, session_id: str, /, *, merge: bool = False) -> Iterator[DifferenceRow]:
        """Raises `ReadOnly`."""
        del session_id, merge
        self._refuse()

    def operations(self) -> tuple[Operation, ...]:
        """None: repairs are made where the home is."""
        return ()

    def refused(self) -> tuple[Path, ...]:
        """None: no path comes from another machine."""
        return ()

    def replayable(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _refuse(self) -> NoReturn:
        raise ReadOnly(f"sessions on {self._connection.address.name} are only read; repair them there")


class RemoteWatch:
    """Changes since the last poll on the other machine."""

    def __init__(self, connection: RemoteConnection) -> None:
        self._connection = connection

    def poll(self) -> Change | None:
        """Changes since the last poll, or None; all is new where requests failed since then and now there is an answer,
        or where it is said now why there is none.
        """
        missed = self._connection.missed
        try:
            found = _only(self._connection.request("poll", {}))
        except Unreachable as error:
            if missed == self._connection.not_yet != str(error):
                return Change(store=True, replaced=True)
            raise
        if missed:
            self._connection.missed = ""
            return Change(store=True, replaced=True)
        try:
            return cast("Change | None", wire.decoded(found, Change | None))
        except wire.WrongForm:
            raise Unreachable(f"{self._connection.address.name} sent a wrong answer") from None
