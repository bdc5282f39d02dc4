"""State of the browser: everything that its screen is drawn from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from hermes_tui.commands.registry import INSIDE, Place
from hermes_tui.render.blocks import STORE
from hermes_tui.render.details import StoredDetails
from hermes_tui.render.folds import Folds
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.state.find import Find
from hermes_tui.state.layout import Layout
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.search_history import SearchHistory
from hermes_tui.state.search_results import Results, Without
from hermes_tui.state.session_catalog import Catalog, is_comparable
from hermes_tui.state.session_filter import SessionFilter
from hermes_tui.state.session_order import Order, order_named
from store.base.late_dataclass import dataclass, field
from store.errors import QueryInvalid, StoreError
from store.models import Check, Drift, Hit, JsonlFacts, Origin, Session
from store.query.parse import Query
from store.repair.model import Why

if TYPE_CHECKING:  # the feed loads Textual, which a view does without
    from hermes_tui.feed import KeptHome

SIGN_AFTER = 0.15
"""Seconds before the screen says that an answer is still awaited."""
LOOK_AFTER = SIGN_AFTER + 0.01
"""Seconds after which the screen is drawn again for it."""
HELD = 0.25
"""Seconds for which titles alone and hits that are not ranked are not shown: what comes later is late."""


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """A sentence that is shown for a few seconds; shown twice it is two notices."""

    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The facts of the banner: a session, its flag and the numbers behind it.

    `check` is None as long as the sources were not compared by content; `refused` is why a repair would do nothing.
    """

    session: Session
    drift: Drift | None
    facts: JsonlFacts | None
    check: Check | None
    refused: Why | None


@dataclass(frozen=True, slots=True)
class ListPane:
    """The list on the screen: the session and the hit under its cursor, its rows and its height.

    `touched` is True once the user has moved the cursor, `visible` has the sessions whose own rows are on the screen.
    """

    row: SessionRow | None = None
    hit: Hit | None = None
    has_rows: bool = False
    sessions: int = 0
    """Rows of the list of sessions."""
    touched: bool = False
    hit_rows: int = 0
    visible: frozenset[str] = frozenset()
    height: int = 0


@dataclass(slots=True)
class SearchState:
    """One search, and the answers to it so far."""

    query: Query | None = None
    """None while sessions are listed."""
    listed: SessionFilter | None = None
    """What is asked of the sessions that are listed; None for all."""
    bookmarked: bool | None = None
    """Only hits of sessions with a bookmark, or without one; None for all."""
    hint: str = ""
    """What might be typed instead, where a filter is none or no session has its value."""
    wrong: QueryInvalid | None = None
    """The reason why the text in the search row is no query."""
    error: StoreError | None = None
    """The reason why there is no answer."""
    results: Results = field(default_factory=Results)
    older: Results | None = None
    """Results of the search before, shown until this one has any."""
    titles: tuple[SessionRow, ...] = ()
    similar: bool = False
    """The titles are only similar to the query."""
    more_titles: bool = False
    meant: str = ""
    """A query that might be meant where nothing matches."""
    without: Without | None = None
    """A query of one word less, which has hits where this one has none."""
    context: int = 0
    """Messages shown on either side of a hit."""
    requested_at: float = 0.0
    ranking: bool = False
    """The best hits are awaited."""
    newest_id: int = 0
    """The highest message id, for the progress of a scan."""

    @property
    def shown(self) -> Results:
        """The results on the screen."""
        return self.older or self.results

    @property
    def is_empty(self) -> bool:
        """Neither a message nor a title matches."""
        return not self.results.hits and (self.similar or not self.titles)

    def is_slow(self, now: float) -> bool:
        """Whether answers are still awaited, the ranking included, and were for so long that it is to be said."""
        from hermes_tui.feed.questions import FIRST_HITS, QUIET  # the feed loads Textual, which views do without

        rest = QUIET if self.results.hits >= FIRST_HITS else 0.0
        return not self.is_settled and now - self.requested_at >= SIGN_AFTER + rest

    @property
    def is_settled(self) -> bool:
        """No hit and no other order of them is awaited."""
        return self.results.done and not self.ranking


