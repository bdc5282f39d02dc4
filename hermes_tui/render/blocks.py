"""Blocks in a pane that has nothing to list, or not all of it: empty, partial, error (docs/look.md §10).

Every block starts with a mark in column 1 and a bold line in column 5; then what was looked at, then what can be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from hermes_tui.render.bound_keys import bound
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, Span, blank, cells, span
from hermes_tui.render.safe import one_line
from hermes_tui.render.text import hanging
from store.models import Status

LEFT = 5
"""The column that text starts in."""

MEASURE = 66
"""Cells of text at most."""
NARROWEST = 12
"""Cells beside a command below which what it does stands under it."""
STORE = "state.db"
"""The database of a home in a folder."""

_FILES_ALONE = "What is below comes from JSONL files alone. Sessions that live only in SQLite are missing from it."
_NO_FILES = "No JSONL file was found either."

Way = tuple[str, str]
"""A command or a key, and what it does."""


RECOVER: Way = ("hermes sessions recover", "after a backup of this file")


def again() -> Way:
    """The key that reads what could not be read once more."""
    return bound("retry"), "try again"


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


def no_hits(words: Sequence[str], *, width: int, glyphs: Glyphs, after: str = "") -> list[Line]:
    """Draw a search that found nothing; never shown while it still runs.

    Args:
        words: What was searched for, each as typed.
        after: The filters in words (`after 23 Oct`), where there are any.
    """
    quoted = " and ".join(glyphs.words("“") + one_line(word) + glyphs.words("”") for word in words)
    has = f" has {quoted}" if quoted else ""
    tail = f" {one_line(after)}" if after else ""
    return _block(glyphs.status(Status.EMPTY), f"No message{has or ' matches'}{tail}", width=width)


def no_sessions(words: str, *, hint: str = "", width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a list whose filter no session passes; `hint` says what might be typed instead."""
    mark = glyphs.status(Status.EMPTY)
    return _block(mark, f"No session with {one_line(words)}", [one_line(hint)] if hint else [], width=width)


def empty_session(*, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a session without messages."""
    return _block(glyphs.status(Status.EMPTY), "No messages in this session", width=width)


def no_repairs(*, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a journal without repairs and deletions."""
    title = "No repair and no deletion was made here yet"
    said = "Each stands here with its receipt and its undo once it was made."
    return _block(glyphs.status(Status.EMPTY), title, [said], width=width)


def nothing_to_read(*, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw the pane beside a list that has no row."""
    return _block(glyphs.status(Status.EMPTY), "Nothing to read: the list has no row", width=width)


def all_left_out(reasons: str, *, named: bool = True, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a home whose every session is one that the default list leaves out, for `reasons` (`status.left_out`).

    Args:
        named: The key that shows them works here.
    """
    title = "Every session is left out of this list"
    return _block(
        glyphs.status(Status.EMPTY), title, [f"{reasons}: press {bound('hidden')}" if named else reasons], width=width
    )


def partial(
    cause: str,
    *,
    sessions: int,
    store: str = STORE,
    damaged: bool = False,
    named: bool = True,
    width: int,
    glyphs: Glyphs,
) -> list[Line]:
    """Draw what stands above the list when the database could not be read, one empty row above it and below.

    Args:
        cause: In the store's words.
        sessions: How many come from JSONL files.
        store: The name of the database; a server has no files beside it.
        damaged: It is damage that keeps it from being read.
        named: The key that tries again works here.
    """
    files = (_FILES_ALONE if sessions else _NO_FILES) if store == STORE else ""
    said = [one_line(cause), "", f"{files} Nothing has been written.".lstrip(), ""]
    ways = [RECOVER] * damaged + [again()] * named
    return [(), *_block(glyphs.status(Status.ERROR), f"{store} cannot be read", said, ways, width=width), ()]


def unread(problems: Sequence[str], *, named: bool = True, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw what stands above a list that lacks some of its parts.

    Args:
        problems: A sentence for each part that cannot be read.
        named: The key that tries again works here.
    """
    said = [*map(one_line, problems), "What their files have is below. Nothing has been written.", ""]
    return _block(glyphs.incomplete, "Not every profile can be read", said, [again()] * named, width=width)


def busy(patience: float, waited: float, *, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a request that waits for a lock that another program holds; both times in seconds."""
    looked = [f"Waiting up to {patience:.0f} s, {waited:.0f} s so far. Reading goes on."]
    return _block(glyphs.status(Status.INTERRUPTED), "state.db is locked by another program", looked, width=width)


def _block(
    mark: Span, title: str, said: Sequence[str] = (), ways: Sequence[Way] = (), *, width: int, gap: int = 3
) -> list[Line]:
    room = max(min(width - LEFT - 1, MEASURE), 1)
    lines = [*hanging((blank(1), mark, blank(2)), title, room, bold=True)]
    for text in said:
        lines += hanging((blank(LEFT),), text, room, Role.DIM) if text else [()]
    column = max((cells(key) for key, _ in ways), default=0) + gap
    return [*lines, *(line for key, what in ways for line in _way(key, what, column, room))]


def _way(key: str, what: str, column: int, room: int) -> Iterator[Line]:
    shown = span(key) if " " in key else span(key, Role.ACCENT, bold=True)
    if room - column >= NARROWEST:
        return hanging((blank(LEFT), shown, blank(column - cells(key))), what, room - column, Role.DIM)
    return chain([(blank(LEFT), shown)], hanging((blank(LEFT + 2),), what, max(room - 2, 1), Role.DIM))
