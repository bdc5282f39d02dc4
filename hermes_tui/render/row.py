"""Row of a session in the list, and above its hits (docs/look.md §5 and §6)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from functools import lru_cache

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import (
    Line,
    Range,
    Role,
    Span,
    blank,
    cells,
    fit,
    line_cells,
    pad,
    pad_left,
    plain,
    reach,
    span,
)
from hermes_tui.render.marks import marked
from hermes_tui.render.safe import SafeText, one_line, safe
from hermes_tui.render.time import age, age_or_day, count
from store.base.late_dataclass import dataclass, replace
from store.models import Drift, Outline, Session, Status

TITLE_FROM = 13
"""The column under which titles, snippets and group titles stand."""
LONGEST_TITLE = 2_000
"""Characters of a title that are looked at."""

_MOST_ENDS = 4_096
"""Columns behind titles that are kept."""
_SHORT_SOURCES = {"telegram": "tg", "discord": "dc", "slack": "slk", "whatsapp": "wa", "signal": "sig"}
_MAKER = re.compile(r"^(?:.*/)?(?:claude-)?")
_DATE = re.compile(r"-20\d\d-?\d\d-?\d\d$")


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the title and the columns right of it; 0 for a column that is dropped."""

    title: int
    source: int = 0
    model: int = 0
    messages: int = 0
    chain: int = 0


