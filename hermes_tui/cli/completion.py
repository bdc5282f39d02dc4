"""The verb `completion`: files that `python -m tests.shell_files --write` made from the parser, and ids to complete."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams
from hermes_tui.cli.printed_ids import ids_by_look_up
from hermes_tui.cli.stores import opened
from hermes_tui.render.safe import one_line
from store import Home, StoreError

IDS = 200
"""Sessions whose ids are offered, those of the newest messages."""


def completion(home: Home, options: Options, streams: Streams) -> int:  # noqa: ARG001  every verb is called so
    """Print the ids of sessions, one a line; none where the store cannot be read."""
    try:
        with opened(home) as db:
            printed = ids_by_look_up(home, db)
            streams.out.writelines(f"{one_line(printed(session.id))}\n" for session in db.recent(limit=IDS))
    except StoreError:
        pass  # a shell that completes has no place for a complaint
    return 0


def print_file(what: str, out: TextIO) -> int:
    """Print the completion script of a shell, or the manual page."""
    suffix = "1" if what == "man" else what
    out.write((Path(__file__).parent / "shell" / f"hermes-tui.{suffix}").read_text(encoding="utf-8"))
    return 0
