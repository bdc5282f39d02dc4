"""Plot of growth: CPU time against the number of things, in homes S to L and in odd shapes, as SVG.

Both axes are logarithmic: a line as steep as the dashed one is linear, a flat one costs the same at any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from tests.benchmarks.homes import SIZES

WIDTH, LEFT, ACROSS, GAP, NAMES = 920, 64, 380, 28, 440
ROW = 19
"""Height of a name beside the lines."""
COLOURS = (
    ("#0969da", "#58a6ff"),
    ("#bc4c00", "#f0883e"),
    ("#1a7f37", "#3fb950"),
    ("#8250df", "#bc8cff"),
    ("#bf3989", "#f778ba"),
    ("#9a6700", "#d29922"),
    ("#57606a", "#8b949e"),
)
"""Of a line on a light ground, and on a dark one."""

Points = Sequence[tuple[float, float]]
"""Number of things, and CPU milliseconds."""
Series = dict[str, list[tuple[float, float]]]


def plot(series: Mapping[str, Points]) -> str:
    """One picture, for a light ground and a dark one."""
    numbers = {size.sessions for size in SIZES.values()}
    homes = {name: points for name, points in series.items() if {number for number, _ in points} <= numbers}
    odd = {name: points for name, points in series.items() if name not in homes}
    panels = (
        ("by the sessions of a home; dashed: linear", homes),
        ("by sessions, messages or files of odd shapes", odd),
    )
    parts, top = list[str](), 0.0
    for title, lines in panels:
        if lines:
            panel = _Panel(lines, top + 52)
            parts += [_text(LEFT, top + 24, f"CPU milliseconds {title}", "t b"), *panel.drawn()]
            top = panel.bottom + 30
    size = f'width="{WIDTH}" height="{top:.0f}" viewBox="0 0 {WIDTH} {top:.0f}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', _style(), *parts, "</svg>", ""])


class _Panel:
    """A grid with its lines, and their names beside them in the order of their ends."""

    def __init__(self, lines: Mapping[str, Points], top: float) -> None:
        self._lines, self._top = lines, top
        self._height = max(240.0, ROW * len(lines))
        points = [point for line in lines.values() for point in line]
        self._x = _decades([number for number, _ in points])
        self._y = _decades([max(value, 0.1) for _, value in points])
        self.bottom = top + self._height + 24

    def drawn(self) -> Iterator[str]:
        """All of it, the grid below the lines."""
        yield from self._grid()
        ends = sorted(self._lines.items(), key=lambda line: -line[1][-1][1])
        rows = _spread([self._place(*points[-1])[1] for _, points in ends], self._top, self._top + self._height)
        for number, ((name, points), row) in enumerate(zip(ends, rows, strict=True)):
            colour = f"c{number % len(COLOURS)}"
            places = [self._place(*point) for point in points]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield f'<polyline class="l {colour}" points="{line}"/>'
            yield from (f'<circle class="d {colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places)
            (x, y), left = places[-1], LEFT + ACROSS + GAP
            yield f'<path class="r" d="M{x + 4:.1f} {y:.1f}L{left - 6} {row:.1f}"/>'
            yield _text(left, row + 4, f"{name}: {_figure(points[-1][1])} ms", f"t {colour}")

    def _place(self, number: float, value: float) -> tuple[float, float]:
        across, down = (
            (log10(max(amount, 0.1)) - low) / (high - low)
            for amount, (low, high) in ((number, self._x), (value, self._y))
        )
        return LEFT + across * ACROSS, self._top + (1 - down) * self._height

    def _grid(self) -> Iterator[str]:
        right, floor_of = LEFT + ACROSS, self._top + self._height
        for power in range(self._y[0], self._y[1] + 1):
            _, y = self._place(1, 10.0**power)
            yield f'<path class="g" d="M{LEFT} {y:.1f}H{right}"/>'
            yield _text(LEFT - 8, y + 4, f"{10.0**power:,g}", "t m e")
        for power in range(self._x[0], self._x[1] + 1):
            x, _ = self._place(10.0**power, 1)
            yield f'<path class="g" d="M{x:.1f} {self._top}V{floor_of}"/>'
            yield _text(x, floor_of + 18, f"{10**power:,}", "t m c")
        decades = min(self._x[1] - self._x[0], self._y[1] - self._y[0])
        (x1, y1), (x2, y2) = (self._place(10.0 ** (self._x[0] + n), 10.0 ** (self._y[0] + n)) for n in (0, decades))
        yield f'<path class="g h" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some values; at least one between them."""
    low = floor(log10(min(values)))
    return low, max(low + 1, ceil(log10(max(values))))


def _spread(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Rows near the wanted ones, in the same order, none closer than a name is high."""
    rows = list[float]()
    for row in wanted:
        rows.append(max(row, rows[-1] + ROW if rows else top))
    for place in reversed(range(len(rows))):
        rows[place] = min(rows[place], bottom - ROW * (len(rows) - 1 - place))
    return rows


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _text(x: float, y: float, text: str, classes: str) -> str:
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(text.replace("`", ""))}</text>'


def _style() -> str:
    """Colours by the ground of whoever looks."""

    def _of(ground: int, text: str, muted: str, grid: str) -> str:
        lines = "".join(
            f".l.c{number}{{stroke:{pair[ground]}}}.d.c{number},.t.c{number}{{fill:{pair[ground]}}}"
            for number, pair in enumerate(COLOURS)
        )
        return f".t{{fill:{text}}}.m{{fill:{muted}}}.g,.r{{stroke:{grid}}}{lines}"

    common = (
        ".t{font:12px sans-serif}.b{font-weight:bold}.e{text-anchor:end}.c{text-anchor:middle}"
        ".l{fill:none;stroke-width:2}.g,.r{fill:none}.h{stroke-dasharray:5 4;stroke-width:2}"
    )
    dark = _of(1, "#e6edf3", "#9198a1", "#3d444d")
    return (
        f"<style>{common}{_of(0, '#1f2328', '#59636e', '#d1d9e0')}@media(prefers-color-scheme:dark){{{dark}}}</style>"
    )
