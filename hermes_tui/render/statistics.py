"""Statistics as lines: totals, bars, a calendar of weeks, hours, the largest sessions, tools.

Pure; stored names are not safe for a terminal before `safe` has seen them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from hermes_tui.render.time import count, in_words, many
from store.browse.statistics import Statistics
from store.engine.statistics import SessionSize, Tally, ToolsStep

LEVELS = "▁▂▃▄▅▆▇█"
LEVELS_ASCII = ".:-=+*#@"
BAR = 30
"""Cells of the longest bar."""
NAME = 28
MOST = 40
"""Groups that are shown; the rest is one line."""
UNNAMED = "(none)"


def total_lines(total: Tally) -> Iterator[str]:
    """The totals of all."""
    yield f"sessions   {in_words(total.sessions)}"
    yield f"messages   {in_words(total.messages)}"
    yield (
        f"tokens     {_short(total.input_tokens)} in, {_short(total.output_tokens)} out,"
        f" {_short(total.cache_read_tokens)} cache read, {_short(total.cache_write_tokens)} cache write,"
        f" {_short(total.reasoning_tokens)} reasoning"
    )
    if total.without_cost == total.sessions:
        yield "cost       no session has one stored"
        return
    yield (
        f"cost       {dollars(total.actual_usd)} actual, {dollars(total.estimated_usd)} estimated,"
        f" {in_words(total.without_cost)} of {many(total.sessions, 'session')} without any"
    )


def group_lines(groups: Sequence[tuple[str | None, Tally]], *, level: str = "█") -> Iterator[str]:
    """A bar for each group, by its messages."""
    most = max((tally.messages for _, tally in groups), default=0)
    for name, tally in groups[:MOST]:
        bar = level * (BAR * tally.messages // most if most else 0)
        cost = tally.actual_usd or tally.estimated_usd
        tokens = _short(tally.input_tokens + tally.output_tokens)
        yield (
            f"{(name or UNNAMED)[:NAME]:<{NAME}} {in_words(tally.sessions):>8} {in_words(tally.messages):>10}"
            f" {tokens:>7} {dollars(cost):>9}  {bar}"
        )
    if len(groups) > MOST:
        yield f"{in_words(len(groups) - MOST)} more"


GROUP_HEAD = f"{'':<{NAME}} {'sessions':>8} {'messages':>10} {'tokens':>7} {'cost':>9}"


def calendar_lines(days: Sequence[tuple[date, int]], *, levels: str = LEVELS, weeks: int = 26) -> Iterator[str]:
    """Activity of the last weeks: a row for each day of the week, a column for each week, with its numbers."""
    if not days:
        return
    known, last = dict(days), days[-1][0]
    monday = last - timedelta(days=last.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    most = max((number for day, number in days if day >= first), default=0)
    for weekday, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        cells = "".join(
            level(known.get(first + timedelta(weeks=week, days=weekday), 0), most, levels) for week in range(weeks)
        )
        yield f"{name}  {cells}"
    yield f"     from {first}, at most {many(most, 'message')} a day"


def hour_lines(hours: Sequence[int], *, levels: str = LEVELS) -> Iterator[str]:
    """Messages by hour of the day."""
    most = max(hours)
    yield "     " + "".join(level(number, most, levels) for number in hours)
    yield f"     0     6     12    18     most at {hours.index(most)}:00, {many(most, 'message')}"


def level(number: int, most: int, levels: str) -> str:
    """A cell whose height stands for a number; a space for 0."""
    return levels[min(len(levels) * number // max(most, 1), len(levels) - 1)] if number else " "


def largest_lines(sessions: Sequence[SessionSize], *, money: bool) -> Iterator[str]:
    """The largest sessions."""
    for size in sessions:
        value = dollars(size.value) if money else in_words(int(size.value))
        yield f"{value:>10}  {size.id}  {size.title or ''}".rstrip()


def tool_lines(step: ToolsStep) -> Iterator[str]:
    """Tools with their error rates, as far as they are counted."""
    for tool in step.tools[:MOST]:
        rate = f"{100 * tool.errors / tool.calls:.1f} %" if tool.calls else ""
        yield f"{(tool.name or UNNAMED)[:NAME]:<{NAME}} {in_words(tool.calls):>8} {in_words(tool.errors):>8} {rate:>8}"
    if step.done < step.total:
        yield f"of {in_words(step.total)} results {in_words(step.done)} counted"


TOOL_HEAD = f"{'':<{NAME}} {'results':>8} {'errors':>8} {'rate':>8}"


def partial_line(numbers: Statistics) -> str:
    """What the calendar lacks; "" where it lacks nothing."""
    return f"{many(numbers.undated, 'message')} without a valid time" if numbers.undated else ""


def uncounted(numbers: Statistics) -> str:
    """What no number is of; "" where there is nothing such."""
    return f"{many(numbers.in_files, 'session')} in JSONL alone, not counted" if numbers.in_files else ""


def dollars(value: float) -> str:
    """An amount of US dollars."""
    return f"${value:,.2f}" if value >= 0.01 or not value else f"${value:.4f}"


def _short(number: int) -> str:
    return count(number) if number else "0"
