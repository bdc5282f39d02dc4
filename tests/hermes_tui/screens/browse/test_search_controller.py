"""Titles while a user types: no key looks at more titles than it must, and none is lost for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from hermes_tui.feed.answers import HitsArrived, HitsRanked, WordsMeant
from hermes_tui.render.line import plain
from hermes_tui.screens.browse.ports import Part
from hermes_tui.screens.browse.presenter import frame_view, list_view
from hermes_tui.screens.browse.search_controller import SearchController
from hermes_tui.state.browser_state import BrowserState, ListPane
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.title_filter import Titles
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.hit_rows import HitsView
from store.models import Batch, Fallback, FallbackKind, Hit, Outline, ScanProgress, Session, Status
from store.query.parse import Query, parse
from tests.hermes_tui.screens.browse.states import Calls, Drawn, browser_state, put

NOUNS = ("docker", "dockyard", "document", "garden", "gärtner", "lock file", "Docker lock")


def searching(sessions: int, *, newest: int = 0) -> tuple[SearchController, BrowserState]:
    """A controller of the search that has prepared the titles of so many sessions."""
    state = browser_state(
        *(Session(f"s{n:05}", title=f"{NOUNS[n % len(NOUNS)]} {n}", started_at=n, messages=1) for n in range(sessions))
    )
    search = SearchController(state, Calls(newest=newest).feed, Drawn(), Calls().hits)
    search.learn_titles()
    return search, state


def title_ids(state: BrowserState) -> list[str]:
    """The sessions whose titles match."""
    return [row.session.id for row in state.search.titles]


@pytest.mark.parametrize(
    "typed", ["docker lock", "document 2", "DOCKYARD 22", "gärtner", "lock docker", "-lock garden", "zzzzz"]
)
def test_titles_found_key_by_key_are_those_found_at_once(typed: str) -> None:
    """Mutant: with a joined text that is not made again after `learn_titles`, the late title is missing."""
    search, state = searching(120)
    for end in range(1, len(typed) + 1):
        search.take_text(typed[:end])
        query = parse(typed[:end], now=0.0, open_word=True)
        rows = state.catalog.shown(everything=True)
        right = [row.session.id for row in rows if Titles().match(query, row) is not None][:50]
        assert title_ids(state) == right
        if end == len(typed) - 2:
            put(state, [Session("late", title=f"late {typed}", started_at=999.0, messages=1)])
            search.learn_titles()


@pytest.mark.slow
def test_a_rare_word_is_found_without_a_look_at_every_title(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: with `candidates` always None every key looks at 5 000 titles, and a big home stutters."""
    looked: list[str] = []
    match = Titles.match

    def counted(self: Titles, query: Query, row: SessionRow) -> object:
        looked.append(row.session.id)
        return match(self, query, row)

    monkeypatch.setattr(Titles, "match", counted)
    search, state = searching(5_000)
    search.take_text("zzzz")
    search.take_text("dockyard 4998")
    assert title_ids(state) == []
    search.take_text("docker")
    assert len(looked) < 200, "the fiftieth was found soon"
    put(state, [Session("late", title="a zebra", started_at=9_999.0, cwd="/srv/Bücher", messages=1)])
    search.learn_titles()
    for typed in ("zebra", "bucher", "late"):
        search.take_text(typed)
        assert title_ids(state) == ["late"]


def test_first_words_are_found_where_there_is_no_title() -> None:
    """Mutant: with outlines left out of `folded`, it is not found."""
    search, state = searching(1)
    put(state, [Session("bare", started_at=1.0, messages=2)])
    state.fresh = state.catalog.put_outlines({"bare": Outline(Status.DONE, "why is the sky blue")})
    search.learn_titles()
    search.take_text("sky bl")
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert [row.matches for row in view.titles] == [((11, 14), (15, 17))]


def test_a_scan_shows_its_progress() -> None:
    """Mutant: with the store's word alone in the status line, nobody knows whether to wait."""
    search, state = searching(0, newest=1_000)
    search.take_text("needle")
    damaged, scanning = (Fallback(FallbackKind.DAMAGED),), ScanProgress.SCANNING
    batch = Batch((Hit("s", 1, "user", "needle"),), fallbacks=damaged, rows_scanned=380, progress=scanning)
    search.take_hits(HitsArrived(1, batch, 7))
    state.pane = ListPane(hit_rows=1)
    assert plain(frame_view(state).status) == "1 hit in 1 session · index damaged, scanning 38 % · 7 ms"
    last = Batch((), done=True, fallbacks=damaged, rows_scanned=990, progress=scanning)
    search.take_hits(HitsArrived(1, last, 9))
    assert "%" not in plain(frame_view(state).status)


