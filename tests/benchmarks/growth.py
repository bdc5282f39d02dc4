"""Plot of growth: CPU time at a quarter, a half and the whole of a size, each line by its own whole, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, MARGIN, NAMES = 720, 360, 48, 300
COLOURS = ("#2a6fdb", "#888888", "#c2571a", "#3a8f5c", "#8a4fc7", "#b0417a", "#6b7d1f", "#1f7d7a", "#7a5c2e")
_SIZE = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
_FONT = 'font-size="12" font-family="sans-serif"'

Points = Sequence[tuple[float, float]]
"""Share of the whole size, and CPU milliseconds; the last one is the whole."""


def plot(series: Mapping[str, Points]) -> str:
    """Lines from (0, 0) to the whole; a straight one is linear, and one that bends upwards is worse."""
    across, down = WIDTH - 2 * MARGIN - NAMES, HEIGHT - 2 * MARGIN

    def _place(share: float, part: float) -> str:
        return f"{MARGIN + share * across:.1f},{HEIGHT - MARGIN - part * down:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {_SIZE} {_FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<polyline fill="none" stroke="black" points="{_place(0, 1)} {_place(0, 0)} {_place(1, 0)}"/>',
        f'<polyline fill="none" stroke="#bbbbbb" stroke-dasharray="4" points="{_place(0, 0)} {_place(1, 1)}"/>',
        f'<text x="{MARGIN}" y="{MARGIN - 16}">CPU time by that of the whole size; dashed: linear</text>',
    ]
    for share, name in ((0.25, "¼"), (0.5, "½"), (1.0, "size")):
        place, _ = _place(share, 0).split(",")
        parts.append(f'<text x="{place}" y="{HEIGHT - MARGIN + 20}" text-anchor="middle">{name}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour, whole = COLOURS[number % len(COLOURS)], max(points[-1][1], 0.001)
        line = " ".join(_place(share, value / whole) for share, value in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        left, row = WIDTH - MARGIN - NAMES + 16, MARGIN + 18 * number
        parts.append(f'<text x="{left}" y="{row}" fill="{colour}">{name}: {whole:,.0f} ms</text>')
    return "\n".join([*parts, "</svg>", ""])
