"""Plot of growth: CPU milliseconds over sessions, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, MARGIN = 640, 320, 56
COLOURS = ("#2a6fdb", "#888888", "#c2571a", "#3a8f5c")

Points = Sequence[tuple[int, float]]


def plot(series: Mapping[str, Points]) -> str:
    """Lines of points from (0, 0) on, each named at its end."""
    most_sessions = max(sessions for points in series.values() for sessions, _ in points)
    most = max(value for points in series.values() for _, value in points)

    def _place(sessions: float, value: float) -> str:
        across = MARGIN + sessions / most_sessions * (WIDTH - 3 * MARGIN)
        return f"{across:.1f},{HEIGHT - MARGIN - value / most * (HEIGHT - 2 * MARGIN):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<polyline fill="none" stroke="black" points="{_place(0, most)} {_place(0, 0)} {_place(most_sessions, 0)}"/>',
        f'<text x="{MARGIN}" y="{MARGIN - 16}">CPU ms, to {most:.0f}</text>',
        f'<text x="{WIDTH - 3 * MARGIN}" y="{HEIGHT - MARGIN + 24}">{most_sessions:,} sessions</text>',
    ]
    for colour, (name, points) in zip(COLOURS, series.items(), strict=False):
        line = " ".join(_place(sessions, value) for sessions, value in points)
        across, down = line.split()[-1].split(",")
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        parts.append(f'<text x="{float(across) + 6:.0f}" y="{down}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
