"""Line under the search row: counts of what is on the screen, and notices (docs/look.md §9)."""

from __future__ import annotations

from textual.reactive import reactive
from textual.timer import Timer

from hermes_tui.render.line import Line, Role, blank, crop, fill, line_cells, span
from hermes_tui.widgets.bar import Bar

MARGIN = 3
"""Text starts here."""
GAP = 2
NOTICE_SECONDS = 4.0


class StatusLine(Bar):
    """A sentence on the left; on the right what wants attention, or for a while a notice."""

    _shown: reactive[tuple[Line, tuple[Line, ...]]] = reactive(((), ()))
    _notice: reactive[str] = reactive("")
    _clearing: Timer | None = None

    def show(self, left: Line, *right: Line) -> None:
        """Put up a sentence, and at the right end the first of `right` for which there is room beside it."""
        self._shown = left, right

    def show_notice(self, notice: str) -> None:
        """Put a notice in the right half for four seconds; a newer one takes its place."""
        if self._clearing is not None:
            self._clearing.stop()
        self._notice = notice
        self._clearing = self.set_timer(NOTICE_SECONDS, self._forget)

    def _forget(self) -> None:
        self._notice = ""

    def line(self, width: int) -> Line:
        """The sentence, a gap, and the right end one cell before the edge."""
        (sentence, ends), room = self._shown, width - MARGIN - 1
        if self._notice:
            right = crop(
                (span(self.glyphs.words(self._notice), Role.ACCENT),), max(room // 2, 1), self.glyphs.truncated
            )
            left = crop(sentence, room - line_cells(right) - GAP, self.glyphs.truncated)
        else:
            taken = line_cells(sentence) + GAP
            right = next((line for line in ends if taken + line_cells(line) <= room), ())
            left = crop(sentence, room, self.glyphs.truncated)
        return (blank(MARGIN), *fill(left, room - line_cells(right)), *right)
