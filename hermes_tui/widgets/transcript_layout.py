"""Messages of a transcript as lines: which of them stand alone, what stands between them, how high they are.

Nothing is made for a message before it is looked at, but a number for its height.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from sys import maxsize

from hermes_tui.render.compaction_seam import seam
from hermes_tui.render.find import Needle
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.render.glyphs import UNICODE, Glyphs
from hermes_tui.render.gutter import measure
from hermes_tui.render.line import Line, Range, blank
from hermes_tui.render.look import Look
from hermes_tui.render.marks import Marker
from hermes_tui.render.message import TEXT_LINES, DrawnMessage, MessageDrawing, joins
from hermes_tui.widgets.body_cache import BodyCache
from hermes_tui.widgets.call_results import CallResults
from hermes_tui.widgets.fenwick_heights import FenwickHeights
from hermes_tui.widgets.message_index import MAX_RESULTS, MessageIndex, Section, is_undone
from hermes_tui.widgets.message_seams import seam_words
from store.base.late_dataclass import dataclass, field
from store.browse.reading import in_state
from store.models import Head, Message
from store.query.parse import Query, matches

DRAWN = 512
"""Messages whose lines are kept."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message as it is drawn."""

    lines: list[Line]
    seams: int = 0
    """Lines at its top that are not its own."""
    folds: Mapping[int, int] = field(default_factory=dict)
    """Lines that fold a part of it, and that part."""
    more: Iterator[Line] | None = None
    """Lines below those that nobody has asked for yet; None where there are none."""

    def grow(self, lines: int) -> bool:
        """Draw as far as so many lines; whether there are fewer, so that all are drawn."""
        if self.more is None or len(self.lines) >= lines:
            return False
        self.lines.extend(islice(self.more, lines - len(self.lines)))
        return len(self.lines) < lines

    def part_at(self, line: int) -> int | None:
        """The part whose fold line is nearest above a line, None where there is none."""
        above = [place for place in self.folds if place <= line]
        return self.folds[max(above)] if above else None

    @property
    def match(self) -> int | None:
        """The first line with the current match, None where it is not drawn."""
        return next((place for place, line in enumerate(self.lines) if any(span.reverse for span in line)), None)


