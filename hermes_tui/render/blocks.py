"""Blocks in a pane that has nothing to list, or not all of it: empty, partial, error (docs/look.md §10).

Every block starts with a mark in column 1 and a bold line in column 5; then what was looked at, then what can be done.
"""

from __future__ import annotations

from collections.abc import Sequence

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import wrap
from hermes_tui.render.time import many
from store.models import Status

LEFT = 5
"""The column that text starts in."""

MEASURE = 66
"""Cells of text at most."""
NARROWEST = 12
"""Cells beside a command below which what it does stands under it."""

_FILES_ALONE = "What is below comes from JSONL files alone. Sessions that live only in SQLite are missing from it."
_NO_FILES = "No JSONL file was found either."

Way = tuple[str, str]
"""A command or a key, and what it does."""


def empty_home(place: str, *, width: int, glyphs: Glyphs, has_store: bool = False) -> list[Line]:
    """Draw the home without sessions.

    Args:
        place: The folder that was looked into, as people write it (`~/.hermes`).
        has_store: There is a state.db, and it has no session.
    """
    store = "an empty state.db" if has_store else "no state.db"
    return _block(
        glyphs.status(Status.EMPTY),
        "No sessions here yet",
        [
            f"Looked in {one_line(place)}: {store}, no sessions/*.jsonl.",
            "This screen fills by itself when an agent writes there.",
            "",
        ],
        [
            ("hermes-tui --home DIR", "another home"),
            ("hermes-tui --profile P", "another profile"),
            ("hermes-tui --demo", "a sample home to try, yours untouched"),
        ],
        width=width,
        gap=2,
    )


def no_hits(
    words: Sequence[str], *, not_searched: int, reasons: str, width: int, glyphs: Glyphs, after: str = ""
) -> list[Line]:
    """Draw a search that found nothing; never shown while it still runs.

    Args:
        words: What was searched for, each as typed.
        not_searched: Sessions that were left out, for `reasons` (see `status.left_out`).
        after: The filters in words (`after 23 Oct`), where there are any.
    """
    quoted = " and ".join(glyphs.words("“") + one_line(word) + glyphs.words("”") for word in words)
    has = f" has {quoted}" if quoted else ""
    tail = f" {one_line(after)}" if after else ""
    looked = [f"Not searched: {many(not_searched, 'session')} ({reasons}: press v)"] if not_searched else []
    return _block(glyphs.status(Status.EMPTY), f"No message{has or ' matches'}{tail}", looked, [], width=width)


def empty_session(*, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a session without messages."""
    return _block(glyphs.status(Status.EMPTY), "No messages in this session", [], [], width=width)


def all_left_out(reasons: str, *, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a home whose every session is one that the default list leaves out, for `reasons` (`status.left_out`)."""
    title = "Every session is left out of this list"
    return _block(glyphs.status(Status.EMPTY), title, [f"{reasons}: press v"], [], width=width)


def partial(cause: str, *, sessions: int, width: int, glyphs: Glyphs, command: Way | None = None) -> list[Line]:
    """Draw what stands above the list when state.db could not be read, one empty row above it and below.

    Args:
        cause: In the store's words.
        sessions: How many come from JSONL files.
        command: A verb that says more, and what it says.
    """
    lines = _block(
        glyphs.status(Status.ERROR),
        "state.db cannot be read",
        [one_line(cause), "", f"{_FILES_ALONE if sessions else _NO_FILES} Nothing has been written.", ""],
        [*([command] if command else []), ("R", "try again")],
        width=width,
    )
    return [(), *lines, ()]


def unread(problems: Sequence[str], *, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw what stands above a list that lacks some of its parts.

    Args:
        problems: A sentence for each part that cannot be read.
    """
    mark = glyphs.incomplete
    said = [*map(one_line, problems), "What their files have is below. Nothing has been written.", ""]
    return _block(mark, "Not every profile can be read", said, [("R", "try again")], width=width)


def failure(what: str, cause: str, shown: str, *, width: int, glyphs: Glyphs, command: Way | None = None) -> list[Line]:
    """Draw an error: what, the cause in the store's words, what is on the screen now, and what can be done.

    Args:
        shown: What is on the screen now, a sentence; "" for nothing.
        command: A verb that says more, and what it says.
    """
    now = [one_line(shown)] if shown else []
    return _block(
        glyphs.status(Status.ERROR),
        one_line(what),
        [one_line(cause), "", *now, "Nothing has been written.", ""],
        [*([command] if command else []), ("R", "try again")],
        width=width,
    )


def busy(patience: float, waited: float, *, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a request that waits for a lock that another program holds; both times in seconds."""
    looked = [f"Waiting up to {patience:.0f} s, {waited:.0f} s so far. Reading goes on."]
    return _block(glyphs.status(Status.INTERRUPTED), "state.db is locked by another program", looked, [], width=width)


def _block(mark: Span, title: str, said: Sequence[str], ways: Sequence[Way], *, width: int, gap: int = 3) -> list[Line]:
    room = max(min(width - LEFT - 1, MEASURE), 1)
    first, *rest = wrap(title, room)
    lines: list[Line] = [(blank(1), mark, blank(2), span(first, bold=True))]
    lines += [_indented(span(line, bold=True)) for line in rest]
    lines += [_indented(span(line, Role.DIM)) if line else () for text in said for line in wrap(text, room)]
    column = max((cells(key) for key, _ in ways), default=0) + gap
    return [*lines, *(line for key, what in ways for line in _way(key, what, column, room))]


def _way(key: str, what: str, column: int, room: int) -> list[Line]:
    shown = span(key) if " " in key else span(key, Role.ACCENT, bold=True)
    beside = column if room - column >= NARROWEST else 2
    first, *rest = wrap(what, max(room - beside, 1))
    if beside < column:
        return [_indented(shown), *(_indented(blank(beside), span(line, Role.DIM)) for line in (first, *rest))]
    head = _indented(shown, blank(column - cells(key)), span(first, Role.DIM))
    return [head, *(_indented(blank(column), span(line, Role.DIM)) for line in rest)]


def _indented(*parts: Span) -> Line:
    return (blank(LEFT), *parts)
