"""Ten cells left of a message: focus bar, label, role line (docs/look.md §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, fit, head, pad_left, span
from hermes_tui.render.safe import SafeText, one_line
from store.base.late_dataclass import replace

GUTTER = 10
"""Cells before the text."""
WIDEST = 96
"""Cells of text at most: longer lines are hard to read."""

TEXT_FROM = 5
"""Spans before the text: bar, label, space, role line, space."""

_NO_LABEL = span("")
_LABELS = {"assistant": "agent", "session_meta": "about", "unknown": "other"}


def measure(width: int) -> int:
    """The cells of text in a pane of `width` cells, its scroll column included."""
    return max(min(width - GUTTER - 3, WIDEST), 1)


def role_label(role: str) -> SafeText:
    """The label of a role: `agent` for the assistant, everything else by its name."""
    return one_line(_LABELS.get(role, role))


def label_span(text: str, role: str) -> Span:
    """A label in the look of a role: the user's in accent, the agent's bold, others dim."""
    if role == "user":
        return span(text, Role.ACCENT, bold=True)
    return span(text, Role.TEXT, bold=True) if role == "assistant" else span(text, Role.DIM)


def role_line(role: str, glyphs: Glyphs) -> Span:
    """The vertical line that runs beside a role's text."""
    if role == "user":
        return span(glyphs.user, Role.ACCENT)
    if role == "assistant":
        return span(glyphs.agent, Role.DIM)
    return span(glyphs.tool if role == "tool" else glyphs.system, Role.HAIR)


def beside(
    lines: Iterable[Line], labels: Sequence[Span], line: Span, glyphs: Glyphs, *, runs_on: bool = False
) -> Iterator[Line]:
    """Put the gutter before lines of text.

    Args:
        labels: From the first line down: the label, then the time. Where there are fewer lines, a label stands alone.
        line: The role's line.
        runs_on: It runs beside a label that stands alone too, because more of the same follows.

    Yields:
        Lines whose first span is column 0 and empty, so that `with_bar` can mark it.
    """
    for text, label in zip_longest(lines, labels):
        place = _placed(label or _NO_LABEL, glyphs.truncated)
        if text is None and not runs_on:
            yield (blank(1), place)
        else:
            yield (blank(1), place, blank(1), line, blank(1), *(text or ()))


@lru_cache(maxsize=256)
def _placed(label: Span, truncated: str) -> Span:
    return Span(pad_left(fit(label.text, 6, truncated), 6), label.role, bold=label.bold)


def shifted(line: Line, left: int) -> Line:
    """A transcript's line without the first `left` cells of its text; its gutter stays."""
    gutter, text = line[:TEXT_FROM], line[TEXT_FROM:]
    gone = head(text, left)
    characters = sum(len(part.text) for part in gone)
    rest: list[Span] = []
    for part in text:
        rest += [replace(part, text=SafeText(part.text[characters:]))] if len(part.text) > characters else []
        characters = max(characters - len(part.text), 0)
    return (*gutter, *rest)


def with_bar(line: Line, glyphs: Glyphs) -> Line:
    """Put the focus bar into column 0 of a transcript's line; an empty line gets it too."""
    return (span(glyphs.cursor, Role.FOCUS), *line[1:])
