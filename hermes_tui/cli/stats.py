"""The verb `stats`: what a home holds and what it cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain
from hermes_tui.render import statistics as render
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.safe import safe
from store import Home, SessionDB
from store.browse.statistics import Statistics
from store.engine.statistics import By, ToolsStep

ON_SERVER = "sessions on a server are not counted yet; hermes sessions stats counts them"
EVERY = "all profiles as one are not counted; name one with --profile NAME"


def stats(home: Home, options: Options, streams: Streams) -> int:
    """Count sessions, messages, tokens, cost and activity; with `--by tool` the results of tools.

    Returns:
        0; 2 for all profiles as one.

    Raises:
        QueryInvalid: A filter's value means nothing.
    """
    if home.is_every:
        return complain(EVERY, streams.err)
    if home.elsewhere:
        return complain(ON_SERVER, streams.err)
    by = By(options.by) if options.by else None
    output = Output(streams.out)
    with closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir, read_only=True)) as db:
        ids = db.statistics.chosen(" ".join(options.query))
        numbers = db.statistics.statistics(ids, by=by, zone=None)
        counts_tools = by is By.TOOL or options.json
        last = deque(db.statistics.tools(ids), maxlen=1) if counts_tools else ()
        tools = last[0] if last else ToolsStep((), 0, 0)
    if options.json:
        output.json(_json(numbers, tools))
        return 0
    for line in _lines(output, numbers, by, tools):
        output.line(safe(line))
    return 0


def _lines(output: Output, numbers: Statistics, by: By | None, tools: ToolsStep) -> Iterator[str]:
    levels = render.LEVELS if output.glyphs is UNICODE else render.LEVELS_ASCII
    yield from render.total_lines(numbers.total)
    if said := render.uncounted(numbers):
        yield f"besides    {said}"
    if by is By.TOOL:
        yield from ("", render.TOOL_HEAD, *render.tool_lines(tools))
        return
    if by is not None:
        yield from ("", render.GROUP_HEAD, *render.group_lines(numbers.groups, level=levels[-1]))
        return
    if numbers.days:
        yield from ("", "activity by day", *render.calendar_lines(numbers.days, levels=levels))
        yield from ("", "by hour of the day", *render.hour_lines(numbers.hours, levels=levels))
    if said := render.partial_line(numbers):
        yield said
    if numbers.longest:
        yield from ("", "most messages", *render.largest_lines(numbers.longest, money=False))
    if numbers.dearest:
        yield from ("", "most expensive", *render.largest_lines(numbers.dearest, money=True))


def _json(numbers: Statistics, tools: ToolsStep) -> dict[str, object]:
    return {
        "total": asdict(numbers.total),
        "by": numbers.by,
        "groups": [{"name": name, **asdict(tally)} for name, tally in numbers.groups],
        "days": {str(day): number for day, number in numbers.days},
        "hours": list(numbers.hours),
        "undated": numbers.undated,
        "in_files": numbers.in_files,
        "longest": [asdict(size) for size in numbers.longest],
        "dearest": [asdict(size) for size in numbers.dearest],
        "tools": [asdict(tool) for tool in tools.tools],
    }
