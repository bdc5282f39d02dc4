"""Ids in the order of the list, in chunks that one order and the next share, and the rows behind them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import TypeAlias, overload

from hermes_tui.state.rows import SessionRow

CHUNK = 512
"""Ids of a chunk at least, at most twice as many; what a page costs is a few chunks."""
Place: TypeAlias = tuple[float, str]
"""Sort key and id."""


class _Chunk:
    """Ids with their sort keys, ascending; it stays as it is."""

    __slots__ = ("ids", "keys")

    def __init__(self, places: Sequence[Place]) -> None:
        self.keys = array("d", (key for key, _ in places))
        self.ids = [session_id for _, session_id in places]


class OrderedIds(Sequence[str]):
    """Ids by their sort keys; a change makes another one, whose cost is that of the chunks that it changes."""

    __slots__ = ("_chunks", "_ends")

    def __init__(self, chunks: Sequence[_Chunk] = ()) -> None:
        self._chunks = chunks
        self._ends = [*accumulate(len(chunk.ids) for chunk in chunks)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(chunk.ids for chunk in self._chunks)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            wanted = range(len(self))[at]
            return [*self][at] if len(wanted) > CHUNK else [self[place] for place in wanted]
        place = range(len(self))[at]
        number = bisect_right(self._ends, place)
        return self._chunks[number].ids[place - self._ends[number]]

    def __contains__(self, session_id: object) -> bool:
        return any(session_id in chunk.ids for chunk in self._chunks)

    def index(self, session_id: str, start: int = 0, stop: int | None = None) -> int:
        """The place of an id; ValueError where there is none from `start` on and before `stop`."""
        before = 0
        for chunk in self._chunks:
            if session_id in chunk.ids:
                return range(len(self))[start:stop].index(before + chunk.ids.index(session_id)) + start
            before += len(chunk.ids)
        raise ValueError(session_id)

    def changed(self, gone: Iterable[Place], come: Iterable[Place]) -> OrderedIds:
        """Another order without some ids, at the places that they have here, and with others."""
        lasts = [(chunk.keys[-1], chunk.ids[-1]) for chunk in self._chunks[:-1]]
        dropped: defaultdict[int, set[str]] = defaultdict(set)
        added: defaultdict[int, list[Place]] = defaultdict(list)
        for place in gone:
            dropped[bisect_left(lasts, place)].add(place[1])
        for place in come:
            added[bisect_left(lasts, place)].append(place)
        chunks = [*self._chunks] or [_Chunk(())]
        for number in sorted({*dropped, *added}, reverse=True):
            before, without = chunks[number], dropped[number]
            left = [place for place in zip(before.keys, before.ids, strict=True) if place[1] not in without]
            chunks[number : number + 1] = _split(sorted([*left, *added[number]]))
        return OrderedIds([chunk for chunk in chunks if chunk.ids])


def _split(places: Sequence[Place]) -> list[_Chunk]:
    size = CHUNK if len(places) > 2 * CHUNK else 2 * CHUNK
    return [_Chunk(places[start : start + size]) for start in range(0, len(places), size)]


class Rows(Sequence[SessionRow]):
    """Rows of ids, each as it is when it is asked for.

    Args:
        ids: In the order of the list.
        row: Knows the row of an id; None for one that is gone.
    """

    __slots__ = ("ids", "row")

    def __init__(self, ids: Sequence[str], row: Callable[[str], SessionRow | None]) -> None:
        self.ids = ids
        self.row = row

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[SessionRow]:
        return (row for session_id in self.ids if (row := self.row(session_id)) is not None)

    @overload
    def __getitem__(self, at: int) -> SessionRow: ...
    @overload
    def __getitem__(self, at: slice) -> Rows: ...
    def __getitem__(self, at: int | slice) -> SessionRow | Rows:
        if isinstance(at, slice):
            return Rows(self.ids[at], self.row)
        if (row := self.row(self.ids[at])) is None:
            raise LookupError(self.ids[at])
        return row
