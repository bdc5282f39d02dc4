"""First picture of the list: its newest rows in the terminal's own colours, drawn before Textual is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from hermes_tui.render.columns import anchored
from hermes_tui.render.glyphs import ASCII, UNICODE, Glyphs
from hermes_tui.render.heading import Heading, heading_line, section_rule
from hermes_tui.render.line import Line, Role, Span, blank, crop, span
from hermes_tui.render.row import RowExtras, session_row
from hermes_tui.render.safe import SafeText, harmless
from hermes_tui.state.layout import LEAST, LOW, Layout
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.state.session_order import Order, months, order_named
from store.base.late_dataclass import dataclass
from store.errors import StoreError
from store.models import Session

if TYPE_CHECKING:
    from hermes_tui.feed import KeptHome
    from store import Browser

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"
"""To the screen of programs, and back to what stood before."""
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
"""The cursor."""
FRAME = 4
"""Rows that are none of the list: search row, status line, rule, footer."""
BOLD = frozenset({Role.ACCENT, Role.FOCUS, Role.WARNING, Role.ERROR})
DIM = frozenset({Role.DIM, Role.HAIR})


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What is known of the screen before it stands."""

    layout: Layout
    glyphs: Glyphs
    now: datetime
    cursor: str | None = None
    """The session that was read last, None where none was."""
    bookmarked: Collection[str] = ()
    """Ids of the sessions with a bookmark."""


@dataclass(frozen=True, slots=True)
class FirstListing:
    """The sessions that were read for a picture."""

    sessions: tuple[Session, ...]
    open_store: Callable[[], Browser]
    """Gives the store that was opened for it, and opens another one from then on."""


class FirstRows:
    """The picture on a terminal, until the app takes it over.

    Args:
        terminal: The descriptor of its output.
        ascii_only: Draw with ASCII characters alone.
    """

    def __init__(self, terminal: int, *, ascii_only: bool) -> None:
        self._terminal = terminal
        self._glyphs = ASCII if ascii_only else UNICODE
        self._stands = False

    def show(self, open_store: Callable[[], Browser], kept: KeptHome) -> FirstListing | None:
        """Draw the newest sessions of a home.

        Returns:
            What was read; None where the home cannot be read or its list has another order, which is for the screen.
        """
        if order_named(kept.setting("order")) is not Order.NEWEST:
            return None
        share, (width, height) = kept.shared("list_share"), os.get_terminal_size(self._terminal)
        layout = Layout(width, height, share if isinstance(share, int) else None)
        try:
            store = open_store()
            sessions = store.recent(limit=2 * height)
        except StoreError:
            return None
        now = datetime.now().astimezone()
        self._draw(picture(sessions, FirstLook(layout, self._glyphs, now, kept.last_read, kept.marked_sessions)))
        opened = [store]
        return FirstListing(sessions, lambda: opened.pop() if opened else open_store())

    def take(self) -> bool:
        """True where the picture stands; from now on the terminal is for the caller to set back."""
        stands, self._stands = self._stands, False
        return stands

    def end(self) -> None:
        """Set the terminal back, unless somebody else does."""
        if self.take():
            self._write(BACK + SHOW)

    def _draw(self, lines: Sequence[Line]) -> None:
        if lines:
            self._stands = True
            self._write(ALTERNATE + HIDE + anchored(written(lines)))

    def _write(self, text: str) -> None:
        left = text.encode("utf-8", "replace")
        while left:
            left = left[os.write(self._terminal, left) :]


@contextmanager
def first_rows(terminal: int, *, ascii_only: bool) -> Iterator[FirstRows]:
    """A picture that is gone at the end, whatever happens before the screen stands; see `FirstRows`."""
    rows = FirstRows(terminal, ascii_only=ascii_only)
    try:
        yield rows
    finally:
        rows.end()


def picture(sessions: Sequence[Session], look: FirstLook) -> list[Line]:
    """The lines of the screen, where the app draws the same ones later: without colours, counts and statuses."""
    layout, glyphs = look.layout, look.glyphs
    if layout.width < LEAST[0] or layout.height < LEAST[1]:
        return []
    width = layout.list_width if layout.roomy else layout.width - 1
    height = layout.height - (FRAME if layout.height >= LOW else FRAME - 1)
    rows = [*_listed(sessions, look, width)]
    if not rows:
        return []
    at = next((place for place, (session_id, _) in enumerate(rows) if session_id == look.cursor), 0)
    top = max(0, min(at - height // 2, len(rows) - height))
    heading = heading_line(Heading(SafeText("Sessions"), note=Order.NEWEST), width, glyphs)
    end = span(glyphs.divider, Role.HAIR) if layout.roomy else blank(1)
    rule = span(glyphs.joint, Role.HAIR) if layout.roomy else span(glyphs.light, Role.HAIR)
    rest = (span(glyphs.light * (layout.width - width - 1), Role.HAIR),)
    prompt: Line = (span(" / ", Role.ACCENT, bold=True),)
    return [prompt, (), (*heading, rule, *rest), *((*line, end) for _, line in rows[top : top + height])]


def _listed(sessions: Sequence[Session], look: FirstLook, width: int) -> Iterator[tuple[str, Line]]:
    """The rows of the list with the months over them, each with the id of its session, "" for a month."""
    catalog = Catalog()
    catalog.put(sessions)
    rows, glyphs = catalog.shown(everything=False), look.glyphs
    months_at = dict(months(rows, Order.NEWEST, look.now))
    cursor = look.cursor if look.cursor in rows.ids else next(iter(rows.ids), None)
    for place, row in enumerate(rows):
        session_id = row.session.id
        if place in months_at:
            yield "", section_rule(months_at[place], width=width, glyphs=glyphs)
        extras = RowExtras(dated=True, marked=session_id in look.bookmarked)
        is_cursor = session_id == cursor
        line = session_row(row, width=width, now=look.now, glyphs=glyphs, cursor=is_cursor, extras=extras)
        yield session_id, crop(line, width, glyphs.truncated)


def written(lines: Sequence[Line]) -> str:
    """The sequences that draw lines from the top of the screen on."""
    return "".join(f"\x1b[{y};1H{''.join(map(_drawn, line))}" for y, line in enumerate(lines, 1))


def _drawn(part: Span) -> str:
    is_bold = part.bold or part.role in BOLD
    codes = ["1"] * is_bold + ["2"] * (part.role in DIM and not is_bold) + ["7"] * part.reverse
    text = harmless(part.text)
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text