@dataclass(slots=True)
class ReadingState:
    """The transcript that was opened last."""

    row: SessionRow | None = None
    hit: Hit | None = None
    """The hit that led there, None where the session itself was opened."""
    error: StoreError | None = None
    """The reason why it cannot be read."""
    origin: Origin | None = None
    """The source that was asked for, None for the one that speaks for the session."""
    from_file: bool = False
    """The JSONL file's side is shown: it is the longer one, or the hit is only there."""
    requested_at: float | None = None
    """None where nothing is awaited."""
    sources: Sources | None = None
    index: int = 0
    """The message with the bar, from 1; 0 where there is none."""
    total: int = 0
    undone: int = 0
    compacted: int = 0
    """Of `total`, what the user undid and what a compaction left as history."""
    bar: tuple[str, int | None] | None = None
    """Session and id of the message with the bar, None where it is not known."""
    folds: Folds = field(default_factory=Folds)
    following: bool = False
    is_to_end: bool = False
    """The end was asked for and is not here yet."""
    wraps: bool = True
    prompt: str = ""
    """The first words of the prompt above the screen that is answered on it, safe to show."""
    find: Find | None = None
    roles: tuple[tuple[str, int], ...] = ()
    """Messages by their role, as they come."""

    def is_slow(self, now: float) -> bool:
        """Whether the answer is awaited for so long that it is to be said."""
        return self.requested_at is not None and now - self.requested_at >= SIGN_AFTER


@dataclass(slots=True)
class DetailsState:
    """The details of the session that is read."""

    shown: bool = False
    prompt: bool = False
    """The system prompt is unfolded."""
    stored: StoredDetails | None = None
    """Those that were read last, of whichever session."""


def _nothing_kept() -> KeptHome:
    from hermes_tui.feed import KeptState

    return KeptState(None).home("")