def test_the_results_before_stay_until_the_first_answer() -> None:
    """Mutant: with `older` always None, the list is empty between two keys."""
    search, state = searching(0)
    search.take_text("needle")
    search.take_hits(HitsArrived(1, Batch((Hit("s", 1, "user", "needle"),), done=True), 7))
    search.take_text("needle x")
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert view.dim
    assert [group.total for group in view.groups] == [1]
    search.take_hits(HitsArrived(1, Batch((), done=True), 7))
    assert list_view(state).head, "nothing was found, and the list says so"


def test_the_best_wait_where_the_cursor_has_moved() -> None:
    """Mutant: with `touched` left out, the rows go from under the cursor."""
    search, state = searching(0)
    search.take_text("needle")
    batch = Batch((Hit("s", 1, "user", "needle"), Hit("t", 2, "user", "needle")), done=True)
    search.take_hits(HitsArrived(1, batch, 7))
    state.pane = ListPane(touched=True)
    search.take_ranking(HitsRanked(1, batch, 7))
    assert not state.search.results.ranked
    search.rank()
    assert state.search.results.ranked


def test_hits_beyond_the_first_screens_move_no_row_until_somebody_goes_there() -> None:
    """Mutants: no `hold` with the ranking; a second ranking that holds again; `touched` left out of `take_hits`;
    the number of the listed hits in place of all; no look at the wheel.
    """
    search, state = searching(0)
    drawn = search._changed = Drawn()
    search.take_text("needle")
    hits = tuple(Hit(f"s{n % 90}", n, "user", "needle") for n in range(600))
    for first in (0, 100):
        search.take_hits(HitsArrived(1, Batch(hits[first : first + 100]), 7))
        assert drawn.parts[-1] is Part.LISTS_SOON
    search.take_ranking(HitsRanked(1, Batch(hits[100:300], done=True), 7))
    assert drawn.parts[-1] is Part.LISTS
    results = state.search.results
    search.rank()
    listed = _listed(state)
    assert len(listed) == 300
    search.take_hits(HitsArrived(1, Batch(hits[300:]), 7))
    search.take_hits(HitsArrived(1, Batch((), done=True, capped=True), 7))
    search.take_ranking(HitsRanked(1, Batch(hits[100:300], done=True), 7))
    assert not results.ranked, "newest first was asked for meanwhile"
    assert _listed(state) == listed
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert sum(group.total for group in view.groups) == 600, "the numbers are those of all"
    for top, seen in ((0, 300), (3, 600)):
        search._pane = cast("HitList", SimpleNamespace(cursor=SimpleNamespace(top=top)))
        search.list_where_read()
        assert len(_listed(state)) == seen, "the wheel goes there too"
    assert drawn.parts[-1] is Part.LISTS
    search._pane, state.pane = Calls().hits, ListPane(touched=True)
    search.take_text("needles")
    for first in (0, 300):
        search.take_hits(HitsArrived(1, Batch(hits[first : first + 300]), 7))
    assert len(_listed(state)) == 600, "the reader is there"


def _listed(state: BrowserState) -> list[Hit]:
    """The hits of the list, in its order."""
    view = list_view(state)
    assert isinstance(view, HitsView)
    return [hit for group in view.groups for hit in group.hits]


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("3f2a9c1e-8b7d-aaaa", ""),
        ("work/cron_7_zebrra", ""),
        ("zebrra 3f2a9c1e-8b7d-aaaa", "zebra 3f2a9c1e-8b7d-aaaa"),
        ("20260101_100000_aaaa", ""),
        ("zebrra aaaa", "zebra bbbb"),
    ],
)
def test_what_was_meant_leaves_pasted_ids_as_they_are(pasted: str, meant: str) -> None:
    """Enter would replace the id. Mutants: without `_IS_NAME`; with the same text proposed once more."""
    search, state = searching(0)
    search.take_text(pasted)
    search.take_meant_words(WordsMeant(1, {"zebrra": "zebra", "aaaa": "bbbb"}))
    assert state.search.meant == meant