@lru_cache(maxsize=8)
def columns(width: int) -> Columns:
    """The columns of a list of `width` cells."""
    if width >= 96:
        return Columns(width - 45, source=8, model=9, messages=5, chain=3)
    if width >= 72:
        return Columns(width - 34, source=8, messages=5, chain=3)
    if width >= 56:
        return Columns(width - 30, source=4, messages=5, chain=3)
    if width >= 36:
        return Columns(width - 20, messages=5)
    return Columns(max(width - 14, 0))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session, as far as its row shows it."""

    session: Session
    outline: Outline | None = None
    """None as long as it was not read; then title and status come from the session itself."""
    drift: Drift | None = None
    matches: tuple[Range, ...] = ()
    """Characters of `title_of(session, outline)` that a search matches."""
    has_news: bool = False
    """It has messages since the reader was there."""

    @property
    def shown(self) -> int:
        """Messages that opening it shows with everything unfolded; those of its row as long as that is not known."""
        known = self.outline.shown if self.outline is not None else None
        return self.session.messages if known is None else known


@dataclass(frozen=True, slots=True)
class RowExtras:
    """What a row says beyond its session."""

    dated: bool = False
    """Its month stands above it: an old session has the day in place of its age."""
    marked: bool = False
    """It has a bookmark."""
    profile: bool = False
    """There are several profiles, and its own goes before the title."""
    picked: bool = False
    """It is marked for the next act."""


PLAIN = RowExtras()


def session_row(
    row: SessionRow, *, width: int, now: datetime, glyphs: Glyphs, cursor: bool = False, extras: RowExtras = PLAIN
) -> Line:
    """Draw a session as a row of the list.

    Args:
        row: The session.
        width: Cells of the list, without its scroll track.
        now: Aware; its zone is the reader's.
        glyphs: What to draw with.
        cursor: The row is under the cursor: `▌`, bold title, all text in the foreground colour.
        extras: What it says beyond its session.

    Returns:
        Exactly `width` cells, for any width of 14 and more.
    """
    shape, label = columns(width), left_out_as(row.session)
    left_out: Line = (span(f"{label} ", Role.DIM),) if label else ()
    room = shape.title - line_cells(left_out)
    line = (
        *front(row, now=now, glyphs=glyphs, extras=extras),
        *left_out,
        *_owned_title(row, room, glyphs=glyphs, bold=cursor, extras=extras),
        *_end(row, shape, glyphs),
    )
    return with_cursor(line, glyphs, cursor=cursor)


class RowTexts:
    """The texts of `session_row` behind its first column, for a list of thousands: what rows share is drawn once.

    Args:
        width: Cells of a row.
        now: Aware; its zone is the reader's.
        glyphs: What to draw with.
    """

    def __init__(self, width: int, now: datetime, glyphs: Glyphs) -> None:
        self._shape, self._now, self._glyphs = columns(width), now, glyphs
        self._fronts: dict[object, str] = {}
        self._ends: dict[object, str] = {}

    def text(self, row: SessionRow) -> SafeText:
        """The text of a row."""
        label = left_out_as(row.session)
        room = self._shape.title - len(label) - 1 if label else self._shape.title
        title = _named(row)
        if title.isascii() and len(title) <= room:
            shown = title.ljust(room)
        else:
            shown = pad(fit(title, room, self._glyphs.truncated), room)
        return SafeText(f"{self._front(row)}{label}{' ' if label else ''}{shown}{self._end(row)}")

    def _front(self, row: SessionRow) -> str:
        when = row.session.started_at if row.session.last_active is None else row.session.last_active
        words, outline = age(self._now, when), row.outline
        key = words, row.drift, status_of_row(row.session, outline), outline is None, bool(row.session.problem)
        if (known := self._fronts.get(key)) is None:
            known = self._fronts[key] = plain(front(row, now=self._now, glyphs=self._glyphs))
        return known

    def _end(self, row: SessionRow) -> str:
        session = row.session
        key = session.source, session.model, row.shown, session.chain
        if (known := self._ends.get(key)) is None:
            if len(self._ends) >= _MOST_ENDS:
                self._ends.clear()
            known = self._ends[key] = plain(_end(row, self._shape, self._glyphs))
        return known


def _end(row: SessionRow, shape: Columns, glyphs: Glyphs) -> Line:
    """The columns behind the title, and a blank."""
    session = row.session
    line = _origin(session.source[:LONGEST_TITLE], (session.model or "")[:LONGEST_TITLE], shape, glyphs.truncated)
    if shape.messages:
        messages = pad_left(safe(glyphs.words(count(row.shown))), shape.messages)
        line = (*line, span(" " + messages, Role.DIM))
    if shape.chain:
        chain = pad(fit(safe(chain_mark(session, glyphs)), shape.chain, "+"), shape.chain)
        line = (*line, span(" " + chain, Role.DIM))
    return (*line, blank(1))


def group_row(
    row: SessionRow,
    hits: int,
    *,
    width: int,
    now: datetime,
    glyphs: Glyphs,
    cursor: bool = False,
    extras: RowExtras = PLAIN,
) -> Line:
    """Draw a session above its hits: the row of the list with a bold title, and `5 hits` at its end.

    Args:
        hits: How many messages of this session match.
    """
    shape, session = columns(width), row.session
    said = f"{glyphs.words(count(hits))} {'hit' if hits == 1 else 'hits'}"
    room = max(9 if width >= 56 else 8, cells(said))
    taken = room + 2 + sum(2 + column for column in (shape.source, shape.model) if column)
    line = (
        *front(row, now=now, glyphs=glyphs, extras=extras),
        *_owned_title(replace(row, matches=()), width - TITLE_FROM - taken, glyphs=glyphs, bold=True, extras=extras),
        *_origin(session.source[:LONGEST_TITLE], (session.model or "")[:LONGEST_TITLE], shape, glyphs.truncated),
        span(" " + pad_left(safe(said), room), Role.DIM),
        blank(1),
    )
    return with_cursor(line, glyphs, cursor=cursor)


def left_out_as(session: Session) -> SafeText:
    """The word for a session that the default list leaves out, "" for any other; it goes before its title."""
    if session.archived:
        return SafeText("archived")
    if session.is_child:
        return SafeText("child")
    return SafeText("internal" if session.hidden else "")


def title_of(session: Session, outline: Outline | None) -> SafeText:
    """The name of a session: its title, else its first words, else its id; "" where it has no messages.

    In the composed form of Unicode, in which titles are searched.
    """
    title = _composed((session.title or "")[:LONGEST_TITLE])
    if title or not _has_content(session, outline):
        return title
    return _composed(outline.first_words) or safe(session.id) if outline else SafeText("")


def _composed(text: str) -> SafeText:
    return one_line(text if text.isascii() else unicodedata.normalize("NFC", text))


def _has_content(session: Session, outline: Outline | None) -> bool:
    """Whether opening a session shows anything, or says why not."""
    return bool(SessionRow(session, outline).shown or session.problem)


def status_of_row(session: Session, outline: Outline | None) -> Status | None:
    """The status of a row; None as long as it is not known."""
    if outline:
        return outline.status
    if session.live:
        return Status.LIVE
    return None if session.messages or session.problem else Status.EMPTY


def short_source(source: str) -> SafeText:
    """A source in at most 4 cells: `tg dc slk wa sig`, else its first four letters."""
    name = one_line(source)
    short = _SHORT_SOURCES.get(name, name)
    return SafeText(short[: reach(short, 4)])


def short_model(model: str | None) -> SafeText:
    """A model without its maker and its date: `anthropic/claude-opus-4.1-20250805` is `opus-4.1`."""
    return one_line(_DATE.sub("", _MAKER.sub("", (model or "")[:LONGEST_TITLE])))


def chain_mark(session: Session, glyphs: Glyphs) -> str:
    """`§3` for a chain of three sections; "" for a session that stands alone."""
    return f"{glyphs.section}{session.chain}" if session.chain > 1 else ""


def with_cursor(line: Line, glyphs: Glyphs, *, cursor: bool) -> Line:
    """A row with its column 0: under the cursor a bar, and all text in the foreground colour (docs/look.md §2)."""
    if not cursor:
        return (blank(1), *line)
    return (span(glyphs.cursor, Role.FOCUS), *(replace(part, role=Role.TEXT) for part in line))


def front(row: SessionRow, *, now: datetime, glyphs: Glyphs, extras: RowExtras = PLAIN) -> Line:
    """Columns 1 to 12: status, news, flag, age, the mark for the next act, and that of a bookmark."""
    session = row.session
    when = session.started_at if session.last_active is None else session.last_active
    status = status_of_row(session, row.outline)
    unread = status is None and (row.outline is not None or session.problem)
    mark = glyphs.incomplete if unread else glyphs.status(status)
    words = age_or_day(now, when) if extras.dated else age(now, when)
    news = span(glyphs.words("•"), Role.ACCENT, bold=True) if row.has_news else blank(1)
    line: Line = (mark, news, glyphs.drift(row.drift), span(f"{words:>5}", Role.DIM))
    if not (extras.marked or extras.picked):
        return (*line, blank(2))
    picked = span(glyphs.added, Role.ACCENT, bold=True) if extras.picked else blank(1)
    return (*line, picked, span(glyphs.bookmark, Role.ACCENT, bold=True) if extras.marked else blank(1))


_NO_MESSAGES = SafeText("(no messages)")


def _named(row: SessionRow) -> SafeText:
    """The title of a row, or that it has no messages."""
    title = title_of(row.session, row.outline)
    return title if title or _has_content(row.session, row.outline) else _NO_MESSAGES


def _owned_title(row: SessionRow, width: int, *, glyphs: Glyphs, bold: bool, extras: RowExtras) -> Line:
    """The title, behind the profile of the session where there are several."""
    owner = fit(one_line(row.session.profile), 12, glyphs.truncated) if extras.profile else ""
    owned: Line = (span(f"{owner} ", Role.DIM),) if owner and cells(owner) < width // 2 else ()
    return (*owned, *_title(row, max(width - line_cells(owned), 0), glyphs=glyphs, bold=bold))


def _title(row: SessionRow, width: int, *, glyphs: Glyphs, bold: bool) -> Line:
    title = _named(row)
    role = Role.DIM if title is _NO_MESSAGES or left_out_as(row.session) else Role.TEXT
    shown = fit(title, width, glyphs.truncated)
    whole = len(shown) if shown == title else len(shown) - 1
    kept = [(start, min(end, whole), False) for start, end in row.matches]
    return (*marked(shown, kept, Span(SafeText(""), role, bold=bold)), blank(width - cells(shown)))


@lru_cache(maxsize=256)
def _origin(source: str, model: str, shape: Columns, truncated: str) -> Line:
    """Source and model, each after two spaces."""
    line: list[Span] = []
    if shape.source:
        name = short_source(source) if shape.source < 8 else one_line(source)
        line.append(span("  " + pad(fit(name, shape.source, truncated), shape.source), Role.DIM))
    if shape.model:
        shown = fit(short_model(model), shape.model, truncated)
        line.append(span("  " + pad(shown, shape.model), Role.DIM))
    return tuple(line)