@dataclass(slots=True)
class BrowserState:
    """Sessions, search and transcript, and what the user does with them."""

    owner: str
    where: str
    """The home's folder as people write it."""
    glyphs: Glyphs
    now: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    catalog: Catalog = field(default_factory=Catalog)
    search: SearchState = field(default_factory=SearchState)
    reading: ReadingState = field(default_factory=ReadingState)
    details: DetailsState = field(default_factory=DetailsState)
    pane: ListPane = ListPane()
    kept: KeptHome = field(default_factory=_nothing_kept)
    """What is kept across runs."""
    history: SearchHistory = field(init=False)
    saved: tuple[str, ...] = ()
    """Searches that the user saved, the last one first."""
    typed: str = ""
    """The text in the search row."""
    focus: Place = Place.SEARCH
    layout: Layout = field(default_factory=lambda: Layout(80, 24))
    single: bool = False
    """One pane was asked for, however wide the screen is."""
    inside: bool = False
    """The transcript was entered and not left."""
    everything: bool = False
    """The list has the sessions that it leaves out by default, too."""
    failure: StoreError | None = None
    """The reason why state.db cannot be read; a home that has none is read whole."""
    unread: tuple[str, ...] = ()
    """Other parts of the list that could not be read, a sentence each."""
    has_store: bool = True
    lock_wait: tuple[float, float] | None = None
    """Seconds waited for a lock that another program holds, and the most that are waited."""
    compared: tuple[int, int] | None = None
    """The number of sessions compared by content, and of how many; None where that is not going on."""
    newest: Sequence[Session] = ()
    """Sessions that were read before the screen stood, until they are asked for."""
    fresh: Sequence[SessionRow] = ()
    """Rows that the answer being handled has changed."""
    notice: Notice | None = None
    copying_until: float = 0.0
    """Until when, by `seconds`, a digit copies a block of the message that was copied."""
    store: str = STORE
    """The name of the database."""
    trying_until: float = 0.0
    """Until when, by `seconds`, the status line says what may be tried."""
    has_profiles: bool = False
    """There are other profiles to go to."""
    may_write: bool = False
    """Sessions can be renamed, marked and deleted."""
    pick: Callable[[str], None] | None = None
    """Takes the id of a session in place of opening it; None to open it."""
    marked: dict[str, None] = field(default_factory=dict)
    """Ids of the sessions that the next act is for, in the order that they were marked in."""

    def __post_init__(self) -> None:
        self.history = SearchHistory(self.kept)

    def show_notice(self, text: str) -> None:
        """Have a sentence shown for a few seconds."""
        self.notice = Notice(text)

    @property
    def hits_shown(self) -> bool:
        """The list has the hits of a search, not all sessions."""
        return self.search.query is not None

    @property
    def order(self) -> Order:
        """The order of the list of sessions."""
        return order_named(self.kept.setting("order"))

    @property
    def is_typing(self) -> bool:
        """A search is typed, and nobody went into what it finds yet."""
        return bool(self.typed) and not self.pane.touched and not self.inside

    @property
    def awaits_rows(self) -> bool:
        """The list has no rows yet, and nothing that stands in their place."""
        search, results = self.search, self.search.results
        if search.query is not None:
            return not (results.done or results.hits or search.titles or search.error)
        return not (len(self.catalog) or self.catalog.complete or self.failure or self.lock_wait)

    @property
    def two_panes(self) -> bool:
        """List and transcript stand side by side."""
        return self.layout.roomy and not self.single and not self.is_empty

    @property
    def is_empty(self) -> bool:
        """There is no session, and that is known."""
        return self.catalog.complete and not len(self.catalog) and self.failure is None

    @property
    def comparing(self) -> bool:
        """Sessions are being compared by content."""
        return self.compared is not None and self.compared[0] < self.compared[1]

    @property
    def current(self) -> SessionRow | None:
        """The session that is read, or the one under the list's cursor."""
        return self.reading.row if self.focus in INSIDE else self.pane.row

    @property
    def chosen(self) -> tuple[str, ...]:
        """The sessions that an act is for: those that are marked, else the current one; in the transcript that one."""
        row = self.current
        if self.marked and self.focus is not Place.TRANSCRIPT:
            return tuple(session_id for session_id in self.marked if self.catalog.row(session_id) is not None)
        return () if row is None else (row.session.id,)

    @property
    def managed(self) -> tuple[str, ...]:
        """Those of them that SQLite has, which can be renamed and marked; deleted are also those of files alone."""
        rows = (self.catalog.row(session_id) for session_id in self.chosen)
        return tuple(row.session.id for row in rows if row is not None and row.session.origin is Origin.SQLITE)

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need them."""
        row = self.current
        holds = {
            "failed": bool(self.failure or self.reading.error or self.unread),
            "rows": self.pane.has_rows,
            "session": row is not None,
            "wide": self.two_panes,
            "roomy": self.layout.roomy,
            "hits": self.pane.hit_rows > 0 or (self.inside and self.reading.find is not None),
            "rankable": self.hits_shown and self.search.results.can_rank,
            "typed": bool(self.typed),
            "untyped": not self.typed,
            "history": bool(self.history.searches),
            "flagged": row is not None and is_comparable(row),
            "managed": self.may_write and bool(self.managed),
            "deletable": self.may_write and row is not None,
            "family": row is not None and self.catalog.has_family(row.session),
            "details": self.details.shown,
            "unwrapped": not self.reading.wraps,
            "copying": self.seconds() < self.copying_until,
            "any_flagged": self.catalog.any_comparable,
            "profiles": self.has_profiles,
        }
        return frozenset(name for name, met in holds.items() if met)
