"""A message of the transcript as lines: gutter, label, time, text, calls with their results (docs/look.md §7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice

from hermes_tui.render import message_kind
from hermes_tui.render.block import LONGEST_TEXT, OUTPUT_LINES
from hermes_tui.render.body import body
from hermes_tui.render.folds import FOLDED, REASONING, Fold, Folds
from hermes_tui.render.gutter import beside, label_span, role_label, role_line
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.look import Look
from hermes_tui.render.markdown.document import document, is_markdown
from hermes_tui.render.markdown.split import FIRST, FIRST_LINES
from hermes_tui.render.marks import Marker
from hermes_tui.render.text import wrap
from hermes_tui.render.time import clock, same_day
from hermes_tui.render.tools.call import CallDrawing
from hermes_tui.render.tools.fold_line import reasoning_line
from store.base.late_dataclass import dataclass, field, replace
from store.models import Head, Message

TEXT_LINES = 1_000
"""Lines of a message's own text that are shown at first."""
_LABELS = 2
"""Lines beside which the label and the time of a message stand."""


@dataclass(slots=True)
class _Part:
    """Lines under one label."""

    role: str
    label: Span
    when: str = ""
    lines: list[Line] = field(default_factory=list)
    more: Iterator[Line] | None = None
    """Lines below those that are drawn when they are asked for; None where there are none."""
    folds: dict[int, int] = field(default_factory=dict)
    """Its fold lines, by their place, and what each of them folds."""
    whole: bool = True

    def put_fold(self, part: int, line: Line) -> None:
        """Add the fold line of a part of the message."""
        self.folds[len(self.lines)] = part
        self.lines.append(line)


@dataclass(frozen=True, slots=True)
class DrawnMessage:
    """Lines of a message."""

    lines: list[Line] = field(default_factory=list)
    folds: Mapping[int, int] = field(default_factory=dict)
    """Lines that fold, and the part of the message that each of them folds."""
    whole: bool = True
    """False where more follows as soon as all of the message is drawn."""
    more: Iterator[Line] | None = None
    """Lines below those, drawn when they are asked for; None where there are none."""


def joins(before: Head, after: Head) -> bool:
    """Whether a message continues the turn of the one above: then no blank row and no second label is between.

    An agent that called tools without text continues in its next message; folded results between them do not count.
    """
    return before.role == after.role == "assistant" and before.has_calls and before.n_bytes == 0


def time_label(now: datetime, timestamp: float | None, previous: float | None) -> str:
    """The time that stands under a label; "" where it is unknown or that of the message above."""
    if timestamp is None:
        return ""
    said = clock(now, timestamp)
    known = previous is not None and same_day(now, timestamp, previous) and clock(now, previous) == said
    return "" if known else said


