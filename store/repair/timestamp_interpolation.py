"""Timestamps of inserted messages: their own where it fits, never out of order among their neighbours.

Hermes before July 2026 replays by time and id (docs/format.md §3.5), so a time out of order would tear a
conversation apart there; and a JSONL file's times are local ones of a machine that need not be this.
"""

from __future__ import annotations

from collections.abc import Sequence


class Times:
    """The timestamps of a session's rows.

    Args:
        rows: In id order, seconds since 1970, None where a row has none.
        otherwise: The timestamp of a message without any other.
    """

    def __init__(self, rows: Sequence[float | None], *, otherwise: float) -> None:
        self._before = [None, *_filled(rows)]
        """Last known timestamp among the first n rows, by n."""
        self._after = [*_filled(rows[::-1])[::-1], None]
        """First known timestamp from row n on, by n."""
        self._otherwise = otherwise

    def between(self, own: Sequence[float | None], gaps: Sequence[int]) -> list[float]:
        """A timestamp for each message.

        Args:
            own: Its own, None where it has none.
            gaps: The number of rows before it; rising.

        Returns:
            Times that don't fall within a gap, and lie between those of the neighbouring rows where these are in order.
        """
        found: list[float] = []
        nexts = _filled(own[::-1])[::-1]
        for place, gap in enumerate(gaps):
            lower, upper = self._before[gap], self._after[gap]
            if place and gaps[place - 1] == gap:
                lower = found[-1]
            candidates = (own[place], lower, nexts[place], upper)
            time = next((known for known in candidates if known is not None), self._otherwise)
            if upper is not None and (lower is None or lower <= upper):
                time = min(time, upper)
            found.append(time if lower is None else max(time, lower))
        return found


def _filled(times: Sequence[float | None]) -> list[float | None]:
    """The times, an unknown one as the last known one before it."""
    filled: list[float | None] = []
    for time in times:
        filled.append(filled[-1] if time is None and filled else time)
    return filled