class BeforeFold:
    """Lines of a long message before it was folded: they stay on the screen until all of it is drawn."""

    def __init__(self) -> None:
        self._kept: dict[int, DrawnMessage] = {}

    def take(self, index: int, drawn: Drawn | None) -> None:
        """Keep a message as it is drawn; None where its lines would not fit the next ones."""
        self._kept.clear()
        if drawn is not None:
            folds = {line - drawn.seams: part for line, part in drawn.folds.items()}
            self._kept[index] = DrawnMessage(drawn.lines[drawn.seams :], folds, whole=False)

    def longer(self, index: int, own: DrawnMessage) -> DrawnMessage:
        """The first part of a message, or what was kept of it where that is more; it is kept no longer."""
        if (kept := self._kept.pop(index, None)) is None:
            return own
        own.lines.extend(own.more or ())
        return kept if len(kept.lines) > len(own.lines) else own


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
        self._results = CallResults(self.index, self.body)
        self._live = False
        self._drawn: OrderedDict[int, Drawn] = OrderedDict()
        self._unfinished: dict[int, MessageDrawing] = {}
        self._before = BeforeFold()
        self.own_folds: dict[int, Folds] = {}
        """Folds of messages that are folded on their own, by id."""
        self.wraps = True
        """Lines are broken at the measure (`wrap`)."""
        self._width = 80
        self._glyphs = UNICODE
        self._query: Query | Needle | None = None
        self._current: int | None = None
        self._nth = 0
        self.marker = Marker()
        """Of the message with the current match, as it was drawn last."""
        self._aim: int | None = None
        self._numbered: int | None = None

    def __len__(self) -> int:
        return len(self.index)

    def add(self, section: Section) -> None:
        """Put a section at the end."""
        start = len(self.index)
        self.index.add(section)
        self._extended(start, section.heads)

    def extend(self, heads: Iterable[Head]) -> None:
        """Put messages at the end of the last section."""
        start, added = len(self.index), tuple(heads)
        self.index.extend(added)
        self._extended(start, added)

    def body(self, index: int) -> Message | None:
        """The message at an index, None where its body is not at hand."""
        head = self.index.heads[index]
        message = self.bodies.get(head.id)
        return None if message is None else in_state(message, head)

    def put(self, messages: Iterable[Message]) -> None:
        """Take bodies that were requested; what is drawn from one that has changed is drawn again."""
        for message_id in self.bodies.put(messages):
            if (index := self.index.index_of(message_id)) is not None:
                leader, call = self.index.leader(index), self.index.call_after(index)
                for place in {index, leader, self.index.below(leader), call, *self.index.early(index)} - {None}:
                    self._drawn.pop(place or 0, None)

    def take_over(self, before: TranscriptLayout) -> None:
        """Take bodies, and the folds of single messages, from an earlier layout of the session."""
        self.bodies = before.bodies
        self.bodies.forget_requests()
        self.bodies.expire()
        self.index.undone_shown = before.index.undone_shown
        self.own_folds = before.own_folds

    def shape(self, width: int, glyphs: Glyphs) -> None:
        """Draw for a pane of `width` cells, its scroll column included; heights that were known become estimates."""
        if (width, glyphs) != (self._width, self._glyphs):
            self._width, self._glyphs = width, glyphs
            self._drawn.clear()

    @property
    def measure(self) -> int:
        """The cells of a line of text."""
        return measure(self._width)

    def wrap(self, wraps: bool) -> None:
        """Break lines at the measure, or let them go on to the right."""
        self.wraps = wraps
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

    def mark(
        self, query: Query | Needle | None, index: int | None = None, result: int | None = None, nth: int = 0
    ) -> None:
        """Mark the words of `query`; the first of them in message `index` is the current one.

        Args:
            query: What is marked.
            index: The message with the current match.
            result: The message that has it, where that is a result drawn with `index`.
            nth: Which match of the message is the current one, from 0.
        """
        if query != self._query:
            self._query = query
            self._drawn.clear()
        for changed in {self._current, index} - {None}:
            self._drawn.pop(changed or 0, None)
        self._current, self._nth = index, nth
        self._aim = None if index is None or result is None else self.call_of(index, result)

    def number(self, index: int | None) -> None:
        """Show at the blocks of a message the numbers by which they can be copied, or at none."""
        for changed in {self._numbered, index} - {None}:
            self._drawn.pop(changed or 0, None)
        self._numbered = index

    def results_of(self, index: int) -> list[Message | None]:
        """For each call of a message its result, None where there is none."""
        return self._results.of(self.index.leader(index))

    def call_of(self, index: int, result: int) -> int | None:
        """The call of a message that a result answers."""
        return self._results.call_of(index, result)

    def fold(self, index: int, folds: Folds) -> None:
        """Fold one message on its own."""
        is_alike = index in self._drawn and self.folds_of(index).source == folds.source
        self._before.take(index, self.drawn(index) if is_alike else None)
        self.own_folds[self.index.heads.ids[index]] = folds
        for changed in (index, self.index.below(index)):
            self._drawn.pop(-1 if changed is None else changed, None)

    def fold_all(self, folds: Folds) -> None:
        """Fold every message alike."""
        self._folds = folds
        self.own_folds.clear()
        self._drawn.clear()

    def folds_of(self, index: int) -> Folds:
        """The folds of a message."""
        return self.own_folds.get(self.index.heads.ids[index], self._folds)

    def complete(self, index: int) -> bool:
        """Whether everything that `lines` needs for a message is at hand."""
        return all(self.bodies.get(needed) is not None for needed in self.needed(index))

    def needed(self, index: int) -> list[int]:
        """The ids of the bodies that a message is drawn from."""
        if self.index.is_hidden(index):
            return []
        leader = self.index.leader(index)
        above = self.index.above(leader)
        turn = (above,) if above is not None and self.joins(above, leader) else ()
        return [self.index.heads.ids[place] for place in dict.fromkeys((*self._results.around(index), *turn))]

    def drawn_with(self, index: int) -> int:
        """The message that one is drawn with; a result behind a call is taken for its answer until that is known."""
        return self._results.owner(index) if self.complete(index) else self.index.leader(index)

    def lines(self, index: int) -> list[Line]:
        """The lines of a message, none where it is drawn with another; empty ones as long as bodies are missing."""
        return self.drawn(index).lines

    def drawn(self, index: int) -> Drawn:
        """A message with what stands above it; see `lines`."""
        return self.begun(index, maxsize)

    def begun(self, index: int, lines: int) -> Drawn:
        """A message as far as so many of its lines; see `lines`."""
        drawn = self._at(index)
        if drawn.grow(lines):
            self.heights.put(index, len(drawn.lines))
        return drawn

    def is_drawn(self, index: int) -> bool:
        """Whether a message has lines."""
        return bool(self.begun(index, 1).lines)

    def _at(self, index: int) -> Drawn:
        if (drawn := self._drawn.get(index)) is not None:
            self._drawn.move_to_end(index)
            return drawn
        if not self.complete(index):
            return Drawn([(blank(1),)] * self.heights[index])
        self._unfinished.pop(index, None)
        drawing = None if self.index.is_hidden(index) else self._message(index)
        own = drawing.draw() if drawing else DrawnMessage()
        if drawing and not own.whole:
            self._unfinished[index] = drawing.whole(self._new_marker(index))
            own = self._before.longer(index, own)
        return self._keep(index, own)

    def unfinished(self, indices: Iterable[int]) -> dict[int, MessageDrawing]:
        """Those of some messages of which only the first part is drawn, and what draws all of each.

        Drawing changes nothing, so that another thread may do it; `finish` takes the result.
        """
        return {index: self._unfinished[index] for index in indices if index in self._unfinished}

    def finish(self, index: int, drawing: MessageDrawing, own: DrawnMessage) -> None:
        """Take all of a message, unless it is drawn otherwise by now."""
        if self._unfinished.get(index) is drawing and index in self._drawn:
            del self._unfinished[index]
            self._keep(index, own)

    def _keep(self, index: int, own: DrawnMessage) -> Drawn:
        """Keep a message under its seams; the last one has no blank row below it."""
        lines = own.lines
        if self.index.below(index) is None:
            lines.extend(own.more or ())
            lines = lines[:-1] if lines and len(lines[-1]) == 1 else lines
        above = self._results.above(index)
        seams = list[Line]()
        for text, role in seam_words(self.index, index, above, self._now(), is_drawn=bool(lines)):
            seams += [seam(text, width=self._width, glyphs=self._glyphs, role=role), (blank(1),)]
        folds = {len(seams) + line: part for line, part in own.folds.items()}
        drawn = self._drawn[index] = Drawn(seams + lines, len(seams), folds, own.more)
        self._drawn.move_to_end(index)
        if own.more is None:
            self.heights.put(index, len(drawn.lines))
        if len(self._drawn) > DRAWN:
            self._unfinished.pop(self._drawn.popitem(last=False)[0], None)
        return drawn

    def _message(self, index: int) -> MessageDrawing | None:
        """What draws a message, None where it is drawn with another."""
        above, below, leader = self._results.above(index), self.index.below(index), self.index.leader(index)
        message = self.body(index)
        if message is None or self._results.owner(index) != index:
            return None
        return MessageDrawing(
            message,
            Look(
                measure(self._width),
                self._glyphs,
                self._new_marker(index),
                wraps=self.wraps,
                numbered=index == self._numbered,
            ),
            self._now(),
            results=self._results.of(index) if leader == index else (),
            folds=self.folds_of(index),
            previous=_last_time(self, index, above),
            label=above is None or not self.joins(above, index),
            gap=below is None or not self.joins(index, below),
            running=self._live and below is None,
            aim=self._aim if index == self._current else None,
            first=True,
        )

    def _new_marker(self, index: int) -> Marker:
        find = partial(_ranges, self._query) if self._query else None
        marker = Marker(find, self._nth if index == self._current else None)
        self.marker = marker if index == self._current else self.marker
        return marker

    def joins(self, index: int, after: int) -> bool:
        """Whether a message goes on the one above, with nothing between the two."""
        folds = self.folds_of(index)
        folded = folds.tools is Fold.SHORT and not folds.has_open_call and not self.index.is_hidden(after)
        if not folded or self.index.begins_section(after):
            return False
        return joins(self.index.heads[index], self.index.heads[after])

    def _extended(self, start: int, heads: Sequence[Head]) -> None:
        """Estimate the heights from `start` on; what stood before is drawn again, for it may be joined."""
        owned = self.index.heads.has_calls_above(start)
        self.heights.extend(estimated_heights(heads, measure(self._width), owned=owned))
        self._forget_end(start)

    def _forget_end(self, index: int) -> None:
        """Draw again what stands so near before `index` that it may depend on what comes there."""
        run = self.index.undone_run(index - 1) if index else None
        first = min(index - MAX_RESULTS - 2, run[0] if run else index)
        for drawn in [place for place in self._drawn if place >= first]:
            del self._drawn[drawn]


def estimated_heights(heads: Iterable[Head], room: int, *, owned: bool) -> list[int]:
    """Heights as they may come out; only the thumb depends on them.

    Args:
        room: Cells of a line of text.
        owned: The results that come first are drawn with calls before them.
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


def _ranges(query: Query | Needle, text: str) -> Sequence[Range]:
    return query.ranges(text) if isinstance(query, Needle) else matches(query, text)


def _last_time(layout: TranscriptLayout, index: int, above: int | None) -> float | None:
    """The timestamp of the message above, unless its time was left to this one; a time that is left is its own."""
    places = layout.index
    if _is_late(layout, index, above):
        return places.heads[index].timestamp
    if above is not None and layout.joins(above, index) and _is_late(layout, above, before := places.above(above)):
        above = before
    return None if above is None else places.heads[above].timestamp


def _is_late(layout: TranscriptLayout, index: int, above: int | None) -> bool:
    """Whether a turn begins with a single line: its time then stands beside the next, not on a line of its own."""
    below, message = layout.index.below(index), layout.body(index)
    if message is None or below is None or not layout.joins(index, below):
        return False
    begins = above is None or not layout.joins(above, index)
    return begins and len(message.tool_calls) == 1 and not message.reasoning.strip()
