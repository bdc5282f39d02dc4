"""Presenter of the browser: pure views of its state. The frame is drawn at every key, the lists when they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hermes_tui.commands.registry import Place, footer
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line
from hermes_tui.render.status import totals
from hermes_tui.screens.browse import frame_text
from hermes_tui.state.browser_state import BrowserState, Notice, Sources
from hermes_tui.state.rows import SessionRow
from hermes_tui.widgets.hit_rows import HitsView


@dataclass(frozen=True, slots=True)
class FrameView:
    """Everything on the screen but the rows of its panes."""

    classes: Mapping[str, bool]
    """Classes of the screen, which show its parts and leave them out."""
    list_width: int | None
    """Cells of the list beside the transcript; None where one pane has the whole width."""
    status: Line
    totals: Sequence[Line]
    """The right end of the status line, the fullest form first."""
    notice: Notice | None
    headings: tuple[Heading, ...]
    """One for each pane, or that of the only one."""
    footer: Sequence[tuple[str, str]]
    """Keys and words, most needed first."""
    help: tuple[str, str]
    wrong: tuple[int, int] | None
    """Characters of the search row that are no query."""
    sources: Sources | None
    """The facts of the banner."""
    faded: bool
    """The transcript is dim, because another one is awaited."""


@dataclass(frozen=True, slots=True)
class SessionsView:
    """The list of sessions: lines above the rows, and the rows."""

    head: Sequence[Line]
    rows: Sequence[SessionRow]


def frame_view(state: BrowserState) -> FrameView:
    """View of the frame."""
    two, layout, search = state.two_panes, state.layout, state.search
    left, right = frame_text.list_heading(state), frame_text.reader_heading(state)
    single = right if state.inside else left
    live = state.catalog.live(state.now().timestamp())
    classes = layout.classes(single=state.single, reading=state.inside)
    return FrameView(
        classes={**classes, "-hits": state.hits_shown},
        list_width=layout.list_width if two else None,
        status=frame_text.status_sentence(state),
        totals=totals(live, state.catalog.flagged, state.compared, width=layout.width, glyphs=state.glyphs),
        notice=state.notice,
        headings=(left, right) if two else (single,),
        footer=footer(state.focus, state.conditions),
        help=("f1" if state.focus is Place.SEARCH else "?", "help"),
        wrong=(search.wrong.start, search.wrong.end) if search.wrong is not None else None,
        sources=state.reading.sources,
        faded=state.reading.is_slow(state.seconds()),
    )


def list_view(state: BrowserState) -> SessionsView | HitsView:
    """View of the list: sessions, or what a search found."""
    width = (state.layout.list_width if state.two_panes else state.layout.width - 1) or 1
    if not state.hits_shown:
        return SessionsView(
            frame_text.sessions_block(state, width=width), state.catalog.shown(everything=state.everything)
        )
    search, row_of = state.search, state.catalog.row
    titles = (replace(row_of(row.session.id) or row, matches=row.matches) for row in search.titles)
    return HitsView(
        head=frame_text.no_hits_block(state, width=width),
        titles=tuple(titles),
        groups=tuple(search.shown.groups(row_of)),
        dim=search.older is not None,
        close=search.similar,
        more_titles=search.more_titles and not search.similar,
        meant=search.meant,
    )
