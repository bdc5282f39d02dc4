"""History of the searches since the start, and the place of a walk through it."""

from __future__ import annotations

MOST = 100
"""Searches that are remembered."""


class SearchHistory:
    """Searches by the order in which they were last used; it is never written to a disk."""

    def __init__(self) -> None:
        self._past: list[str] = []
        self._walk: list[str] = []
        self._place = 0

    def __bool__(self) -> bool:
        """Whether anything was searched for."""
        return bool(self._past)

    def keep(self, text: str) -> None:
        """Remember a search that was used, unless it is blank."""
        if text := text.strip():
            self._past = [*(past for past in self._past if past != text), text][-MOST:]

    def older(self, text: str) -> str | None:
        """The search before the one that is typed; None where there is none."""
        if not self._is_walking(text):
            self._walk = [text, *(past for past in reversed(self._past) if past != text.strip())]
            self._place = 0
        return self._step(1)

    def newer(self, text: str) -> str | None:
        """The search after it on the way back, at last what had been typed; None where `older` did not give `text`."""
        return self._step(-1) if self._is_walking(text) else None

    def _is_walking(self, text: str) -> bool:
        return self._place > 0 and self._walk[self._place] == text

    def _step(self, step: int) -> str | None:
        if self._place + step == len(self._walk):
            return None
        self._place += step
        return self._walk[self._place]
