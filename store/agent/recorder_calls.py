"""Calls of a recorder that are not stored yet, and what it knows between two calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.late_dataclass import dataclass, replace
from ..files.outbox import Pending, PendingCall, PendingRecorder
from ..formats import continuation
from . import recorder_keys
from .held_messages import HeldMessages, hold, identities, storable
from .recorder_keys import Author, RecordedCall


@dataclass(frozen=True, slots=True)
class Call:
    """Messages of one call that are not stored yet."""

    key: str
    held: HeldMessages
    """The whole list, without messages that cannot be stored."""
    places: Sequence[int] | None = None
    """Indexes of its new messages; None for a first list, which is compared with what is stored."""
    base: HeldMessages | None = None
    """The list before it, where it does not continue that one: some of its rows may have been undone."""

    @property
    def is_empty(self) -> bool:
        """True where the list before it has all its messages."""
        return self.places is not None and not self.places


@dataclass(frozen=True, slots=True)
class RecorderState:
    """What a recorder knows; replaced as a whole, so that an interrupt leaves the one before or the one after."""

    base: HeldMessages | None = None
    """The list that was handed over last; None before the first."""
    waiting: tuple[Call, ...] = ()
    number: int = 0
    """Calls so far."""
    stored_key: str = ""
    """Key of the last call that was stored, "" for none."""
    refused: bool = False
    """The last write failed; another program may have replayed the messages since."""
    doubtful: bool = False
    """It failed for more than a lock: what was stored before may be lost."""
    replayed: bool = False
    """The messages are from a file: the agent may have been started again since."""

    def handed_over(self, held: HeldMessages, author: Author) -> RecorderState:
        """The state once a list was handed over: it is the base, and its new messages wait."""
        number, base = self.number + 1, None if self.base is None else storable(self.base)
        call = _call(storable(held), base, author, number)
        waiting = self.waiting if call.is_empty else (*self.waiting, call)
        return replace(self, base=held or self.base, waiting=waiting, number=number)

    def stored(self, key: str | None) -> RecorderState:
        """The state once the first waiting call is stored, with this key or, where nothing of it was new, without."""
        if key is None:
            return replace(self, waiting=self.waiting[1:])
        return replace(self, waiting=self.waiting[1:], stored_key=key, doubtful=False)

    def pending(self, author: Author) -> PendingRecorder:
        """What a replay has to know besides the whole lists."""
        calls = tuple(PendingCall(call.key, place, len(call.held), call.places) for place, call in self._placed())
        return PendingRecorder(author.writer, author.instance, self.stored_key, self.doubtful, calls)

    def whole_lists(self) -> list[HeldMessages]:
        """The waiting lists, without those that a later one continues."""
        return list({place: call.held for place, call in self._placed()}.values())

    def _placed(self) -> Iterator[tuple[int, Call]]:
        """The waiting calls, each with the index of its whole list."""
        place, before = -1, None
        for call in self.waiting:
            if before is None or not continuation.continues(identities(before), identities(call.held)):
                place += 1
            before = call.held
            yield place, call


def owed(pending: Pending) -> tuple[Author, RecorderState]:
    """The recorder whose messages are in a file of the outbox."""
    known = pending.recorder
    author = Author(known.writer, known.instance or recorder_keys.new_instance())
    state = RecorderState(stored_key=known.stored_key, refused=True, doubtful=known.doubtful, replayed=True)
    lists = [hold(messages, ()) for messages in pending.conversations]
    if not known.calls:
        for held in lists:
            state = state.handed_over(held, author)
        return author, state
    waiting = (Call(call.key, lists[call.conversation][: call.length], call.places) for call in known.calls)
    return author, replace(state, waiting=tuple(waiting))


def _call(held: HeldMessages, base: HeldMessages | None, author: Author, number: int) -> Call:
    names = identities(held)
    key = RecordedCall(author, number, len(names), recorder_keys.digest(names)).key
    if base is None:
        return Call(key, held)
    before = identities(base)
    places = continuation.new_places(before, names)
    return Call(key, held, places, None if continuation.continues(before, names) else base)
