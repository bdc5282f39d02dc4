"""The verb `check`: both sources of sessions compared by content."""

from __future__ import annotations

from dataclasses import fields, replace

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, picked, remark
from hermes_tui.cli.printed_ids import ids_by_look_up
from hermes_tui.cli.stores import opened, session_named
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.render.time import in_words, many
from store import Check, Home, Verdict

LOST = frozenset({Verdict.JSONL_AHEAD, Verdict.DIVERGED, Verdict.JSONL_ONLY})
"""Verdicts of exit code 1."""
FIELDS = [column.name for column in fields(Check)]
HEAD = SafeText(f"{'verdict':<12} {'SQLite':>7} {'JSONL':>7}  session")


def check(home: Home, options: Options, streams: Streams) -> int:
    """Compare both sources of some sessions, or of all, by content.

    Returns:
        1 where history lies in JSONL that SQLite lacks, or bytes of its lines cannot be read, else 0.
    """
    output = Output(streams.out)
    compared = lost = damaged = 0
    with opened(home) as db:
        wanted = [session_named(db, name).id for name in options.ids] or None
        printed = ids_by_look_up(home, db)
        for compared, found in enumerate(db.checks(wanted), 1):
            result = replace(found, session_id=printed(found.session_id))
            lost += result.verdict in LOST
            damaged += result.damaged_lines > 0
            if options.json:
                output.json(picked(result, *FIELDS))
                continue
            if compared == 1:
                output.line(HEAD)
            output.line(_check_line(result))
    if not options.json and not compared:
        output.line(safe("there is no session to compare"))
    if not options.json and lost:
        remark(f"{many(lost, 'session')} with history that only a JSONL file has", streams.err)
    if not options.json and damaged:
        remark(f"{many(damaged, 'session')} with lines in JSONL that cannot be read", streams.err)
    return 1 if lost or damaged else 0


def _check_line(result: Check) -> SafeText:
    """Verdict, both counts, id, and the differences in words."""
    lacks = result.missing_in_jsonl and result.verdict is not Verdict.SQLITE_ONLY
    words = (
        f"SQLite lacks {in_words(result.missing_in_sqlite)}" if result.missing_in_sqlite else "",
        f"JSONL lacks {in_words(result.missing_in_jsonl)}" if lacks else "",
        "repairable" if result.repairable else "",
        result.reason,
    )
    counts = f"{result.sqlite_messages:>7} {result.jsonl_messages:>7}"
    return safe(f"{result.verdict:<12} {counts}  {result.session_id}  {', '.join(filter(None, words))}".rstrip())
