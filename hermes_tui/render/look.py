"""Look of a message that is drawn: the cells there are, the marks, the matches."""

from __future__ import annotations

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.marks import Marker
from store.base.late_dataclass import dataclass, field

UNWRAPPED = 4_000
"""Cells of a line where nothing is wrapped."""


@dataclass(frozen=True, slots=True)
class Look:
    """Cells, marks and matches of what is drawn."""

    measure: int
    """Cells of a line of text."""
    glyphs: Glyphs
    marker: Marker = field(default_factory=Marker)
    opened: bool = False
    """What is drawn is a fold, and it is open."""
    numbered: bool = False
    """Code carries the number by which it can be copied."""
    wraps: bool = True
    """Lines are broken at the measure; else they go on to the right of the pane."""

    @property
    def room(self) -> int:
        """The cells after which a line is broken."""
        return self.measure if self.wraps else UNWRAPPED
