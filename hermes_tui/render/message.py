"""A message of the transcript as lines: gutter, label, time, text, calls with their results (docs/look.md §7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

from hermes_tui.render import message_kind
from hermes_tui.render.body import body
from hermes_tui.render.gutter import beside, label_span, role_label, role_line
from hermes_tui.render.line import Line, Role, Span, blank, span
from hermes_tui.render.text import wrap
from hermes_tui.render.time import clock, same_day
from hermes_tui.render.tool import Look, call_line, output, reasoning_line, result_line
from store.models import Head, Message

TEXT_LINES = 1_000
"""Lines of a message's own text that are shown at first."""
OUTPUT_LINES = 40
"""Lines of an open output that are shown at first."""


class Fold(IntEnum):
    """Degree to which something is shown."""

    HIDDEN = 0
    SHORT = 1
    """One line."""
    OPEN = 2
    """Its first lines."""
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class Folds:
    """Folds of the parts of a message."""

    tools: Fold = Fold.SHORT
    reasoning: Fold = Fold.SHORT
    text: Fold = Fold.OPEN


FOLDED = Folds()
"""Folds of a message that nobody unfolded."""


@dataclass(slots=True)
class _Part:
    """Lines under one label."""

    role: str
    label: Span
    when: str = ""
    lines: list[Line] = field(default_factory=list)


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

    def lines(self) -> list[Line]:
        """The lines behind their gutter.

        Returns:
            Lines whose first span is column 0 and empty; none where all of it is hidden.
            Linear in what is shown; what is beyond the caps is counted, not laid out.
        """
        parts = [part for part in self._parts() if part.lines]
        if not parts:
            return []
        parts[0].when = time_label(self.now, self.message.timestamp, self.previous)
        lines: list[Line] = []
        glyphs, late = self.look.glyphs, ""  # a time that found no line under its label stands beside the output
        for index, part in enumerate(parts):
            last = index + 1 == len(parts)
            labels = [part.label] if self.label or index else []
            labels += [span(part.when or late, Role.DIM)] if part.when or late else []
            late = part.when if not last and len(labels) > len(part.lines) else ""
            shown = labels if last else labels[: len(part.lines)]
            lines += beside(part.lines, shown, role_line(part.role, glyphs), glyphs, runs_on=not self.gap)
        alone = len(parts[-1].lines) < len(labels)
        return [*lines, (blank(1),)] if self.gap and not alone else lines

    def _parts(self) -> Iterator[_Part]:
        """The parts under a label each: the message, and the outputs that are open."""
        if self.message.role == "tool":
            yield from self._result()
            return
        part = self._part(self.message.role)
        part.lines += self._notes()
        part.lines += self._reasoning()
        part.lines += self._text()
        for index, call in enumerate(self.message.tool_calls if self.folds.tools else ()):
            result = self.results[index] if index < len(self.results) else None
            opened = self.folds.tools > Fold.SHORT and result is not None
            part.lines.append(call_line(call, result, replace(self.look, opened=opened), running=self.running))
            if opened and result is not None:
                yield part
                yield self._output(result)
                part = self._part(self.message.role)
        yield part

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
        if self.folds.tools is Fold.HIDDEN:
            return
        opened = self.folds.tools > Fold.SHORT
        part = self._part("tool")
        part.lines.append(result_line(self.message, replace(self.look, opened=opened)))
        if opened:
            part.lines += self._output(self.message).lines
        yield part

    def _output(self, result: Message) -> _Part:
        part = self._part("tool")
        part.when = time_label(self.now, result.timestamp, self.message.timestamp)
        said = output(result.text) or "(no output)"
        part.lines += self._body(said, self.folds.tools, OUTPUT_LINES, span("", Role.DIM))
        return part

    def _reasoning(self) -> list[Line]:
        """The fold line, and the text below it if it is open."""
        text, fold = self.message.reasoning, self.folds.reasoning
        if not text.strip() or fold is Fold.HIDDEN:
            return []
        opened = fold > Fold.SHORT
        line = reasoning_line(text, replace(self.look, opened=opened))
        return [line, *(self._body(text, fold, TEXT_LINES, span("", Role.DIM, italic=True)) if opened else ())]

    def _text(self) -> Iterator[Line]:
        role = Role.TEXT if self.message.active and not self.message.aside else Role.DIM
        like, recalled = span("", role), span("", Role.DIM, italic=True)
        if message_kind.spoken(self.message).strip():
            for text, memory in message_kind.parts(self.message):
                if text.strip():
                    yield from self._body(text, self.folds.text, TEXT_LINES, recalled if memory else like)
        elif not (self.message.tool_calls or self.message.reasoning.strip() or self.message.role == "session_meta"):
            yield (span("(no text)", Role.DIM),)

    def _body(self, text: str, fold: Fold, lines: int, like: Span) -> list[Line]:
        return body(text, self.look, like=like, limit=None if fold is Fold.WHOLE else lines)
