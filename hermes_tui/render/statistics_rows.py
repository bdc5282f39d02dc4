"""The page of statistics: totals beside a calendar of weeks, hours of the day, rows that can be chosen.

Pure; stored names pass the gate of `span`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum

from hermes_tui.render.glyphs import UNICODE, Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, fit, line_cells, pad, pad_left, span
from hermes_tui.render.row import with_cursor
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.statistics import LEVELS, LEVELS_ASCII, calendar_lines, dollars, hour_lines
from hermes_tui.render.time import count, in_words, many
from store.base.late_dataclass import dataclass
from store.browse.statistics import Statistics
from store.engine.statistics import Tally, ToolCount, ToolsStep

NAME, NUMBER = 24, 10
"""Cells of a row's name, and of each number."""
BAR = 40
"""Cells of the longest bar at most."""
DAYS = 28
"""Days that are listed, the last ones with messages."""
MOST = 20
"""Rows of every other section."""
BESIDE = 36
"""Column of the totals beside the calendar."""
NARROWEST = 40
"""Cells of the totals at least; where the page has fewer beside the calendar, they stand above it."""


class Section(StrEnum):
    """Rows of one kind, by the words above them."""

    DAYS = "days"
    SOURCES = "sources"
    MODELS = "models"
    LONGEST = "most messages"
    DEAREST = "most expensive"
    TOOLS = "tools"


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """One row."""

    section: Section
    name: str
    """As stored, "" where there is none."""
    value: float
    """What its bar stands for."""
    numbers: tuple[str, ...]
    query: str
    """A query that lists its sessions; "" where none can."""


def rows(
    numbers: Statistics,
    sources: Sequence[tuple[str | None, Tally]],
    models: Sequence[tuple[str | None, Tally]],
    tools: ToolsStep | None,
) -> list[StatisticsRow]:
    """Every row, section by section."""
    found = [_day(day, messages) for day, messages in reversed(numbers.days[-DAYS:])]
    found += [_group(Section.SOURCES, "source", name, tally) for name, tally in sources[:MOST]]
    found += [_group(Section.MODELS, "model", name, tally) for name, tally in models[:MOST]]
    for section, sizes in ((Section.LONGEST, numbers.longest), (Section.DEAREST, numbers.dearest)):
        for size in sizes:
            said = dollars(size.value) if section is Section.DEAREST else many(int(size.value), "message")
            found.append(StatisticsRow(section, size.title or size.id, size.value, (said,), f"id:{size.id}"))
    return found + [_tool(tool) for tool in (tools.tools[:MOST] if tools else ())]


def head(numbers: Statistics, *, width: int, glyphs: Glyphs) -> list[Line]:
    """The lines above the rows: calendar and totals, and the hours of the day."""
    levels = LEVELS if glyphs is UNICODE else LEVELS_ASCII
    beside = width - BESIDE - 1
    is_narrow = beside < NARROWEST or not numbers.days
    totals = [*_totals(numbers.total, width=width - 3 if is_narrow else beside, glyphs=glyphs)]
    above: list[Line] = [(blank(2), *line) for line in totals] if is_narrow else []
    if not numbers.days:
        return above
    weeks = [_plain(text, glyphs) for text in calendar_lines(numbers.days, levels=levels)]
    months = (blank(2), span(_months(numbers.days[-1][0]), Role.DIM))
    left: list[Line] = [months, *((blank(2), *line) for line in weeks[:7])]
    right = [] if is_narrow else totals
    lines = [*above, *([()] if above else [])]
    lines += [_beside(line, right[place] if place < len(right) else ()) for place, line in enumerate(left)]
    lines.append((blank(2), *weeks[7]))
    lines += [(), *((blank(2), *_plain(text, glyphs)) for text in hour_lines(numbers.hours, levels=levels))]
    if numbers.undated:
        lines.append((blank(2), span(f"{many(numbers.undated, 'message')} without a valid time", Role.DIM)))
    return lines


