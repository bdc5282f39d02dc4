"""Tokenizer equal to FTS5's `unicode61 remove_diacritics 1`: folded text, words and their positions."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable

from ..base.late_dataclass import dataclass
from ..base.late_pattern import late_pattern
from .unicode61_table import separators

SEPARATOR = " "
"""Stands for every separator in folded text."""
MARK = "\x01"
"""Stands for a combining accent (U+0301 and the like), which is neither letter nor separator."""

_OF_ASCII = frozenset("0123456789abcdefghijklmnopqrstuvwxyz" + MARK)
_MARK_BITS = 0x361F8_08029FDF
"""The combining marks from U+0300 on that the tokenizer drops, as bits (fts5_unicode2.c)."""
_WORD = late_pattern(rf"[^{SEPARATOR}{MARK}][^{SEPARATOR}]*")
_CJK = late_pattern(
    "[\u1100-\u11ff\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f]+"
)
"""The ranges of docs/format.md §6.4, with parts of Korean syllables, compatibility ideographs and half-width kana."""


class _Folding(dict[int, str]):
    """Table for `str.translate`, filled on demand."""

    def __init__(self) -> None:
        super().__init__()
        runs = separators()
        self._starts = [run.start for run in runs]
        self._ends = [run.stop for run in runs]

    def __missing__(self, point: int) -> str:
        folded = self[point] = self._fold(point)
        return folded

    def _fold(self, point: int) -> str:
        if 0x300 <= point < 0x340 and _MARK_BITS >> (point - 0x300) & 1:
            return MARK
        return _letter(chr(point)) if self._is_letter(point) else SEPARATOR

    def _is_letter(self, point: int) -> bool:
        if point < 0x80:
            return chr(point).isalnum()
        run = bisect_right(self._starts, point) - 1
        return run < 0 or point >= self._ends[run]


def _letter(char: str) -> str:
    """A letter without case, and without its accent where it has exactly one."""
    if char == "İ":
        return "i"
    folded = char.casefold()
    if len(folded) != 1:
        folded = char.lower() if len(char.lower()) == 1 else char
    base, _, accents = unicodedata.decomposition(folded).partition(" ")
    if accents and " " not in accents and not base.startswith("<") and int(base, 16) < 0x80:
        return chr(int(base, 16))
    return folded


_FOLDING = _Folding()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text: letters with every separator as one space, and their positions in the text."""

    letters: str
    places: tuple[int, ...] | None
    """For each letter its index in the text, then the text's length; None where they are the same."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the text for a range of `letters`."""
        return (start, end) if self.places is None else (self.places[start], self.places[end])


def fold(text: str) -> Folded:
    """A folded text; linear in its length."""
    letters = text.translate(_FOLDING)
    if MARK not in letters:
        return Folded(letters, None)
    places = [index for index, letter in enumerate(letters) if letter != MARK]
    return Folded(letters.replace(MARK, ""), (*places, len(text)))


def reads_as_ascii(chars: Iterable[str]) -> bool:
    """True where one of some characters is a letter or a digit of ASCII, an accented one, or an accent."""
    return not {*"".join(chars).translate(_FOLDING)}.isdisjoint(_OF_ASCII)


def plain(text: str) -> str:
    """A text of the same length without case and accents, its punctuation kept, for comparing names."""
    if text.isascii():
        return text.lower()
    return "".join(
        written if letter in (SEPARATOR, MARK) else letter
        for letter, written in zip(text.translate(_FOLDING), text, strict=True)
    )


def words(text: str) -> tuple[str, ...]:
    """The words of a text as written, accents and case kept."""
    return tuple(text[word.start() : word.end()] for word in _WORD.finditer(text.translate(_FOLDING)))


def ends_in_word(text: str) -> bool:
    """True where the last character belongs to a word."""
    return bool(text) and text[-1].translate(_FOLDING) != SEPARATOR


def cjk_runs(text: str) -> tuple[str, ...]:
    """The runs of Chinese, Japanese and Korean characters in a text, whose words have no spaces between them."""
    return () if text.isascii() else tuple(_CJK.findall(text))
