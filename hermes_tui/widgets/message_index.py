"""Messages of a transcript in their order: sections, results behind their calls, what the user undid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from hermes_tui.render.time import n_bytes
from hermes_tui.widgets.head_columns import HeadColumns
from hermes_tui.widgets.section_spans import SectionSpans
from store.base.late_dataclass import dataclass
from store.models import Head, Message

MAX_RESULTS = 128
"""Results behind a message that are searched for those of its calls."""
NO_RESULTS = range(0)
MOST_RUNS = 4_096
"""Messages whose results are remembered."""
MAX_EARLY = 8
"""Results before a message that are searched, where none is behind it."""


@dataclass(frozen=True, slots=True)
class Section:
    """A session of a lineage, or a part of one that was read."""

    session_id: str
    heads: tuple[Head, ...]
    """Ids ascend."""
    label: str = ""
    """The words of the seam above it (`render.compaction_seam.section_seam`), "" for none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last message that a reader has seen, and when they left."""

    message_id: int
    at: float


class MessageIndex:
    """Messages by their position, from what is known of them without their bodies."""

    def __init__(self) -> None:
        self.heads = HeadColumns()
        self.prompts: list[int] = []
        """Indices of the messages whose role is the user's."""
        self.seams: list[int] = []
        """Indices of the messages above which a seam or a day may stand; the seam of what is new may be elsewhere."""
        self.roles: Counter[str] = Counter()
        """Numbers of messages by role."""
        self.n_compacted = 0
        """Messages that compactions left as history."""
        self.undone_shown = False
        """Messages that the user undid are among those that are shown."""
        self.seen: Seen | None = None
        """The last message that the reader has seen before; None where that is not known."""
        self._starts: list[int] = []
        self._spans = SectionSpans(self.heads.ids, self._starts)
        self._sections: list[tuple[str, str]] = []
        """The session of each section, and the words of the seam above it."""
        self._undone: list[list[int]] = []
        self.unnumbered: list[int] = []
        """Indices of the lines that describe the session and are no messages."""
        self._runs: dict[int, range] = {}
        """What `results` has found since messages came."""

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def last_section(self) -> str | None:
        """The session that the end belongs to."""
        return self._sections[-1][0] if self._sections else None

    @property
    def last_of_section(self) -> int:
        """The id of the last section's last message, 0 where it has none."""
        return self.heads.ids[-1] if self._starts and len(self.heads) > self._starts[-1] else 0

    def add(self, section: Section) -> None:
        """Put a section at the end."""
        self._starts.append(len(self.heads))
        self._sections.append((section.session_id, section.label))
        self.extend(section.heads)

    def extend(self, added: Sequence[Head]) -> None:
        """Put messages at the end of the last section."""
        start = len(self.heads)
        self._runs.clear()
        self.heads.extend(added)
        self.roles.update([head.role for head in added])
        first = self._starts[-1] if self._starts else None
        for index, head in enumerate(added, start):
            if head.role == "session_meta":
                self.unnumbered.append(index)
            self.n_compacted += head.compacted and not head.active
            if head.role == "user":
                self.prompts.append(index)
            if self.heads.differs(index) or index == first:
                self.seams.append(index)
            if is_undone(head):
                if self._undone and self._undone[-1][1] == index and index != first:
                    self._undone[-1][1] = index + 1
                else:
                    self._undone.append([index, index + 1])

    @property
    def n_undone(self) -> int:
        """Messages that the user undid."""
        return sum(end - start for start, end in self._undone)

    def numbers(self, index: int) -> tuple[int, int]:
        """The number of the message at an index, or of the last one where it is beyond, and that of all."""
        last = len(self.heads) - 1
        return self.number(min(index, last)), self.number(last)

    def number(self, index: int) -> int:
        """How many messages there are up to an index and with it; what describes the session is none."""
        return index + 1 - bisect_right(self.unnumbered, index)

    def label_at(self, index: int) -> str:
        """The words of the seam above a message that begins a section, "" for any other."""
        section = bisect_right(self._starts, index) - 1
        return self._sections[section][1] if self.begins_section(index) else ""

    def begins_section(self, index: int) -> bool:
        """Whether a message is the first of its section."""
        section = bisect_right(self._starts, index) - 1
        return section >= 0 and self._starts[section] == index

    def first_of(self, session_id: str) -> int | None:
        """The id of the first message of a section, None where it is not here or has none."""
        ends = (*self._starts[1:], len(self.heads))
        for (section, _), start, end in zip(self._sections, self._starts, ends, strict=False):
            if section == session_id:
                return self.heads.ids[start] if start < end else None
        return None

    def index_of(self, message_id: int) -> int | None:
        """The index of a message, None where it is not here."""
        for start, end in self._spans.holding(message_id):
            index = bisect_left(self.heads.ids, message_id, start, end)
            if index < end and self.heads.ids[index] == message_id:
                return index
        return None

    def compacted_from(self, index: int) -> int:
        """The length of a run of messages that a compaction left as history, 0 where none begins here."""
        if not self.begins_compacted(index):
            return 0
        ends = (end for end in range(index + 1, len(self.heads)) if not self.heads.is_compacted(end))
        return next(ends, len(self.heads)) - index

    def begins_compacted(self, index: int) -> bool:
        """Whether such a run begins at a message."""
        inside = index > 0 and not self.begins_section(index) and self.heads.is_compacted(index - 1)
        return self.heads.is_compacted(index) and not inside

    @property
    def hidden(self) -> frozenset[int]:
        """The undone messages that are not shown."""
        runs = () if self.undone_shown else self._undone
        return frozenset(index for run in runs for index in range(*run))

    def after_seen(self) -> Iterator[int]:
        """Indices, one in each section, above which the seam of what is new may stand."""
        if (seen := self.seen) is None:
            return
        for start, end in pairwise((*self._starts, len(self.heads))):
            yield bisect_right(self.heads.ids, seen.message_id, start, end)

    def seen_between(self, above: int, index: int) -> Seen | None:
        """The last message that was seen, where it ends between two messages."""
        seen = self.seen
        between = seen is not None and self.heads.ids[above] <= seen.message_id < self.heads.ids[index]
        return seen if between else None

    def after(self, index: int) -> int:
        """The next index, past undone messages that are not shown; the length at the end."""
        run = self._hidden_run(index + 1)
        return run[1] if run and index + 1 > run[0] else index + 1

    def before(self, index: int) -> int:
        """The index before, or the first one of a run that is not shown; -1 at the start."""
        run = self._hidden_run(index - 1)
        return run[0] if run else index - 1

    def leader(self, index: int) -> int:
        """The message that a result is drawn with: that of its call; any other message's own index."""
        place = index
        while place > 0 and index - place < MAX_RESULTS and self._continues(place):
            place -= 1
        return place if place < index and index in self.results(place) else index

    def above(self, index: int) -> int | None:
        """The message above that is drawn on its own."""
        place = self.before(index)
        while place >= 0 and self.is_hidden(place):
            place = self.before(place)
        return self.leader(place) if place >= 0 else None

    def below(self, index: int) -> int | None:
        """The message below that is drawn on its own, or the seam that stands for undone messages."""
        run = self.results(self.leader(index))
        place = self.after(run[-1] if run else index)
        return place if place < len(self.heads) else None

    def results(self, index: int) -> range:
        """The results that may belong to a message's calls."""
        if not self.heads.has_calls(index) or self.heads.is_result(index):
            return NO_RESULTS
        if (run := self._runs.get(index)) is None:
            if len(self._runs) >= MOST_RUNS:
                self._runs.clear()
            run = self._runs[index] = self._run_behind(index)
        return run

    def _run_behind(self, index: int) -> range:
        end, last = index + 1, min(index + 1 + MAX_RESULTS, len(self.heads))
        while end < last and self._continues(end):
            end += 1
        return range(index + 1, end)

    def early(self, index: int) -> range:
        """Results before a message with calls that none follows: one of them may have been stored too early."""
        if not self.heads.has_calls(index) or self.results(index):
            return range(0)
        start = index
        while start > max(index - MAX_EARLY, 0) and self.heads.is_result(start - 1) and self._is_beside(start):
            start -= 1
        return range(start, index)

    def call_after(self, index: int) -> int | None:
        """The message with calls that a result may have been stored before, None where there is none."""
        place, end = index, min(index + MAX_EARLY + 1, len(self.heads))
        while place < end and self.heads.is_result(place):
            place += 1
        return place if index < place < end and index in self.early(place) else None

    def _continues(self, index: int) -> bool:
        """Whether a result follows a message of the same section that is undone or not as it is."""
        return self.heads.is_result(index) and self._is_beside(index)

    def _is_beside(self, index: int) -> bool:
        """Whether a message belongs to the section of the one before, undone or not as it is."""
        heads = self.heads
        return heads.is_undone(index) is heads.is_undone(index - 1) and not self.begins_section(index)

    def is_hidden(self, index: int) -> bool:
        """Whether a message is undone and not shown."""
        return (
            bool(self._undone)
            and not self.undone_shown
            and 0 <= index < len(self.heads)
            and self.heads.is_undone(index)
        )

    def _hidden_run(self, index: int) -> list[int] | None:
        return self.undone_run(index) if self.is_hidden(index) else None

    def undone_run(self, index: int) -> list[int] | None:
        """First index and end of the run of undone messages that `index` belongs to, None where it is not undone."""
        if not self.heads.is_undone(index):
            return None
        return self._undone[bisect_right(self._undone, index, key=lambda run: run[0]) - 1]


def is_undone(head: Head) -> bool:
    """Whether the user undid a message; what a compaction took out of the context is history."""
    return not head.active and not head.compacted


def head_of(message: Message) -> Head:
    """A message without its body; its id is 0 where it has none."""
    return Head(
        message.id or 0,
        message.role,
        n_bytes(message.text),
        message.tool_name,
        bool(message.tool_calls),
        bool(message.reasoning),
        message.active,
        message.compacted,
        message.timestamp,
    )
