"""Texts of the messages that finds have read in the open session, in blocks: most finds look at a few of them.

A block is one string of bytes, which is searched in C. Its words are kept beside it, each once: a block without a
word of the find is not looked at, and one of answers, which are as quickly read again, may be dropped.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, islice, pairwise, repeat

from hermes_tui.render.find import Needle, Scope, decoded, parts
from store.base.late_dataclass import dataclass
from store.formats.message_codec import shown_calls
from store.models import END_OF_TEXT, JoinedTexts, Message, StoredTexts

MAX_KEPT = 80 << 20
"""Bytes of memory that kept texts may take."""
IN_CHUNK = 1_024
"""Messages whose texts are read and kept together."""
IN_BLOCK = 1 << 19
"""Characters of a block, beyond which another one is begun: each is looked through in one go, without the others."""
FEW = 16
"""Matches in a block that are looked up one by one."""
_END = END_OF_TEXT.encode()


class TextBlock:
    """Texts of some messages that are looked through in one scope.

    Args:
        scope: Theirs.
        ids: Of the messages.
        texts: One of each.
        run: Where they are in what is stored; None for what is not read again: little of it, or decoded.
    """

    __slots__ = ("_ids", "_starts", "_text", "_words", "n_bytes", "run", "scope")

    def __init__(
        self,
        scope: Scope,
        ids: Iterable[int],
        texts: Sequence[str],
        run: Run | None = None,
    ) -> None:
        self.scope, self.run = scope, run
        self._ids = array("q", ids)
        joined = END_OF_TEXT.join(texts)
        self._text: bytes | None = joined.encode("utf-8", "surrogatepass")
        lengths = map(len, texts) if joined.isascii() else map(_n_bytes, texts)
        self._starts = array("L", accumulate((length + len(_END) for length in lengths), initial=0))
        """Where each text begins, and where one more would."""
        self._words: bytes | None = None
        self.n_bytes = sum(map(sys.getsizeof, (self._ids, self._starts, self._text)))
        """Bytes of memory that the block takes."""

    @property
    def is_kept(self) -> bool:
        """Whether the texts are here, and not only their words."""
        return self._text is not None

    def learn(self) -> None:
        """Keep each word once, unless that is nearly all of the text, or one text is very long."""
        if self._words is None and self._text is not None and len(self._text) <= 4 * IN_BLOCK:
            words = b" ".join(set(self._text.replace(b"\0", b" ").split()))
            if len(words) < len(self._text) // 2:
                self._words = words
                self.n_bytes += sys.getsizeof(words)

    def drop(self) -> None:
        """Keep the words alone."""
        self.learn()
        self.n_bytes -= sys.getsizeof(self._text)
        self._text = None

    def may_have(self, word: bytes, *, in_any_case: bool) -> bool:
        """False where no word of the block has another one in it."""
        return self._words is None or word in (self._words.lower() if in_any_case else self._words)

    def counts(self, needle: Needle) -> Mapping[int, int]:
        """Matches by message, where there are some."""
        wanted, text = needle.text.encode("utf-8", "surrogatepass"), self._text or b""
        if _has_other_case(needle):
            return self._counts_in_any_case(text, needle)
        if needle.ignores_case and needle.text.isascii():
            text = text.lower()
        if len(few := _few(text, wanted)) <= FEW:
            return Counter(self._ids[bisect_right(self._starts, place) - 1] for place in few)
        counts = map(text.count, repeat(wanted), self._starts, islice(self._starts, 1, None))
        return {of: matches for of, matches in zip(self._ids, counts, strict=True) if matches}

    def _counts_in_any_case(self, text: bytes, needle: Needle) -> Mapping[int, int]:
        pattern = re.compile(re.escape(needle.text), re.IGNORECASE)
        if not pattern.search(text.decode("utf-8", "surrogatepass")):
            return {}
        texts = (text[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(self._starts))
        counts = (len(pattern.findall(part)) for part in texts)
        return {of: matches for of, matches in zip(self._ids, counts, strict=True) if matches}


def _n_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _few(text: bytes, wanted: bytes) -> Sequence[int]:
    """Places of the first matches: of all, where there are few."""
    places: list[int] = []
    end = 0
    while len(places) <= FEW and (place := text.find(wanted, end)) >= 0:
        places.append(place)
        end = place + len(wanted)
    return places


class Chunk:
    """Texts of neighbouring messages."""

    __slots__ = ("blocks", "size")

    def __init__(self, size: int, blocks: Iterable[TextBlock]) -> None:
        self.size = size
        """Messages of which it has the texts."""
        self.blocks = tuple(blocks)

    def counts(self, needle: Needle, read: Callable[[], StoredTexts]) -> Mapping[int, int]:
        """Matches by message, where there are some.

        Args:
            needle: Without a NUL.
            read: Reads the answers again of which the words are here alone.
        """
        word, again = _longest_word(needle), _Again(read)
        found: dict[int, int] = {}
        for block in self.blocks:
            if needle.looks_in(block.scope) and block.may_have(word, in_any_case=needle.ignores_case):
                searched = block if block.is_kept or block.run is None else again.block(block.scope, block.run)
                counts = searched.counts(needle)
                if twice := found.keys() & counts.keys():
                    counts = {**counts, **{of: counts[of] + found[of] for of in twice}}
                found.update(counts)
        return found

    @property
    def n_bytes(self) -> int:
        """Bytes of memory that it takes."""
        return sum(block.n_bytes for block in self.blocks)


def chunk_of(size: int, stored: StoredTexts, others: Iterable[Message]) -> Chunk:
    """Texts of so many messages: as they are stored, and of those that were read by themselves."""
    decoded_texts: dict[Scope, dict[int, list[str]]] = {scope: {} for scope in Scope}
    tools = decoded_texts[Scope.TOOLS]
    for message_id, text in zip(stored.results.ids, _texts(stored.results), strict=True):
        tools[message_id] = decoded(text)
    for message_id, text in zip(stored.calls.ids, _texts(stored.calls), strict=True):
        for call in shown_calls(text):
            tools.setdefault(message_id, []).extend((call.name, *decoded(call.arguments)))
    for message in others:
        for scope, text in parts(message):
            decoded_texts[scope].setdefault(message.id or 0, []).append(text)
    blocks = [
        *_blocks(Scope.PROMPTS, stored.prompts.ids, _texts(stored.prompts)),
        *_blocks(Scope.REPLIES, stored.replies.ids, _texts(stored.replies), "replies"),
        *_blocks(Scope.REPLIES, stored.reasoning.ids, _texts(stored.reasoning), "reasoning"),
    ]
    for scope, texts in decoded_texts.items():
        blocks += _blocks(scope, [*texts], [*map("\0".join, texts.values())])
    return Chunk(size, blocks)


@dataclass(frozen=True, slots=True)
class Run:
    """Some texts of one kind."""

    kind: str
    """The field of `StoredTexts`."""
    places: slice


class _Again:
    """Texts that are read again for one find."""

    def __init__(self, read: Callable[[], StoredTexts]) -> None:
        self._stored = cache(read)
        self._texts = cache(lambda kind: _texts(getattr(self._stored(), kind)))

    def block(self, scope: Scope, run: Run) -> TextBlock:
        """A block as it was before its texts were dropped."""
        joined: JoinedTexts = getattr(self._stored(), run.kind)
        return TextBlock(scope, joined.ids[run.places], self._texts(run.kind)[run.places], run)


def _blocks(scope: Scope, ids: Sequence[int], texts: Sequence[str], kind: str = "") -> Iterator[TextBlock]:
    """Blocks of texts, none of more characters than `IN_BLOCK` unless it has one text."""
    start = size = 0
    for place, text in enumerate(texts):
        if size and size + len(text) > IN_BLOCK:
            yield _block(scope, ids, texts, kind, slice(start, place))
            start, size = place, 0
        size += len(text)
    if ids:
        yield _block(scope, ids, texts, kind, slice(start, len(ids)))


def _block(scope: Scope, ids: Sequence[int], texts: Sequence[str], kind: str, places: slice) -> TextBlock:
    return TextBlock(scope, ids[places], texts[places], Run(kind, places) if kind else None)


def _texts(joined: JoinedTexts) -> list[str]:
    """They have no NUL: to split at single ones takes a third of the time."""
    return joined.text.split("\0")[:: len(END_OF_TEXT)] if joined.ids else []


class FindTexts:
    """Texts that the finds of one session have read, chunk by chunk of its messages in their order."""

    def __init__(self) -> None:
        self._chunks: dict[int, Chunk] = {}
        self._droppable: deque[TextBlock] = deque()
        self.n_bytes = 0
        """Bytes of memory that they take."""

    def chunk(self, place: int, size: int) -> Chunk | None:
        """The texts of so many messages from a place on, None where they were not read or others than these."""
        chunk = self._chunks.get(place)
        return chunk if chunk is not None and chunk.size == size else None

    def keep(self, place: int, chunk: Chunk, *, drops: bool = False) -> bool:
        """Keep the texts from a place on; False where there is no room, even if answers are dropped where it `drops`
        any."""
        self._forget(place)
        if not (self._has_room(chunk.n_bytes) if drops else self.n_bytes + chunk.n_bytes <= MAX_KEPT):
            return False
        self._chunks[place] = chunk
        self.n_bytes += chunk.n_bytes
        self._droppable.extend(block for block in chunk.blocks if block.run is not None)
        return True

    def learn(self, place: int) -> None:
        """Keep each word of the texts from a place on once, if they are kept."""
        chunk = self._chunks.get(place)
        for block in chunk.blocks if chunk else ():
            self._change(block, TextBlock.learn)
        if not self._has_room():
            self._forget(place)

    def _forget(self, place: int) -> None:
        if (chunk := self._chunks.pop(place, None)) is not None:
            self.n_bytes -= chunk.n_bytes
            self._droppable = deque(block for block in self._droppable if block not in chunk.blocks)

    def _has_room(self, n_bytes: int = 0) -> bool:
        """Whether there is room for some more bytes, once texts are dropped for them that can be."""
        while self.n_bytes + n_bytes > MAX_KEPT and self._droppable:
            self._change(self._droppable.popleft(), TextBlock.drop)
        return self.n_bytes + n_bytes <= MAX_KEPT

    def _change(self, block: TextBlock, change: Callable[[TextBlock], None]) -> None:
        self.n_bytes -= block.n_bytes
        change(block)
        self.n_bytes += block.n_bytes


def _longest_word(needle: Needle) -> bytes:
    """A word that a text with a match has in one of its own; none where letters have other forms."""
    if _has_other_case(needle):
        return b""
    return max(needle.text.encode("utf-8", "surrogatepass").split(), key=len, default=b"")


def _has_other_case(needle: Needle) -> bool:
    """Whether a text that matches may have other letters than those of ASCII in another case."""
    letters = needle.text if needle.ignores_case and not needle.text.isascii() else ""
    return any(unicodedata.category(character) != "Lo" for character in letters)
