"""Frames on their way to the terminal: only cells that changed, and of their looks only what is different.

Textual writes each widget that was refreshed whole, every text with all of its look (docs/textual.md §6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from hermes_tui.render.columns import has_marks
from hermes_tui.render.line import cells

Look: TypeAlias = tuple[str, str, str]
"""Attributes, colour and ground as parameters of SGR, "" for none."""
Piece: TypeAlias = tuple[int, int, Strip]
"""Row, column, and what stands there."""

PLAIN: Look = "", "", ""
RESET = "\x1b[0m"
NEAR = 9
"""Cells between two changes that cost no more than a move of the cursor."""
SHIFTS, FEWEST = (1, -1, 2, -2, 3, -3), 6
"""Rows by which the terminal is asked to move others, those of a key or the wheel; and how many have to move."""
DRAWN = frozenset({"4", "7", "9", "21", "53"})
"""Attributes that are seen on a blank cell."""


class FrameWriter:
    """The cells that the terminal shows, as far as they were written here."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}

    def forget(self) -> None:
        """The terminal may show anything now: write every cell of what comes next."""
        self._rows.clear()

    def changes(self, update: Any) -> Any:
        """What of an update the terminal does not show yet; found when it is rendered, which is when it is written.

        Args:
            update: What Textual displays; to Rich's types its updates are no renderables. Anything else stays as it is.
        """
        return _Changes(self, update) if isinstance(update, ChopsUpdate | LayoutUpdate) else update

    def written(self, update: ChopsUpdate | LayoutUpdate, system: ColorSystem) -> str:
        """The sequences that bring the terminal from what it shows to an update; it shows that from now on."""
        pieces = _pieces_of_layout(update) if isinstance(update, LayoutUpdate) else _pieces_of_chops(update)
        now: dict[int, _Row] = {}
        for y, x, strip in pieces:
            if y not in now:
                now[y] = self._rows[y].copy() if y in self._rows else _Row()
            now[y].put(x, strip, system)
        pen = _Pen()
        if (shift := _shift(self._rows, now)) is not None:
            pen.scroll(*shift)
            self._rows = _scrolled(self._rows, *shift)
        for y, row in now.items():
            pen.draw(y, row, self._rows.get(y) or _Row())
        self._rows |= now
        return pen.end()


class _Changes(CompositorUpdate):
    """An update of which only the difference is written."""

    def __init__(self, writer: FrameWriter, update: ChopsUpdate | LayoutUpdate) -> None:
        self._writer = writer
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Textual's hook."""
        return self._writer.written(self._update, console._color_system or ColorSystem.TRUECOLOR)


def _shift(before: Mapping[int, _Row], now: Mapping[int, _Row]) -> tuple[int, int, int] | None:
    """First and last row of those of before that stand some rows further up now, and how many; None where few do.

    A terminal moves whole rows alone. What the last column has, which may be a thumb that stays, decides nothing.
    """
    if len(now) < FEWEST:
        return None
    keys, old = {y: row.key for y, row in now.items()}, {y: row.key for y, row in before.items()}
    best: tuple[list[int], int] = [], 0
    for by in SHIFTS:
        moved = [y for y, key in keys.items() if key.strip() and old.get(y + by) == key and old.get(y) != key]
        best = max(best, (moved, by), key=lambda found: len(found[0]))
    moved, by = best
    return (min(moved) + by, max(moved) + by, by) if len(moved) >= FEWEST else None


def _scrolled(rows: Mapping[int, _Row], first: int, last: int, by: int) -> dict[int, _Row]:
    """The rows after `_Pen.scroll`: of those that come in nothing is known."""
    top, bottom = min(first, first - by), max(last, last - by)
    inside = range(top, bottom + 1)
    moved = {y: rows[y + by] for y in inside if y + by in inside and y + by in rows}
    return {y: row for y, row in rows.items() if y not in inside} | moved


def _pieces_of_layout(update: LayoutUpdate) -> Iterator[Piece]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _pieces_of_chops(update: ChopsUpdate) -> Iterator[Piece]:
    """The parts of the lines that were refreshed; one that goes on beyond what was is cut there, as Textual does."""
    for y, start, end in update.spans:
        for stop, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= end and stop > start:
                yield y, x, strip if start <= x < end and stop <= end else strip.crop(0, min(stop, end) - x)


