"""What was searched for since the start, and where a walk through it stands."""

from __future__ import annotations

MOST = 100
"""Searches that are remembered."""


class History:
    """Searches by the order in which they were last used; it is never written to a disk."""

    def __init__(self) -> None:
        self._past: list[str] = []
        self._walk: list[str] = []
        self._place = 0

    def __bool__(self) -> bool:
        """Whether anything was searched for."""
        return bool(self._past)

    def keep(self, text: str) -> None:
        """Remember a search that was used; one that says nothing is not."""
        text = text.strip()
        if text:
            self._past = [*(one for one in self._past if one != text), text][-MOST:]

    def walks(self, text: str) -> bool:
        """Whether what stands in the search row was put there by a walk, so that there is a way back."""
        return self._place > 0 and self._walk[self._place] == text

    def older(self, text: str) -> str | None:
        """What was searched for before what stands in the search row; None where there is nothing older."""
        if not self.walks(text):
            self._walk = [text, *(one for one in reversed(self._past) if one != text.strip())]
            self._place = 0
        if self._place + 1 == len(self._walk):
            return None
        self._place += 1
        return self._walk[self._place]

    def newer(self) -> str:
        """The next one on the way back; last what had been typed. Only while a walk goes on."""
        self._place -= 1
        return self._walk[self._place]