def statistics_row(row: StatisticsRow, most: float, *, width: int, glyphs: Glyphs, cursor: bool) -> Line:
    """Draw a row: name, bar, numbers.

    Args:
        most: The value of its section's longest bar.
    """
    numbers = tuple(safe(glyphs.words(number)) for number in row.numbers)
    room = min(BAR, max(width - 2 - NAME - 2 - sum(max(NUMBER, cells(number)) + 2 for number in numbers), 0))
    full = round(room * row.value / most) if most else 0
    name = pad(fit(one_line(row.name) or SafeText("(none)"), NAME, glyphs.truncated), NAME)
    shown = tuple(span("  " + pad_left(number, NUMBER), Role.DIM) for number in numbers)
    bar = span(glyphs.heavy * full, Role.FOCUS), blank(room - full)
    return with_cursor((blank(1), span(name, bold=cursor), blank(1), *bar, *shown), glyphs, cursor=cursor)


def section_words(section: Section, tools: ToolsStep | None) -> str:
    """The words above a section; a count that is not at its end says of what it is."""
    if section is Section.TOOLS and tools is not None and tools.done < tools.total:
        return f"tools, {in_words(tools.done)} of {in_words(tools.total)} results counted"
    if section is Section.DAYS:
        return "days, by messages"
    return str(section)


def _day(day: date, messages: int) -> StatisticsRow:
    query = f"after:{day} before:{day + timedelta(days=1)}"
    return StatisticsRow(Section.DAYS, f"{day:%a} {day}", messages, (many(messages, "message"),), query)


def _tool(tool: ToolCount) -> StatisticsRow:
    failed = f"{100 * tool.errors / tool.calls:.1f} % failed" if tool.errors else ""
    numbers = (many(tool.calls, "result"), failed)
    return StatisticsRow(Section.TOOLS, tool.name, tool.calls, numbers, _filter("tool", tool.name))


def _group(section: Section, key: str, name: str | None, tally: Tally) -> StatisticsRow:
    tokens = tally.input_tokens + tally.output_tokens
    cost = tally.actual_usd or tally.estimated_usd
    numbers = (
        many(tally.messages, "message"),
        f"{in_words(tally.sessions)} sess.",
        f"{count(tokens)} tok." if tokens else "",
        dollars(cost) if cost else "",
    )
    return StatisticsRow(section, name or "", tally.messages, numbers, _filter(key, name or ""))


def _filter(key: str, value: str) -> str:
    """A filter of the search language; "" for a value that it cannot name."""
    if not value or '"' in value or not value.isprintable():
        return ""
    return f'{key}:"{value}"' if " " in value else f"{key}:{value}"


def _totals(total: Tally, *, width: int, glyphs: Glyphs) -> Iterator[Line]:
    read, written = _short(total.cache_read_tokens), _short(total.cache_write_tokens)
    spent = (
        ("cost", f"{dollars(total.actual_usd)} actual · {dollars(total.estimated_usd)} estimated"),
        ("no cost", f"{in_words(total.without_cost)} of {many(total.sessions, 'session')}"),
    )
    said = (
        ("sessions", in_words(total.sessions)),
        ("messages", in_words(total.messages)),
        ("tokens", f"{_short(total.input_tokens)} in · {_short(total.output_tokens)} out"),
        ("cached", f"{read} read · {written} written"),
        ("reasoning", _short(total.reasoning_tokens)),
        *(spent if total.without_cost < total.sessions else (("cost", "no session has one stored"),)),
    )
    for name, text in said:
        words = fit(safe(glyphs.words(text)), max(width - 10, 8), glyphs.truncated)
        yield (span(f"{name:<10}", Role.DIM), span(words))


def _short(number: int) -> str:
    return count(number) if number else "0"


def _plain(text: str, glyphs: Glyphs) -> Line:
    """A line of a calendar: its words dim, its cells in accent."""
    return (span(glyphs.words(text[:5]), Role.DIM), span(text[5:], Role.ACCENT if text[:5].strip() else Role.TEXT))


def _months(last: date, weeks: int = 26) -> str:
    """The names of months above the columns of weeks in which they begin."""
    monday = last - timedelta(days=last.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    line = [" "] * (weeks + 8)
    end = 0
    for week in range(weeks):
        day = first + timedelta(weeks=week)
        if day.day <= 7 and 5 + week >= end:
            line[5 + week : 8 + week] = f"{day:%b}"
            end = 5 + week + 4
    return "".join(line).rstrip()


def _beside(left: Line, right: Line) -> Line:
    return (*left, blank(max(BESIDE - line_cells(left), 1)), *right) if right else left
