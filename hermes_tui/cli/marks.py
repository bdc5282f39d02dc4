"""The verbs that name and mark sessions: rename, archive, unarchive, pin, unpin."""

from __future__ import annotations

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain
from hermes_tui.cli.stores import EVERY, opened, opened_to_write, session_named
from hermes_tui.render.manage import no_column, sections
from hermes_tui.render.safe import safe
from store import Home, Mark
from store.errors import ColumnMissing

_MARKS = {
    "archive": (Mark.ARCHIVED, True, "archived"),
    "unarchive": (Mark.ARCHIVED, False, "no longer archived"),
    "pin": (Mark.PINNED, True, "pinned"),
    "unpin": (Mark.PINNED, False, "no longer pinned"),
}


def rename(home: Home, options: Options, streams: Streams) -> int:
    """Give a session a title.

    Returns:
        0; 2 where the title is too long or another session's, or nothing may be written.
    """
    if complaint := _contradiction(home, options):
        return complain(complaint, streams.err)
    ids = _ids(home, options)
    output = Output(streams.out)
    with opened_to_write(home) as db:
        [session_id] = ids
        try:
            title = db.rename(session_id, options.title)
        except ValueError as error:
            return complain(f"nothing was renamed: {error}", streams.err)
    if options.json:
        output.json({"session_id": session_id, "title": title})
    else:
        output.line(safe(f"{session_id}  is “{title}” now" if title else f"{session_id}  has no title now"))
    return 0


def mark(home: Home, options: Options, streams: Streams) -> int:
    """Set or clear a mark of sessions, each with its whole chain.

    Returns:
        0; 2 where the file has no column for it, or nothing may be written.
    """
    if complaint := _contradiction(home, options):
        return complain(complaint, streams.err)
    ids = _ids(home, options)
    which, on, words = _MARKS[options.verb or ""]
    output = Output(streams.out)
    with opened_to_write(home) as db:
        try:
            plan = db.plan_mark(ids, which, on=on)
        except ColumnMissing as error:
            return complain(no_column(error), streams.err)
        changed = db.mark(plan)
    if options.json:
        output.json({"sessions": list(plan.session_ids), "changed": changed})
    else:
        output.line(safe(f"{words}: {sections(changed)}"))
    return 0


def _ids(home: Home, options: Options) -> list[str]:
    with opened(home) as db:
        return list(dict.fromkeys(session_named(db, name).id for name in options.ids))


def _contradiction(home: Home, options: Options) -> str:
    if options.read_only:
        return f"--read-only and {options.verb} don't go together"
    return EVERY if home.is_every else ""
