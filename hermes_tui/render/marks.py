"""Matches of a search in what is drawn, and which of them is the current one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hermes_tui.render.line import Line, Range, Role, Span, in_look_of
from hermes_tui.render.safe import SafeText
from store.base.late_dataclass import replace

Find = Callable[[str], Sequence[Range]]
"""From a text to the matches in it: half open, in order, apart from each other."""

Mark = tuple[int, int, bool]
"""A match in a text that is drawn; the last value is True for the current one."""


class Marker:
    """Finds matches while something is drawn, and counts them from its top."""

    def __init__(self, find: Find | None = None, current: int | None = None) -> None:
        """Take what finds, and which match is the current one, from 0; it is drawn reversed."""
        self._find = find
        self._current = current
        self._seen = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is looked for."""
        return self._find is None

    @property
    def seen(self) -> int:
        """Matches that were drawn so far."""
        return self._seen

    def without_current(self) -> Marker:
        """A marker of the same matches, none of which is the current one."""
        return Marker(self._find)

    def marks(self, text: str) -> list[Mark]:
        """The matches in a text that is drawn next."""
        found = [] if self._find is None else self._find(text)
        marks = [(start, end, self._seen + index == self._current) for index, (start, end) in enumerate(found)]
        self._seen += len(marks)
        return marks

    def mark(self, text: SafeText, like: Span) -> Line:
        """Draw a text with its matches; the rest looks like `like`."""
        return marked(text, self.marks(text), like)


def marked(text: SafeText, marks: Iterable[Mark], like: Span) -> Line:
    """Draw a text with its matches in accent, bold and underlined; the rest looks like `like`.

    Args:
        marks: In order; what lies outside the text is left out.
    """
    parts: list[Span] = []
    done = 0
    for start, end, current in marks:
        first, last = max(start, done), min(end, len(text))
        if first >= last:
            continue
        if first > done:
            parts.append(in_look_of(like, SafeText(text[done:first])))
        found = SafeText(text[first:last])
        parts.append(replace(like, text=found, role=Role.ACCENT, bold=True, underline=True, reverse=current))
        done = last
    if done < len(text) or not parts:
        parts.append(in_look_of(like, SafeText(text[done:])))
    return tuple(parts)
