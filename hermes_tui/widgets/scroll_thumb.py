"""Scroll track in a pane's last column, and where its thumb lies (docs/look.md §1)."""

from __future__ import annotations


def thumb(height: int, top: int, shown: int, total: int) -> tuple[int, int]:
    """Place a thumb.

    Args:
        height: Rows of the track.
        top: Lines above the first one on the screen.
        shown: Lines that the screen holds.
        total: All lines.

    Returns:
        First row and number of rows of the thumb, (0, 0) where everything is on the screen.
        It touches an end of the track only where the list is at that end.
    """
    if total <= shown or height < 1:
        return 0, 0
    size = min(max(1, round(height * shown / total)), max(1, height - 1))
    hidden, room = total - shown, height - size
    top = min(max(top, 0), hidden)
    start = round(room * top / hidden)
    if top > 0 and room > 1:
        start = max(1, start)
    if top < hidden and room > 1:
        start = min(room - 1, start)
    return start, size