class _Row:
    """Cells of a row: a character each, "" for the rest of one that is wider, None where nothing is known."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []
        self.looks: list[Look] = []

    def copy(self) -> _Row:
        """The same cells in another row."""
        row = _Row()
        row.texts, row.looks = self.texts[:], self.looks[:]
        return row

    def put(self, x: int, strip: Strip, system: ColorSystem) -> None:
        """Put a strip at a column."""
        texts: list[str] = []
        looks: list[Look] = []
        for text, style, _ in strip:
            placed = _cells_of(text)
            texts += placed
            looks += [look_of(style, system) if style is not None else PLAIN] * len(placed)
        lacking = x + len(texts) - len(self.texts)
        self.texts += [None] * lacking
        self.looks += [PLAIN] * lacking
        self.texts[x : x + len(texts)] = texts
        self.looks[x : x + len(texts)] = looks

    @property
    def has_marks(self) -> bool:
        """Whether terminals may disagree on the width of what stands here."""
        return has_marks("".join(text or "" for text in self.texts))

    @property
    def key(self) -> str:
        """Its text without the last column, "" where not all of it is known."""
        return "" if None in self.texts else "".join(text or "" for text in self.texts[:-1])

    def known(self) -> Iterator[tuple[int, int]]:
        """Where the cells are known, from a column to the one behind it."""
        places = [place for place, text in enumerate(self.texts) if text is not None]
        return _joined(places, lambda end, place: place == end)

    def runs(self, before: _Row) -> Iterator[tuple[int, int]]:
        """Where the cells are others than before, whole characters; what stands between two of them is near."""
        if self.texts == before.texts and self.looks == before.looks:
            return
        size = len(before.texts)
        changed = [
            place
            for place, (text, look) in enumerate(zip(self.texts, self.looks, strict=True))
            if text is not None and (place >= size or text != before.texts[place] or look != before.looks[place])
        ]
        near = lambda end, place: place - end <= NEAR and None not in self.texts[end:place]  # noqa: E731
        yield from (self._whole(start, end) for start, end in _joined(changed, near))

    def _whole(self, start: int, end: int) -> tuple[int, int]:
        """A stretch with the whole of its first and last characters."""
        while start and not self.texts[start]:
            start -= 1
        while end < len(self.texts) and self.texts[end] == "":
            end += 1
        return start, end


def _joined(places: Iterable[int], goes_on: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """Stretches of places, each from its first to the one behind its last.

    Args:
        places: In order.
        goes_on: Whether a place belongs to a stretch that ends before another.
    """
    start = end = -1
    for place in places:
        if start < 0 or not goes_on(end, place):
            if start >= 0:
                yield start, end
            start = place
        end = place + 1
    if start >= 0:
        yield start, end


def _cells_of(text: str) -> Sequence[str]:
    """The cells of a text, each with its character; one whose characters are no cells of their own is one piece."""
    if text.isascii():
        return text
    if has_marks(text):
        return [text, *[""] * (cells(text) - 1)] if cells(text) else []
    placed: list[str] = []
    for letter in text:
        placed += [letter, *[""] * (cells(letter) - 1)]
    return placed


@lru_cache(maxsize=2048)
def look_of(style: Style, system: ColorSystem) -> Look:
    """The look of a style in the colours that a terminal has."""
    colour, ground = (
        ";".join(colour.downgrade(system).get_ansi_codes(foreground=foreground)) if colour is not None else ""
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
    )
    whole = style.update_link(None).render(" ", color_system=system).partition("m")[0].removeprefix("\x1b[").strip()
    rest = whole.removesuffix(ground).rstrip(";").removesuffix(colour).rstrip(";")
    return rest, colour, ground


class _Pen:
    """Writes runs of cells with as few changes of the look as they need."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._look = PLAIN

    def scroll(self, first: int, last: int, by: int) -> None:
        """Move rows up, or down if negative, and only them."""
        top, bottom = min(first, first - by) + 1, max(last, last - by) + 1
        moves = f"\x1b[{bottom};1H" + "\n" * by if by > 0 else f"\x1b[{top};1H\x1b[{-by}L"
        self._out.append(f"\x1b[{top};{bottom}r{moves}\x1b[r")

    def draw(self, y: int, row: _Row, before: _Row) -> None:
        """Write what is different in a row; all of one in which a column may not be where it is counted."""
        runs = [*row.runs(before)]
        if runs and (row.has_marks or before.has_marks):
            self._draw_whole(y, row)
            return
        for start, end in runs:
            self._out.append(f"\x1b[{y + 1};{start + 1}H")
            self._write(row, start, end)

    def end(self) -> str:
        """All that was written, and no look left over."""
        if self._look != PLAIN:
            self._out.append(RESET)
        return "".join(self._out)

    def _draw_whole(self, y: int, row: _Row) -> None:
        """A row with every look whole, as `columns.anchored` reads it."""
        self._take(PLAIN)
        for start, end in row.known():
            self._out.append(f"\x1b[{y + 1};{start + 1}H")
            for place, stop in _alike(row, start, end):
                codes = ";".join(filter(None, row.looks[place]))
                text = "".join(text or "" for text in row.texts[place:stop])
                self._out.append(f"\x1b[{codes}m{text}{RESET}" if codes else text)

    def _write(self, row: _Row, start: int, end: int) -> None:
        for place, stop in _alike(row, start, end):
            text = "".join(text or "" for text in row.texts[place:stop])
            self._take(row.looks[place], blank=not text.strip(" "))
            self._out.append(text)

    def _take(self, look: Look, *, blank: bool = False) -> None:
        """Change to a look; on blank cells only its ground is seen, and what is drawn on them."""
        attributes, colour, ground = self._look
        if blank and not DRAWN & {*attributes.split(";"), *look[0].split(";")}:
            look = attributes, colour, look[2]
        if look == self._look:
            return
        if attributes and look[0] != attributes:
            codes = ["0", *filter(None, look)]
        else:
            codes = [look[0]] if look[0] != attributes else []
            codes += [look[1] or "39"] if look[1] != colour else []
            codes += [look[2] or "49"] if look[2] != ground else []
        self._look = look
        self._out.append(f"\x1b[{';'.join(codes)}m" if look != PLAIN else RESET)


def _alike(row: _Row, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches of cells with one look."""
    place = start
    for at in range(start + 1, end + 1):
        if at == end or row.looks[at] != row.looks[place]:
            yield place, at
            place = at
