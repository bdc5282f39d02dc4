"""Letter that quits: asked for twice where it may be a letter of a word."""

from __future__ import annotations

HASTE = 1.0
"""Seconds after a letter in which another one may belong to the same word."""
MOVEMENTS = frozenset("jkJKgGnN{}()[]")
"""Characters that move, and so are pressed just before `q`."""


class QuitKey:
    """The last keys, as far as they decide whether the letter quits.

    Args:
        letter: The key that quits; one that types nothing is never held back.
    """

    def __init__(self, letter: str = "q") -> None:
        self._letter = letter
        self._letter_at = float("-inf")
        self._is_hasty = False
        self._was_asked = False
        self._is_second = False

    def take(self, character: str, at: float) -> None:
        """Take a key that was pressed at that time; "" for one that types nothing."""
        is_quit = character == self._letter
        self._is_second = is_quit and self._was_asked
        self._is_hasty = is_quit and at - self._letter_at < HASTE
        self._was_asked = False
        if len(character) == 1 and character.isprintable() and character not in MOVEMENTS:
            self._letter_at = at

    def holds_back(self) -> bool:
        """Whether the last key was the letter and has to be pressed again; the next key may be that."""
        self._was_asked = self._is_hasty and not self._is_second
        return self._was_asked
