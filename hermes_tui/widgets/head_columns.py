"""Heads of very many messages in columns: thirty bytes each, a value only for what is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from math import isnan, nan
from typing import overload

from hermes_tui.render.time import HOUR
from store.models import Head

BUILT = 512
"""Heads that are kept as values."""
CALLS, REASONING, ACTIVE, COMPACTED = 1, 2, 4, 8
"""Bits of a head's flags."""


class HeadColumns(Sequence[Head]):
    """Heads in their order; they are only added to."""

    def __init__(self) -> None:
        self.ids = array("q")
        self.times = array("d")
        """Seconds since 1970, NaN where a message has no time."""
        self.flags = bytearray()
        self._sizes = array("q")
        self._kinds = array("I")
        self._names: list[tuple[str, str | None]] = []
        self._numbers: dict[tuple[str, str | None], int] = {}
        """Roles with names of tools, and their numbers in `_kinds`."""
        self._built: dict[int, Head] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Head: ...

    @overload
    def __getitem__(self, index: slice) -> list[Head]: ...

    def __getitem__(self, index: int | slice) -> Head | list[Head]:
        if isinstance(index, slice):
            return [self._head(place) for place in range(*index.indices(len(self.ids)))]
        place = index + len(self.ids) if index < 0 else index
        if (head := self._built.get(place)) is None:
            if len(self._built) >= BUILT:
                self._built.clear()
            head = self._built[place] = self._head(place)
        return head

    def extend(self, heads: Iterable[Head]) -> None:
        """Add heads at the end."""
        for head in heads:
            self.ids.append(head.id)
            self.times.append(nan if head.timestamp is None else head.timestamp)
            self._sizes.append(head.n_bytes)
            self._kinds.append(self._number(head.role, head.tool_name))
            calls, reasoning = CALLS * head.has_calls, REASONING * head.has_reasoning
            self.flags.append(calls | reasoning | ACTIVE * head.active | COMPACTED * head.compacted)

    def of_role(self, role: str) -> Iterable[int]:
        """Indices of the messages of a role."""
        kinds = {number for number, (name, _) in enumerate(self._names) if name == role}
        return (place for place, kind in enumerate(self._kinds) if kind in kinds)

    def is_undone(self, index: int) -> bool:
        """Whether the user undid a message; what a compaction took out of the context is history."""
        return not self.flags[index] & (ACTIVE | COMPACTED)

    def is_result(self, index: int) -> bool:
        """Whether a message is a tool's."""
        return self._names[self._kinds[index]][0] == "tool"

    def has_calls(self, index: int) -> bool:
        """Whether a message calls tools."""
        return bool(self.flags[index] & CALLS)

    def has_calls_above(self, index: int) -> bool:
        """Whether a result at an index would follow calls, with nothing but results between."""
        while index and self.is_result(index - 1):
            index -= 1
        return index > 0 and self.has_calls(index - 1)

    def differs(self, index: int) -> bool:
        """Whether a message is in another state than the one before, or from another hour."""
        if index == 0 or (self.flags[index] ^ self.flags[index - 1]) & (ACTIVE | COMPACTED):
            return True
        time, before = self.times[index], self.times[index - 1]
        return time // HOUR != before // HOUR and not isnan(time - before)

    def is_compacted(self, index: int) -> bool:
        """Whether a compaction in place left a message as history."""
        return self.flags[index] & (ACTIVE | COMPACTED) == COMPACTED

    def _number(self, role: str, tool: str | None) -> int:
        if (number := self._numbers.get((role, tool))) is None:
            number = self._numbers[role, tool] = len(self._names)
            self._names.append((role, tool))
        return number

    def _head(self, place: int) -> Head:
        role, tool = self._names[self._kinds[place]]
        time, flags = self.times[place], self.flags[place]
        return Head(
            self.ids[place],
            role,
            self._sizes[place],
            tool,
            bool(flags & CALLS),
            bool(flags & REASONING),
            bool(flags & ACTIVE),
            bool(flags & COMPACTED),
            None if isnan(time) else time,
        )
