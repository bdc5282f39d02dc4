"""The messages of a transcript in their order: sections, results behind their calls, what was taken back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from store.models import Head

RUN = 128
"""Results behind a message that are looked through for its calls."""


@dataclass(frozen=True, slots=True)
class Section:
    """A session of a lineage, or a part of one that was read."""

    session_id: str
    heads: tuple[Head, ...]
    """Ids ascend."""
    label: str = ""
    """The words of the seam above it (`render.seam.section_seam`), "" for none."""


class Contents:
    """Messages by their index, from what is known of them without their bodies."""

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.undone_shown = False
        """Messages that the user took back are among those that are shown."""
        self._starts: list[int] = []
        self._sections: list[Section] = []
        self._undone: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def last_section(self) -> str | None:
        """The session that the end belongs to."""
        return self._sections[-1].session_id if self._sections else None

    @property
    def last_of_section(self) -> int:
        """The id of the last section's last message, 0 where it has none."""
        return self.heads[-1].id if self._starts and len(self.heads) > self._starts[-1] else 0

    def add(self, section: Section) -> None:
        """Put a section at the end."""
        self._starts.append(len(self.heads))
        self._sections.append(section)
        self.extend(section.heads)

    def extend(self, heads: Iterable[Head]) -> None:
        """Put messages at the end of the last section."""
        start = len(self.heads)
        self.heads.extend(heads)
        for index in range(start, len(self.heads)):
            if is_undone(self.heads[index]):
                if self._undone and self._undone[-1][1] == index and not self.begins_section(index):
                    self._undone[-1][1] = index + 1
                else:
                    self._undone.append([index, index + 1])

    def label_at(self, index: int) -> str:
        """The words of the seam above a message that begins a section, "" for any other."""
        section = bisect_right(self._starts, index) - 1
        return self._sections[section].label if self.begins_section(index) else ""

    def begins_section(self, index: int) -> bool:
        """Whether a message is the first of its section."""
        section = bisect_right(self._starts, index) - 1
        return section >= 0 and self._starts[section] == index

    def first_of(self, session_id: str) -> int | None:
        """The id of the first message of a section, None where it is not here or has none."""
        for section, start in zip(self._sections, self._starts, strict=True):
            if section.session_id == session_id:
                return section.heads[0].id if section.heads and start < len(self.heads) else None
        return None

    def index_of(self, message_id: int) -> int | None:
        """Where a message is, None where it is not here."""
        for section, start in enumerate(self._starts):
            end = self._starts[section + 1] if section + 1 < len(self._starts) else len(self.heads)
            index = bisect_left(self.heads, message_id, start, end, key=lambda head: head.id)
            if index < end and self.heads[index].id == message_id:
                return index
        return None

    def compacted_from(self, index: int) -> int:
        """How many messages a compaction put aside from here on, 0 where they do not begin here."""
        if not is_compacted(self.heads[index]):
            return 0
        if index and not self.begins_section(index) and is_compacted(self.heads[index - 1]):
            return 0
        ends = (end for end in range(index + 1, len(self.heads)) if not is_compacted(self.heads[end]))
        return next(ends, len(self.heads)) - index

    # Going through it

    def after(self, index: int) -> int:
        """The next index, past messages that were taken back and are not shown; the length at the end."""
        run = self._hidden_run(index + 1)
        return run[1] if run and index + 1 > run[0] else index + 1

    def before(self, index: int) -> int:
        """The index before, or the first one of a run that is not shown; -1 at the start."""
        run = self._hidden_run(index - 1)
        return run[0] if run else index - 1

    def leader(self, index: int) -> int:
        """The message that a result is drawn with: that of its call; any other message's own index."""
        return index if (owner := self._owner(index)) is None else owner

    def above(self, index: int) -> int | None:
        """The message above that is drawn on its own."""
        place = self.before(index)
        while place >= 0 and self.is_hidden(place):
            place = self.before(place)
        return self.leader(place) if place >= 0 else None

    def below(self, index: int) -> int | None:
        """The message below that is drawn on its own, or the seam that stands for messages taken back."""
        run = self.results(self.leader(index))
        place = self.after(run[-1] if run else index)
        return place if place < len(self.heads) else None

    def results(self, index: int) -> range:
        """The results that may belong to a message's calls."""
        head = self.heads[index]
        if not head.has_calls or head.role == "tool":
            return range(0)
        end = index + 1
        while end < min(index + 1 + RUN, len(self.heads)) and self._goes_on(end):
            end += 1
        return range(index + 1, end)

    def _owner(self, index: int) -> int | None:
        """The message whose calls a result may belong to."""
        place = index
        while place > 0 and index - place < RUN and self._goes_on(place):
            place -= 1
        return place if place < index and index in self.results(place) else None

    def _goes_on(self, index: int) -> bool:
        """Whether a result stands behind something of its own kind and section."""
        head = self.heads[index]
        return (
            head.role == "tool"
            and not self.begins_section(index)
            and is_undone(head) == is_undone(self.heads[index - 1])
        )

    def is_hidden(self, index: int) -> bool:
        """Whether a message was taken back and is not shown."""
        return not self.undone_shown and 0 <= index < len(self.heads) and is_undone(self.heads[index])

    def _hidden_run(self, index: int) -> list[int] | None:
        return self.undone_run(index) if self.is_hidden(index) else None

    def undone_run(self, index: int) -> list[int] | None:
        """First index and end of the messages in a row that were taken back, if `index` is one of them."""
        if not is_undone(self.heads[index]):
            return None
        return self._undone[bisect_right(self._undone, index, key=lambda run: run[0]) - 1]


def is_compacted(head: Head) -> bool:
    """Put aside by a compaction in place."""
    return head.compacted and not head.active


def is_undone(head: Head) -> bool:
    """Taken back by the user; what a compaction took out of the context stays history."""
    return not head.active and not head.compacted
