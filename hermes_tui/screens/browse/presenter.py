"""What is known, and how it gets into the lists and the frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from textual.timer import Timer

from hermes_tui.commands.registry import Place, footer
from hermes_tui.feed import Feed, OpenRepairs, OpenStore
from hermes_tui.feed.answers import FeedMessage
from hermes_tui.feed.store_worker import PATIENCE
from hermes_tui.render import blocks
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.message import Fold
from hermes_tui.render.status import busy_sentence, error_sentence, position_sentence, totals
from hermes_tui.screens.browse import frame_text
from hermes_tui.screens.browse.compose import Frame
from hermes_tui.screens.browse.reading_controller import Reading
from hermes_tui.screens.browse.search_controller import Finder
from hermes_tui.state.search_history import History
from hermes_tui.state.session_catalog import Catalog, is_comparable
from hermes_tui.widgets.hit_rows import HitKey
from hermes_tui.widgets.session_list import SessionRow
from hermes_tui.widgets.transcript import Transcript
from hermes_tui.widgets.virtual_list import VirtualList
from store.errors import StoreError

CALM = 0.25
"""Seconds between two pictures of what streams in: a number may change four times a second."""
NO_WORD = "no word to search for yet · "
FULL = {Fold.HIDDEN: "hidden", Fold.SHORT: "short"}


class Painter(Frame):
    """Keeps what has arrived, and paints it no more often than a reader can bear."""

    def __init__(
        self,
        open_store: OpenStore,
        *,
        owner: str,
        where: str,
        glyphs: Glyphs,
        now: Callable[[], datetime],
        open_to_write: OpenRepairs | None = None,
    ) -> None:
        super().__init__(owner=owner, glyphs=glyphs, now=now)
        self.feed = Feed(open_store, open_to_write=open_to_write)
        self.feed.subscribe(self.post_message, FeedMessage)
        self.catalog = Catalog()
        self.finder = Finder(self.feed, self.catalog, lambda: now().timestamp())
        self.reading = Reading(self.feed, self.catalog, self.transcript, self.banner, now)
        self.history = History()
        self.everything = False
        """The list shows what it leaves out by default, too."""
        self.failure: StoreError | None = None
        """Why state.db cannot be read."""
        self.unread: tuple[str, ...] = ()
        """What else of the list could not be read, a sentence each."""
        self.has_store = True
        """There is a state.db, as far as it is known."""
        self.context = 0
        """Messages shown on either side of a hit."""
        self.search_error: StoreError | None = None
        """Why a search has no answer."""
        self.busy: float | None = None
        """Seconds that a question has waited for another program's lock."""
        self.compared: tuple[int, int] | None = None
        """How many sessions were compared by content, and of how many; None where that is not going on."""
        self.position: Transcript.PositionChanged | None = None
        """Where the reader is."""
        self.where = where
        """The home's folder as people write it."""
        self.owner = owner
        """The profile."""
        self.restarted = False
        """What is listed is from a reading that does not hold any more."""
        self._painted = 0.0
        self._painter: Timer | None = None
        self._heads: dict[VirtualList, Sequence[Line]] = {}

    # What the lists show

    @property
    def hits_shown(self) -> bool:
        """The list has what a search found, not all sessions."""
        return self.finder.query is not None

    @property
    def listed(self) -> frame_text.Listed:
        """What the list of sessions stands on."""
        return frame_text.Listed(self.catalog, self.everything, self.failure, self.has_store, self.where, self.unread)

    @property
    def conditions(self) -> frozenset[str]:
        """What holds now, for the commands that need it."""
        pane = self.hit_list if self.hits_shown else self.session_list
        holds = {
            "failed": bool(self.failure or self.reading.error or self.unread),
            "rows": pane.cursor_key is not None,
            "wide": self.two_panes,
            "roomy": self.form.roomy,
            "hits": self.hits_shown and self.hit_list.has_hits,
            "rankable": self.hits_shown and self.finder.results.can_rank,
            "typed": bool(self.search_bar.text),
            "sought": bool(self.history),
            "flagged": (row := self.current) is not None and is_comparable(row),
            "family": row is not None and self.catalog.has_family(row.session),
            "any_flagged": self.catalog.any_comparable,
        }
        return frozenset(name for name, met in holds.items() if met)

    @property
    def comparing(self) -> bool:
        """Sessions are being compared by content."""
        return self.compared is not None and self.compared[0] < self.compared[1]

    @property
    def current(self) -> SessionRow | None:
        """The session that is read, or the one under the list's cursor."""
        return self.reading.row if self.place is Place.TRANSCRIPT else self.chosen

    @property
    def chosen(self) -> SessionRow | None:
        """The session under the list's cursor."""
        return self.hit_list.cursor_row if self.hits_shown else self.session_list.cursor_row

    def restart(self) -> None:
        """Read everything again: the store failed, or another file lies at its path."""
        self.restarted = True
        self.feed.sessions.load()
        self.finder.again()
        self.reading.again()

    def paint_next(self) -> None:
        """Let the next news be painted as it comes: another question was asked."""
        self._painted = -CALM

    def paint_soon(self) -> None:
        """Paint now, or as soon as the last picture of what streams in has stood long enough."""
        wait = self._painted + CALM - time.monotonic()
        if wait <= 0:
            self._paint_news()
        elif self._painter is None:
            self._painter = self.set_timer(wait, self._paint_news)

    def _paint_news(self) -> None:
        self._painted = time.monotonic()
        self.paint()

    def paint(self) -> None:
        """Put what is known into the list that is shown, and into the frame."""
        if self._painter is not None:
            self._painter.stop()
            self._painter = None
        self.set_class(self.hits_shown, "-hits")
        width = (self.form.list_width if self.two_panes else self.form.width - 1) or 1
        if self.finder.query is not None:
            found = self.finder.found()
            answered = self.finder.results.done and self.search_error is None
            nothing = answered and not self.finder.results.hits and not found.groups
            block = frame_text.no_hits_block(self.finder.query, width=width, glyphs=self.glyphs) if nothing else []
            self._put_head(self.hit_list, block)
            self.hit_list.show(
                found.titles,
                found.groups,
                dim=found.dim,
                close=found.close,
                more_titles=found.more_titles,
                meant=found.meant,
            )
        else:
            self._put_head(self.session_list, self._sessions_block(width))
            self.session_list.show(self.catalog.shown(everything=self.everything))
        self.draw()

    def draw(self) -> None:
        """Put what is known into the frame."""
        self.reading.fade()
        live = self.catalog.live(self.now().timestamp())
        ends = totals(live, self.catalog.flagged, self.compared, width=self.form.width, glyphs=self.glyphs)
        self.status.show(self._sentence(), *ends)
        pinned = ("f1" if self.place is Place.SEARCH else "?", "help")
        self.foot.show(footer(self.place, self.conditions), pinned)
        self._draw_head()

    def _sessions_block(self, width: int) -> list[Line]:
        if self.busy is not None and not len(self.catalog):
            return [(), *blocks.busy(PATIENCE, self.busy, width=width, glyphs=self.glyphs)]
        height = self.session_list.size.height or self.form.height - 4
        return frame_text.sessions_block(self.listed, width=width, height=height, glyphs=self.glyphs)

    def _put_head(self, pane: VirtualList, lines: Sequence[Line]) -> None:
        """Put lines above a list's rows, unless they are there."""
        if self._heads.get(pane, []) != lines:
            self._heads[pane] = lines
            pane.set_head(lines)

    def _sentence(self) -> Line:
        """The left of the status line: what is wrong before what is there."""
        if (wrong := self._trouble()) is not None:
            return error_sentence(str(wrong), glyphs=self.glyphs)
        if self.busy is not None:
            return busy_sentence(glyphs=self.glyphs)
        if self.place is Place.TRANSCRIPT and self.position is not None and self.position.total:
            return self._position_sentence(self.position)
        if not self.hits_shown:
            said = frame_text.sessions_status(self.listed, self.glyphs)
            typed = self.search_bar.text.strip()
            return (span(self.glyphs.words(NO_WORD), Role.DIM), *said) if typed else said
        shown = sum(1 for key in self.hit_list.keys if isinstance(key, HitKey))
        return self.finder.sentence(shown=shown, touched=self.hit_list.touched, glyphs=self.glyphs)

    def _trouble(self) -> StoreError | None:
        """What was asked for last and cannot be answered."""
        if self.finder.wrong is not None:
            return self.finder.wrong
        if self.inside:
            return self.reading.error
        return self.search_error if self.hits_shown else None

    def _position_sentence(self, position: Transcript.PositionChanged) -> Line:
        folds = self.transcript.folds
        tools, reasoning = FULL.get(folds.tools, "full"), FULL.get(folds.reasoning, "open")
        return position_sentence(
            position.index,
            position.total,
            tools=tools,
            reasoning="folded" if reasoning == "short" else reasoning,
            glyphs=self.glyphs,
        )

    def _draw_head(self) -> None:
        place = self.place
        left = frame_text.list_heading(
            self.listed, hits=self.hits_shown, context=self.context, focused=place in {Place.SESSIONS, Place.HITS}
        )
        trail = "" if self.two_panes else "Hits › " if self.hits_shown else "Sessions › "
        right = frame_text.reader_heading(
            self.reading.row,
            self._notes(),
            trail=trail,
            focused=place is Place.TRANSCRIPT,
            now=self.now(),
            glyphs=self.glyphs,
        )
        if self.two_panes:
            self.head.show(left, right, split=self.form.list_width)
        else:
            self.head.show(right if self.inside else left)

    def _notes(self) -> list[str]:
        """What the head rule says of the transcript before its facts."""
        notes = [self.glyphs.words("loading…")] if self.reading.slow else []
        if (hit := self.reading.hit) is not None:
            place, total = self.finder.results.place(hit.session_id, hit.message_id)
            notes += [f"hit {place} of {total}"] if place else []
        if self.reading.from_file:
            notes.append("from JSONL")
        return [*notes, *(["following"] if self.transcript.following else [])]
