"""Texts of the messages that finds have read in the open session: the next find decodes none of them again.

Texts are kept in blocks, one string each, so that a block without a match costs one search in C.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter

from hermes_tui.render.find import Needle, Scope, parts
from store.models import Message

MAX_KEPT = 96 << 20
"""Bytes of memory that kept texts may take; those of 100,000 messages (69 MB) take 80 MB."""
BY_ID = 100
"""Bytes of memory by which the block of a message is found."""
_END = "\0"
"""What ends each text of a block."""


class Spans:
    """Places of the texts of messages in a block."""

    __slots__ = ("_ends", "_ids", "_starts")

    def __init__(self) -> None:
        self._ids, self._starts, self._ends = array("q"), array("Q"), array("Q")

    def add(self, message_id: int, start: int, end: int) -> None:
        """Add the place of a message."""
        self._ids.append(message_id)
        self._starts.append(start)
        self._ends.append(end)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return zip(self._ids, self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def n_bytes(self) -> int:
        """Bytes of memory that they take."""
        return sum(map(sys.getsizeof, (self._ids, self._starts, self._ends)))


class TextBlock:
    """Texts of some messages."""

    __slots__ = ("_spans", "_text", "n_bytes")

    def __init__(self, messages: Iterable[Message]) -> None:
        self._spans = {scope: Spans() for scope in Scope}
        texts: list[str] = []
        start = 0
        for message in messages:
            message_id, first = message.id or 0, start
            for scope, of_scope in groupby(parts(message), key=itemgetter(0)):
                text = _END.join(text for _, text in of_scope)
                if scope is not Scope.ALL:
                    self._spans[scope].add(message_id, start, start + len(text))
                texts.append(text)
                start += len(text) + 1
            self._spans[Scope.ALL].add(message_id, first, start)
        self._text = _END.join([*texts, ""])
        places = sum(spans.n_bytes for spans in self._spans.values()) + BY_ID * len(self._spans[Scope.ALL])
        self.n_bytes = sys.getsizeof(self._text) + places
        """Bytes of memory that the block takes."""

    def counts(self, needle: Needle) -> Mapping[int, int]:
        """Matches by message, in the scope of a needle, where there are some."""
        if (count := _counter(needle, self._text)) is None:
            return {}
        return {of: matches for of, start, end in self._spans[needle.scope] if (matches := count(start, end))}


def _counter(needle: Needle, text: str) -> Callable[[int, int], int] | None:
    """Count of the matches between two places of a text; None where there is no match in all of it."""
    wanted = needle.text
    if needle.ignores_case and not wanted.isascii() and not _has_no_case(wanted):
        pattern = re.compile(re.escape(wanted), re.IGNORECASE)
        return (lambda start, end: len(pattern.findall(text, start, end))) if pattern.search(text) else None
    searched = _lower(text) if needle.ignores_case and wanted.isascii() else text
    return partial(searched.count, wanted) if wanted in searched else None


class FindTexts:
    """Texts that the finds of one session have read."""

    def __init__(self) -> None:
        self._blocks: dict[int, TextBlock] = {}
        self.n_bytes = 0
        """Bytes of memory that they may take."""

    def look(self, needle: Needle) -> Look:
        """Begin a find in what is kept."""
        return Look(needle, {} if _END in needle.text else self._blocks)

    def read(self, messages: Sequence[Message], needle: Needle) -> Mapping[int, int]:
        """Keep the texts of some messages that were not kept; the matches of each that has some."""
        if _END in needle.text:
            return {message.id or 0: matches for message in messages if (matches := needle.count(message))}
        block = TextBlock(messages)
        if self.n_bytes + block.n_bytes <= MAX_KEPT:
            self.n_bytes += block.n_bytes
            self._blocks.update((message.id or 0, block) for message in messages)
        return block.counts(needle)


class Look:
    """One find in kept texts, block by block as messages are asked for."""

    def __init__(self, needle: Needle, blocks: Mapping[int, TextBlock]) -> None:
        self._needle = needle
        self._blocks = blocks
        self._seen: set[TextBlock | None] = {None}
        self._found: dict[int, int] = {}

    def split(self, ids: Sequence[int]) -> tuple[Mapping[int, int], Sequence[int]]:
        """Matches of messages as far as they are known, and those of some messages that are to be read."""
        if not self._blocks:
            return {}, ids
        blocks = dict.fromkeys(map(self._blocks.get, ids))
        for block in blocks.keys() - self._seen:
            if block is not None:
                self._found.update(block.counts(self._needle))
        self._seen |= blocks.keys()
        unread = [message_id for message_id in ids if message_id not in self._blocks] if None in blocks else ()
        return self._found, unread


def _has_no_case(text: str) -> bool:
    return all(unicodedata.category(character) == "Lo" for character in text)


def _lower(text: str) -> str:
    """A text with its ASCII letters in lower case and all others as they are."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
