"""Layout of the screen by its size (docs/look.md §1)."""

from __future__ import annotations

from store.base.late_dataclass import dataclass

TWO_PANES = 100
"""Columns from which list and transcript stand side by side."""
BROAD = 180
"""Columns from which details stand beside the transcript."""
NARROWEST = 40
"""Columns of either pane, at least."""
TALL = 30
LOW = 14
LEAST = (40, 10)
"""Columns and rows below which a screen is too small for anything."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths and parts of a screen of `width` × `height`."""

    width: int
    height: int
    share: int | None = None
    """Thousandths of the width that the list was given; None where nobody moved the divider."""

    @property
    def roomy(self) -> bool:
        """Wide enough for two panes."""
        return self.width >= TWO_PANES

    @property
    def list_width(self) -> int:
        """Cells of the list beside a transcript, without the divider."""
        if self.share is None:
            return min(84, max(40, round(self.width * 0.44)))
        return max(NARROWEST, min(round(self.width * self.share / 1000), self.width - 1 - NARROWEST))

    def classes(self, *, single: bool, reading: bool) -> dict[str, bool]:
        """The classes of the screen, which show its parts and leave them out.

        Args:
            single: One pane was asked for.
            reading: The transcript has the attention.
        """
        two = self.roomy and not single
        return {
            "-two": two,
            "-reading": reading and not two,
            "-broad": self.width >= BROAD,
            "-tall": self.height >= TALL,
            "-low": self.height < LOW,
            "-tiny": self.width < LEAST[0] or self.height < LEAST[1],
        }
