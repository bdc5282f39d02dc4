"""Line under the search row: counts of what is on the screen, and notices (docs/look.md §9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from hermes_tui.render.line import Line, Role, blank, cells, crop, fill, head, line_cells, span
from hermes_tui.render.safe import safe
from hermes_tui.widgets.bar import Bar

MARGIN = 3
"""Text starts here."""
GAP = 2
PART_END = re.compile(r" (?=\(|[·-] )")
TOTALS = frozenset({"flagged", "live"})
"""Last words of the numbers that can be clicked."""


def _first_parts(sentence: Line, room: int) -> Line:
    """As many of a sentence's parts as fit, none cut; a part ends before a bracket or a dot."""
    if line_cells(sentence) <= room:
        return sentence
    words = "".join(part.text for part in sentence)
    ends = (found.start() for found in PART_END.finditer(words))
    width = max((taken for end in ends if (taken := cells(safe(words[:end]))) <= room), default=0)
    return head(sentence, width)


class StatusLine(Bar):
    """A sentence on the left; on the right what wants attention, or for a while a notice, whole where it fits."""

    _shown: reactive[tuple[Line, tuple[Line, ...]]] = reactive(((), ()))

    @dataclass
    class TotalClicked(Message):
        """A number at the right end was clicked."""

        word: str
        """What it counts: "flagged" or "live"."""

    def show(self, left: Line, *right: Line) -> None:
        """Put up a sentence, and at the right end the first of `right` for which there is room beside it."""
        self._shown = left, right

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Ask for what a number counts; keys are `Bar`'s."""
        start = 0
        for part in self.line(self.size.width):
            start += cells(part.text)
            if event.x < start:
                if (word := part.text.rpartition(" ")[2]) in TOTALS and event.chain == 1:
                    event.stop()
                    self.post_message(self.TotalClicked(word))
                return

    def line(self, width: int) -> Line:
        """The sentence, a gap, and the right end one cell before the edge."""
        (sentence, ends), room = self._shown, width - MARGIN - 1
        if self._notice:
            right = crop((span(self.glyphs.words(self._notice), Role.ACCENT),), max(room, 1), self.glyphs.truncated)
            left = _first_parts(sentence, room - line_cells(right) - GAP)
        else:
            taken = line_cells(sentence) + GAP
            right = next((line for line in ends if taken + line_cells(line) <= room), ())
            left = _first_parts(sentence, room) or crop(sentence, room, self.glyphs.truncated)
        return (blank(MARGIN), *fill(left, room - line_cells(right)), *right)
