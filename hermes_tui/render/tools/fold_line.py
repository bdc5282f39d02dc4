"""Line of what can be folded: a call with its result, a result alone, reasoning (docs/look.md §7)."""

from __future__ import annotations

from hermes_tui.render.line import Line, Role, blank, cells, fit, in_look_of, line_cells, pad_left, span
from hermes_tui.render.look import Look
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import n_bytes, size
from hermes_tui.render.tools.outcome import Outcome
from hermes_tui.render.tools.summary import LONGEST_SUMMARY
from store.base.late_dataclass import dataclass, replace

NARROW_BELOW = 56
"""A measure below which the outcome has 4 cells instead of 9."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts on a fold line."""

    size: str = ""
    """A size, or how many lines a difference adds and removes."""
    duration: str = ""
    """Left out below `NARROW_BELOW`."""

    def text(self, *, narrow: bool) -> SafeText:
        """Both, the size in 8 cells or more."""
        taken = pad_left(safe(self.size), max(8, cells(self.size)))
        return SafeText(f"{self.duration}  {taken}") if self.duration and not narrow else taken


def fold_line(
    name: SafeText, words: SafeText, amounts: Amounts, end: Outcome | None, look: Look, *, is_stored: bool = False
) -> Line:
    """Draw what is folded: name and words to the left, size 8 right-aligned, outcome 9 (4 below a measure of 56).

    Args:
        end: None for reasoning, which is written in italics and has no outcome.
        is_stored: The name is a part of the message, so that matches are marked in it.

    Returns:
        At most `measure` cells, for any measure of 24 and more.
    """
    glyphs, narrow = look.glyphs, look.measure < NARROW_BELOW
    italic, amount = end is None, amounts.text(narrow=narrow)
    room = _room(amount, look)
    shown = shown_words(name, words, amounts, look)
    name = fit(name, room - 2, glyphs.truncated)
    like = span("", italic=italic)
    named = look.marker.mark(name, like) if is_stored else (in_look_of(like, name),)
    line: Line = (span((glyphs.opened if look.opened else glyphs.folded) + " ", Role.DIM), *named)
    if shown:
        line = (*line, blank(2), *look.marker.mark(shown, span("", Role.DIM, italic=italic)))
    line = (*line, blank(room - line_cells(line) + 1), span(amount, Role.DIM))
    if end is None:
        return line
    ended = end.narrow if narrow else end.wide
    return (*line, blank(1 if narrow else 2), span(ended, end.role, bold=end.role is Role.ERROR))


def shown_words(name: SafeText, words: SafeText, amounts: Amounts, look: Look) -> SafeText:
    """The words that fit on a fold line, cut at their end."""
    room = _room(amounts.text(narrow=look.measure < NARROW_BELOW), look)
    left = room - 4 - cells(fit(name, room - 2, look.glyphs.truncated))
    return fit(words, left, look.glyphs.truncated) if left > 1 else SafeText("")


def reasoning_line(reasoning: str, look: Look) -> Line:
    """Draw reasoning as one line: `▸ reasoning  The user says…   1.4 KB`, in italics, without an outcome."""
    words = SafeText("") if look.opened else one_line(reasoning[:LONGEST_SUMMARY])
    line = fold_line(safe("reasoning"), words, Amounts(size(n_bytes(reasoning))), None, look)
    return (line[0], replace(line[1], role=Role.DIM), *line[2:])


def _room(amount: SafeText, look: Look) -> int:
    """The cells left of an amount."""
    return look.measure - (6 if look.measure < NARROW_BELOW else 12) - cells(amount)
