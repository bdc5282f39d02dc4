"""Find in the open transcript: chunk by chunk of its messages, by texts that are kept or read for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from hermes_tui.feed import answers
from hermes_tui.render.find import Needle
from hermes_tui.render.find_texts import IN_CHUNK, Chunk, FindTexts, chunk_of
from store import Browser
from store.base.late_dataclass import dataclass, field
from store.models import Message, StoredTexts

FEW = 24
"""Messages of a chunk that are read by themselves, where no others may have the text."""
RARE = 3
"""Characters of a text that may be rare; a shorter one is in nearly every chunk."""
MOST_AT_ONCE = 8 << 20
"""Bytes of messages whose texts are kept together, beside those that are joined."""
AT_ONCE = 256
"""Messages that are read at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Messages that a find looks through."""

    ids: Sequence[int]
    """Of the whole transcript."""
    needle: Needle
    ranges: Sequence[range] = ()
    """Places in it, the first ones first."""
    some: Sequence[int] = ()
    """A few messages before these."""
    kept: Mapping[int, Message] = field(default_factory=dict)
    """Bodies that cannot be requested."""
    texts: FindTexts = field(default_factory=FindTexts)

    def steps(self) -> Iterator[tuple[int, range]]:
        """Places of chunks, and which messages of each are looked through."""
        for places in self.ranges:
            at = places.start
            while at < places.stop:
                place = at - at % IN_CHUNK
                end = min(place + IN_CHUNK, places.stop)
                yield place, range(at, end)
                at = end

    def counts(self, db: Browser, place: int) -> Mapping[int, int]:
        """Matches by message in the chunk at a place, where there are some."""
        ids = self.ids[place : place + IN_CHUNK]
        chunk = self.texts.chunk(place, len(ids))
        if "\0" in self.needle.text:
            return self.read(db, ids)
        if chunk is None:
            likely = self._likely(db, ids)
            if len(likely) <= FEW:
                return self.read(db, likely)
            chunk = self._chunk(db, ids)
            if chunk is None:
                return self.read(db, likely)
            self.texts.keep(place, chunk)
        return chunk.counts(self.needle, lambda: self._stored(db, ids, replies_only=True))

    def read(self, db: Browser, ids: Collection[int]) -> Mapping[int, int]:
        """Matches of messages that are read by themselves."""
        return {body.id or 0: matches for body in self._bodies(db, ids) if (matches := self.needle.count(body))}

    def learn(self, db: Browser) -> Iterator[None]:
        """Read what was not read yet as far as there is room, and keep the words of everything."""
        for place in range(0, len(self.ids), IN_CHUNK):
            ids = self.ids[place : place + IN_CHUNK]
            if self.texts.chunk(place, len(ids)) is None:
                chunk = self._chunk(db, ids, joined_only=True)
                if chunk is not None and not self.texts.keep(place, chunk, drops=True):
                    return
            self.texts.learn(place)
            yield

    def _likely(self, db: Browser, ids: Sequence[int]) -> Collection[int]:
        """Those of some messages that may have a match."""
        if not self.needle.stored_as or len(self.needle.text) < RARE:
            return ids
        stored = [message_id for message_id in ids if message_id not in self.kept] if self.kept else ids
        return db.containing(stored, self.needle.stored_as).union(self.kept.keys() & ids)

    def _stored(self, db: Browser, ids: Sequence[int], *, replies_only: bool = False) -> StoredTexts:
        stored = [message_id for message_id in ids if message_id not in self.kept] if self.kept else ids
        return db.stored_texts(stored, replies_only=replies_only)

    def _chunk(self, db: Browser, ids: Sequence[int], *, joined_only: bool = False) -> Chunk | None:
        """The texts of some messages; None where they are too much at once, or `joined_only` and none is."""
        stored = self._stored(db, ids)
        if stored.others_bytes > MOST_AT_ONCE or (joined_only and len(stored.others) + len(self.kept) >= len(ids)):
            return None
        return chunk_of(len(ids), stored, self._bodies(db, [*stored.others, *(self.kept.keys() & ids)]))

    def _bodies(self, db: Browser, ids: Collection[int]) -> Iterator[Message]:
        yield from (self.kept[message_id] for message_id in ids if message_id in self.kept)
        stored = [message_id for message_id in ids if message_id not in self.kept]
        for start in range(0, len(stored), AT_ONCE):
            yield from db.messages(stored[start : start + AT_ONCE])


def found(wanted: Wanted, db: Browser, generation: int) -> Iterator[answers.Answer]:
    """Matches in reading order from the first range on; then texts are read ahead for the next find."""
    for start in range(0, len(wanted.some), AT_ONCE):
        ids = wanted.some[start : start + AT_ONCE]
        yield _arrived(generation, ids, wanted.read(db, ids))
    for place, places in wanted.steps():
        counts = wanted.counts(db, place)
        yield _arrived(generation, wanted.ids[places.start : places.stop], counts)
    yield answers.FoundArrived(generation, (), True)
    yield from read_ahead(wanted, db, generation)


def read_ahead(wanted: Wanted, db: Browser, generation: int) -> Iterator[answers.Answer]:
    """Read the texts that a find will need."""
    for _ in wanted.learn(db):
        yield answers.LookedThrough(generation)


def _arrived(generation: int, ids: Sequence[int], counts: Mapping[int, int]) -> answers.Answer:
    having = [*filter(counts.__contains__, ids)] if counts else []
    if not having:
        return answers.LookedThrough(generation)
    return answers.FoundArrived(generation, tuple(zip(having, map(counts.__getitem__, having), strict=True)), False)
