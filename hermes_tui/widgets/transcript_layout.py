"""Messages of a transcript as lines: which of them stand alone, what stands between them, how high they are.

Nothing is made for a message before it is looked at, but a number for its height.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hermes_tui.render.compaction_seam import compacted_seam, seam, undone_seam
from hermes_tui.render.glyphs import UNICODE, Glyphs
from hermes_tui.render.gutter import measure
from hermes_tui.render.line import Line, Range, blank
from hermes_tui.render.marks import Marker
from hermes_tui.render.message import TEXT_LINES, Fold, Folds, MessageDrawing, joins
from hermes_tui.render.time import day, same_day
from hermes_tui.render.tool import Look
from hermes_tui.widgets.body_cache import BodyCache
from hermes_tui.widgets.fenwick_heights import FenwickHeights
from hermes_tui.widgets.message_index import MAX_RESULTS, MessageIndex, Section, is_undone
from store.browse.reading import in_state
from store.models import Head, Message, ToolCall
from store.query.parse import Query, matches

DRAWN = 512
"""Messages whose lines are kept."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message as it is drawn."""

    lines: list[Line]
    seams: int = 0
    """Lines at its top that are not its own."""


class TranscriptLayout:
    """Lines by the index of their message; pure but for `now`."""

    def __init__(self, *, now: Callable[[], datetime], folds: Folds) -> None:
        """Args:
        now: The time, aware; its zone is the reader's.
        folds: What is folded in every message that is not folded on its own.
        """
        self._now = now
        self._folds = folds
        self.index = MessageIndex()
        self.heights = FenwickHeights()
        self.bodies = BodyCache()
        self._live = False
        self._drawn: OrderedDict[int, Drawn] = OrderedDict()
        self._own_folds: dict[int, Folds] = {}
        self._width = 80
        self._glyphs = UNICODE
        self._query: Query | None = None
        self._current: int | None = None

    def __len__(self) -> int:
        return len(self.index)

    def add(self, section: Section) -> None:
        """Put a section at the end."""
        start = len(self.index)
        self.index.add(section)
        self._extended(start)

    def extend(self, heads: Iterable[Head]) -> None:
        """Put messages at the end of the last section."""
        start = len(self.index)
        self.index.extend(heads)
        self._extended(start)

    def body(self, index: int) -> Message | None:
        """The message at an index, None where its body is not at hand."""
        head = self.index.heads[index]
        message = self.bodies.get(head.id)
        return None if message is None else in_state(message, head)

    def put(self, messages: Iterable[Message]) -> None:
        """Take bodies that were requested; what is drawn from one that has changed is drawn again."""
        for message_id in self.bodies.put(messages):
            if (index := self.index.index_of(message_id)) is not None:
                leader = self.index.leader(index)
                for place in {index, leader, self.index.below(leader)} - {None}:
                    self._drawn.pop(place or 0, None)

    def take_over(self, before: TranscriptLayout) -> None:
        """Take bodies, and the folds of single messages, from an earlier layout of the session."""
        self.bodies = before.bodies
        self.bodies.forget_requests()
        self.bodies.expire()
        self.index.undone_shown = before.index.undone_shown
        for index, folds in before._own_folds.items():
            if (place := self.index.index_of(before.index.heads[index].id)) is not None:
                self._own_folds[place] = folds

    def shape(self, width: int, glyphs: Glyphs) -> None:
        """Draw for a pane of `width` cells, its scroll column included; heights that were known become estimates."""
        if (width, glyphs) != (self._width, self._glyphs):
            self._width, self._glyphs = width, glyphs
            self._drawn.clear()

    def set_live(self, live: bool) -> None:
        """Expect more messages or not: where more may come, a call at the end without a result still runs."""
        if live != self._live:
            self._live = live
            self._forget_end(len(self.index))

    def show_undone(self, shown: bool) -> None:
        """Show the messages that the user undid, or leave them out."""
        self.index.undone_shown = shown
        self._drawn.clear()

    def mark(self, query: Query | None, index: int | None = None) -> None:
        """Mark the words of `query`; the first of them in message `index` is the current one."""
        if query != self._query:
            self._query = query
            self._drawn.clear()
        for changed in {self._current, index} - {None}:
            self._drawn.pop(changed or 0, None)
        self._current = index

    def fold(self, index: int, folds: Folds) -> None:
        """Fold one message on its own."""
        self._own_folds[index] = folds
        for changed in (index, self.index.below(index)):
            self._drawn.pop(-1 if changed is None else changed, None)

    def fold_all(self, folds: Folds) -> None:
        """Fold every message alike."""
        self._folds = folds
        self._own_folds.clear()
        self._drawn.clear()

    def folds_of(self, index: int) -> Folds:
        """The folds of a message."""
        return self._own_folds.get(index, self._folds)

    def complete(self, index: int) -> bool:
        """Whether everything that `lines` needs for a message is at hand."""
        return all(self.bodies.get(needed) is not None for needed in self.needed(index))

    def needed(self, index: int) -> list[int]:
        """The ids of the bodies that a message is drawn from."""
        if self.index.is_hidden(index):
            return []
        leader = self.index.leader(index)
        above = self.index.above(leader)
        turn = (above,) if above is not None and self._joins(above, leader) else ()
        return [self.index.heads[place].id for place in (leader, *self.index.results(leader), *turn)]

    def lines(self, index: int) -> list[Line]:
        """The lines of a message, none where it is drawn with another; empty ones as long as bodies are missing."""
        return self.drawn(index).lines

    def drawn(self, index: int) -> Drawn:
        """A message with what stands above it; see `lines`."""
        if (drawn := self._drawn.get(index)) is not None:
            self._drawn.move_to_end(index)
            return drawn
        if not self.complete(index):
            return Drawn([(blank(1),)] * self.heights[index])
        drawn = self._drawn[index] = self._draw(index)
        self.heights.put(index, len(drawn.lines))
        if len(self._drawn) > DRAWN:
            self._drawn.popitem(last=False)
        return drawn

    def _draw(self, index: int) -> Drawn:
        above = self.index.above(index)
        own = [] if self.index.is_hidden(index) else self._message(index, above)
        seams: list[Line] = []
        for text in self._seams(index, above if own else None):
            seams += [seam(text, width=self._width, glyphs=self._glyphs), (blank(1),)]
        return Drawn(seams + own, len(seams))

    def _seams(self, index: int, above: int | None) -> Iterator[str]:
        """The words above a message: of a section that begins, of undone or compacted messages, of a new day."""
        if label := self.index.label_at(index):
            yield label
        if (run := self.index.undone_run(index)) and run[0] == index:
            yield undone_seam(run[1] - run[0], shown=self.index.undone_shown)
        if compacted := self.index.compacted_from(index):
            yield compacted_seam(compacted)
        if above is not None:
            before, timestamp = self.index.heads[above].timestamp, self.index.heads[index].timestamp
            if before is not None and timestamp is not None and not same_day(self._now(), before, timestamp):
                yield day(self._now(), timestamp)

    def _message(self, index: int, above: int | None) -> list[Line]:
        leader = self.index.leader(index)
        message = self.body(index)
        results = self._results(leader)
        if message is None or (leader != index and any(result == message for result in results)):
            return []
        below = self.index.below(index)
        marker = Marker(self._find, 0 if index == self._current else None)
        lines = MessageDrawing(
            message,
            Look(measure(self._width), self._glyphs, marker),
            self._now(),
            results=results if leader == index else (),
            folds=self.folds_of(index),
            previous=self._last_time(index, above),
            label=above is None or not self._joins(above, index),
            gap=below is None or not self._joins(index, below),
            running=self._live and below is None,
        ).lines()
        return lines[:-1] if below is None and lines and len(lines[-1]) == 1 else lines

    def _last_time(self, index: int, above: int | None) -> float | None:
        """The timestamp of the message above, unless its time was left to this one; a time that is left is its own."""
        if self._is_late(index, above):
            return self.index.heads[index].timestamp
        if above is not None and self._joins(above, index) and self._is_late(above, before := self.index.above(above)):
            above = before
        return None if above is None else self.index.heads[above].timestamp

    def _is_late(self, index: int, above: int | None) -> bool:
        """Whether a turn begins with a single line: its time then stands beside the next, not on a line of its own."""
        below, message = self.index.below(index), self.body(index)
        if message is None or below is None or not self._joins(index, below):
            return False
        begins = above is None or not self._joins(above, index)
        return begins and len(message.tool_calls) == 1 and not message.reasoning.strip()

    def _find(self, text: str) -> Sequence[Range]:
        return matches(self._query, text) if self._query else ()

    def _results(self, leader: int) -> list[Message | None]:
        """For each call of a message its result among those behind it."""
        message = self.body(leader)
        if message is None:
            return []
        bodies = [body for place in self.index.results(leader) if (body := self.body(place)) is not None]
        return results_of(message.tool_calls, bodies)

    def _joins(self, index: int, after: int) -> bool:
        """Whether a message goes on the one above, with nothing between the two."""
        folded = self.folds_of(index).tools is Fold.SHORT and not self.index.is_hidden(after)
        if not folded or self.index.begins_section(after):
            return False
        return joins(self.index.heads[index], self.index.heads[after])

    def _extended(self, start: int) -> None:
        """Estimate the heights from `start` on; what stood before is drawn again, for it may be joined."""
        owned = start > 0 and self.index.heads[start - 1].has_calls
        self.heights.extend(estimated_heights(self.index.heads[start:], measure(self._width), owned=owned))
        self._forget_end(start)

    def _forget_end(self, index: int) -> None:
        """Draw again what stands so near before `index` that it may depend on what comes there."""
        run = self.index.undone_run(index - 1) if index else None
        first = min(index - MAX_RESULTS - 2, run[0] if run else index)
        for drawn in [place for place in self._drawn if place >= first]:
            del self._drawn[drawn]


def results_of(calls: Sequence[ToolCall], results: Sequence[Message]) -> list[Message | None]:
    """The result of each call, None where there is none: by id, and in order where a home has no ids."""
    left = list(results)
    found: list[Message | None] = []
    for call in calls:
        result = next((result for result in left if call.id and result.tool_call_id == call.id), None)
        if result is not None:
            left.remove(result)
        found.append(result)
    # Old homes have calls without ids, or results without.
    for place, call in enumerate(calls):
        nameless = next((result for result in left if not (call.id and result.tool_call_id)), None)
        if found[place] is None and nameless is not None:
            found[place] = nameless
            left.remove(nameless)
    return found


def estimated_heights(heads: Iterable[Head], room: int, *, owned: bool) -> list[int]:
    """Heights as they may come out; only the thumb depends on them.

    Args:
        room: Cells of a line of text.
        owned: The message before the first has calls, so that results are drawn with it.
    """
    heights = []
    for head in heads:
        if head.role == "tool":
            heights.append(0 if owned else 2)
            continue
        owned = head.has_calls
        text = min(head.n_bytes // room + 1, TEXT_LINES) if head.n_bytes else 0
        heights.append(0 if is_undone(head) else text + owned + head.has_reasoning + 1)
    return heights