@dataclass(frozen=True, slots=True)
class MessageDrawing:
    """A message that is drawn.

    Args:
        look: Cells of text, marks and matches.
        now: Aware; its zone is the reader's.
        results: For each of the message's calls its result, None where there is none (yet).
        folds: What is folded; tools and reasoning to one line each by default.
        previous: The timestamp of the message above, so that the same minute is not shown twice.
        label: False where the message goes on what the one above began (see `joins`).
        gap: Whether a blank row follows; a time that stands alone under its label is that row already.
        running: The session is live: a call without a result still runs.
        aim: The call whose result has the current match; None where the message itself has it.
        first: Draw no more of a long message than its first part, and nothing before it is asked for.
    """

    message: Message
    look: Look
    now: datetime
    results: Sequence[Message | None] = ()
    folds: Folds = FOLDED
    previous: float | None = None
    label: bool = True
    gap: bool = True
    running: bool = False
    aim: int | None = None
    first: bool = False

    def lines(self) -> list[Line]:
        """The lines behind their gutter; see `draw`."""
        return self.draw().lines

    def whole(self, marker: Marker) -> MessageDrawing:
        """What draws all of a message of which only the first part is drawn, with marks of its own."""
        return replace(self, first=False, look=replace(self.look, marker=marker))

    def draw(self) -> DrawnMessage:
        """The lines behind their gutter, and which of them fold.

        Returns:
            Lines whose first span is column 0 and empty; none where all of it is hidden.
            Linear in what is shown; what is beyond the caps is counted, not laid out.
        """
        parts = [part for part in self._parts() if part.lines]
        if not parts:
            return DrawnMessage()
        parts[0].when = time_label(self.now, self.message.timestamp, self.previous)
        lines: list[Line] = []
        folds: dict[int, int] = {}
        glyphs, late = self.look.glyphs, ""  # a time that found no line under its label stands beside the output
        for index, part in enumerate(parts):
            last = index + 1 == len(parts)
            labels = [part.label] if self.label or index else []
            labels += [span(part.when or late, Role.DIM)] if part.when or late else []
            late = part.when if not last and len(labels) > len(part.lines) else ""
            shown = labels if last else labels[: len(part.lines)]
            folds |= {len(lines) + place: part_of for place, part_of in part.folds.items()}
            lines += beside(part.lines, shown, role_line(part.role, glyphs), glyphs, runs_on=not self.gap)
        alone, more = len(parts[-1].lines) < len(labels), parts[-1].more
        below: list[Line] = [(blank(1),)] if self.gap and not alone else []
        whole = not self._is_put_off and all(part.whole for part in parts)
        if more is None:
            return DrawnMessage(lines + below, folds, whole)
        later = beside(more, (), role_line(parts[-1].role, glyphs), glyphs)
        return DrawnMessage(lines, folds, whole, chain(later, below))

    def _parts(self) -> Iterator[_Part]:
        """The parts under a label each: the message, and the outputs that are open."""
        if self.message.role == "tool":
            yield from self._result()
            return
        part = self._part(self.message.role)
        part.lines += self._notes()
        self._put_reasoning(part)
        self._put_text(part)
        for place, call in enumerate(self.message.tool_calls if self.folds.tools else ()):
            drawing = CallDrawing(call, self._result_of(place), self.running)
            fold = max(self.folds.of_call(place), Fold.OPEN if self.folds.source else Fold.SHORT)
            opened = fold > Fold.SHORT
            look = self._own_look(opened=opened)
            part.put_fold(place, drawing.line(look))
            if opened:
                part.lines += self._shown_arguments(drawing, look, self._limit(fold, OUTPUT_LINES))
            if opened and drawing.result is not None:
                yield part
                yield self._output(drawing, fold, place)
                part = self._part(self.message.role)
        yield part

    def _shown_arguments(self, drawing: CallDrawing, look: Look, limit: int | None) -> list[Line]:
        if self.folds.source and drawing.call is not None:
            return body(drawing.call.arguments, look, like=span(""), limit=limit)
        return drawing.arguments(look, limit)

    def _shown_output(self, drawing: CallDrawing, look: Look, fold: Fold) -> list[Line]:
        limit = self._limit(fold, OUTPUT_LINES)
        if self.folds.source and drawing.result is not None:
            return body(drawing.result.text, look, like=span("", Role.DIM), limit=limit)
        return drawing.output(look, limit)

    def _result_of(self, place: int) -> Message | None:
        return self.results[place] if place < len(self.results) else None

    def _own_look(self, *, opened: bool = False) -> Look:
        """The look of what is no result of a call."""
        marker = self.look.marker if self.aim is None else self.look.marker.without_current()
        return replace(self.look, marker=marker, opened=opened)

    def _part(self, role: str) -> _Part:
        if message_kind.is_machine_made(self.message):
            role = "system"
            label = span(message_kind.MACHINE, Role.DIM)
        else:
            label = label_span(role_label(role), role)
        if not self.message.active and not self.message.compacted:
            label = span("undone", Role.DIM)
        return _Part(role, label if self.message.active else replace(label, role=Role.DIM, bold=False))

    def _notes(self) -> Iterator[Line]:
        """Notes above the text of the message."""
        for note in message_kind.notes(self.message):
            for line in wrap(self.look.glyphs.words(note), self.look.measure):
                yield (span(line, Role.DIM, italic=True),)

    def _result(self) -> Iterator[_Part]:
        """A result whose call is elsewhere or nowhere."""
        fold = max(self.folds.of_call(0), Fold.OPEN) if self.folds.source else self.folds.of_call(0)
        if fold is Fold.HIDDEN:
            return
        drawing, part = CallDrawing(None, self.message), self._part("tool")
        part.put_fold(0, drawing.line(replace(self.look, opened=fold > Fold.SHORT)))
        if fold > Fold.SHORT:
            part.lines += self._shown_output(drawing, self.look, fold)
        yield part

    def _output(self, drawing: CallDrawing, fold: Fold, place: int) -> _Part:
        part, result = self._part("tool"), drawing.result
        part.when = time_label(self.now, result.timestamp if result else None, self.message.timestamp)
        look = self.look if self.aim == place else replace(self.look, marker=self.look.marker.without_current())
        part.lines += self._shown_output(drawing, look, fold)
        return part

    def _put_reasoning(self, part: _Part) -> None:
        """Put the fold line into a part, and the text below it if it is open."""
        text, fold = self.message.reasoning, self.folds.of_reasoning
        if not text.strip() or fold is Fold.HIDDEN:
            return
        opened = fold > Fold.SHORT
        part.put_fold(REASONING, reasoning_line(text, self._own_look(opened=opened)))
        if opened:
            self._put_body(part, text, fold, span("", Role.DIM, italic=True))

    def _put_text(self, part: _Part) -> None:
        role = Role.TEXT if self.message.active and not self.message.aside else Role.DIM
        like, recalled = span("", role), span("", Role.DIM, italic=True)
        if not _is_blank(message_kind.spoken(self.message)):
            pieces = list(message_kind.parts(self.message))
            for text, memory in pieces:
                if not memory and self._is_markdown(text):
                    self._put_markdown(part, text, like, is_all=len(pieces) == 1)
                elif not _is_blank(text):
                    self._put_body(part, text, self.folds.text, recalled if memory else like)
        elif not (self.message.tool_calls or self.message.reasoning.strip() or self.message.role == "session_meta"):
            part.lines.append((span("(no text)", Role.DIM),))

    def _put_markdown(self, part: _Part, text: str, like: Span, *, is_all: bool) -> None:
        """Put a text into a part; of one that is all of it, as long as nothing is marked, a part of the lines."""
        drawn = document(
            text, self._own_look(), like=like, limit=self._limit(self.folds.text, TEXT_LINES), first=self.first
        )
        part.whole = part.whole and drawn.whole
        has_calls = self.folds.tools and self.message.tool_calls
        if self.first and is_all and not has_calls and self.look.marker.is_idle:
            part.lines += islice(drawn.lines, _LABELS)
            part.more = drawn.lines
        else:
            part.lines += drawn.lines

    def _is_markdown(self, text: str) -> bool:
        return message_kind.is_markdown(self.message) and is_markdown(text) and not self.folds.source

    def _put_body(self, part: _Part, text: str, fold: Fold, like: Span) -> None:
        """Put a text into a part as it is written, of a long one what fills a screen at first."""
        if self.first and len(text) > FIRST:
            part.lines += body(text[:FIRST], self._own_look(), like=like, limit=FIRST_LINES)[:FIRST_LINES]
            part.whole = False
        else:
            part.lines += body(text, self._own_look(), like=like, limit=self._limit(fold, TEXT_LINES))

    def _limit(self, fold: Fold, lines: int) -> int | None:
        """The lines of a part that are shown at most, None for all."""
        return None if fold is Fold.WHOLE and not self._is_put_off else lines

    @property
    def _is_put_off(self) -> bool:
        """Whether all of it was asked for, and is too long to be drawn at once."""
        return self.first and Fold.WHOLE in self._folds_shown and self._n_characters > LONGEST_TEXT

    @property
    def _folds_shown(self) -> set[Fold]:
        return {self.folds.tools, self.folds.reasoning, self.folds.text, *self.folds.parts.values()}

    @property
    def _n_characters(self) -> int:
        """Characters of all that may be shown."""
        calls = sum(len(call.arguments) for call in self.message.tool_calls)
        results = sum(len(result.text) for result in self.results if result is not None)
        return len(self.message.text) + len(self.message.reasoning) + calls + results


def _is_blank(text: str) -> bool:
    """Whether a text has nothing but white space; a long one is not copied for that."""
    return not text or text.isspace()
