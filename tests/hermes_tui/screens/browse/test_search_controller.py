"""Titles while a user types: no key looks at more titles than it must, and none is lost for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hermes_tui.feed.answers import HitsArrived
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.screens.browse.search_controller import Finder
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.state.title_filter import Titles
from hermes_tui.widgets.session_list import SessionRow
from store.models import Batch, Hit, Outline, Session, Status
from store.query.parse import Query, parse

NOUNS = ("docker", "dockyard", "document", "garden", "gärtner", "lock file", "Docker lock")


@dataclass
class QuietFeed:
    """Takes questions and answers none."""

    asked: list[Query] = field(default_factory=list)
    newest: int = 0

    def __post_init__(self) -> None:
        self.sessions = self.search = self

    def start(self, query: Query) -> int:
        self.asked.append(query)
        return len(self.asked)

    def cancel(self) -> None:
        pass


def finder(sessions: int) -> tuple[Finder, Catalog]:
    catalog = Catalog()
    rows = [
        Session(f"s{n:05}", title=f"{NOUNS[n % len(NOUNS)]} {n}", started_at=n, messages=1) for n in range(sessions)
    ]
    one = Finder(QuietFeed(), catalog, lambda: 0.0)  # type: ignore[arg-type]
    one.learn(catalog.put(rows))
    return one, catalog


@pytest.mark.parametrize(
    "typed", ["docker lock", "document 2", "DOCKYARD 22", "gärtner", "lock docker", "-lock garden", "zzzzz"]
)
def test_titles_found_key_by_key_are_those_found_at_once(typed: str) -> None:
    """Mutant: with a joined text that is not made again after `learn`, the late title is missing."""
    slow, catalog = finder(120)
    for end in range(1, len(typed) + 1):
        slow.typed(typed[:end])
        query = parse(typed[:end], now=0.0, open_word=True)
        rows = catalog.shown(everything=True)
        right = [row.session.id for row in rows if Titles().match(query, row) is not None][:50]
        assert [row.session.id for row in slow.found().titles] == right
        if end == len(typed) - 2:
            slow.learn(catalog.put([Session("late", title=f"late {typed}", started_at=999.0, messages=1)]))


def test_a_rare_word_is_found_without_a_look_at_every_title(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: with `candidates` always None every key looks at 5 000 titles, and a big home stutters."""
    looked: list[str] = []
    match = Titles.match

    def counted(self: Titles, query: Query, row: SessionRow) -> object:
        looked.append(row.session.id)
        return match(self, query, row)

    monkeypatch.setattr(Titles, "match", counted)
    one, catalog = finder(5_000)
    one.typed("zzzz")
    one.typed("dockyard 4998")
    assert [row.session.id for row in one.found().titles] == []
    one.typed("docker")
    assert len(looked) < 200, "the fiftieth was found soon"
    one.learn(catalog.put([Session("late", title="a zebra", started_at=9_999.0, cwd="/srv/Bücher", messages=1)]))
    for typed in ("zebra", "bucher", "late"):
        one.typed(typed)
        assert [row.session.id for row in one.found().titles] == ["late"]


def test_first_words_are_found_where_there_is_no_title() -> None:
    """Mutant: with outlines left out of `folded`, it is not found."""
    one, catalog = finder(1)
    catalog.put([Session("bare", started_at=1.0, messages=2)])
    catalog.put_outlines({"bare": Outline(Status.DONE, "why is the sky blue")})
    one.learn(["bare"])
    one.typed("sky bl")
    [row] = one.found().titles
    assert row.matches == ((11, 14), (15, 17))


def test_a_scan_says_how_far_it_is() -> None:
    """Mutant: with `_gone_round` giving the store's word alone, nobody knows whether to wait."""
    feed = QuietFeed()
    feed.newest = 1_000
    one = Finder(feed, Catalog(), lambda: 0.0)  # type: ignore[arg-type]
    one.typed("needle")
    batch = Batch((Hit("s", 1, "user", "needle"),), fallback="index damaged, scanning", rows_scanned=380)
    assert one.take(HitsArrived(1, batch, 7))
    said = plain(one.sentence(shown=1, touched=False, glyphs=UNICODE))
    assert said == "1 hit in 1 session · index damaged, scanning 38 % · 7 ms"
    one.take(HitsArrived(1, Batch((), done=True, fallback="index damaged, scanning", rows_scanned=990), 9))
    assert "%" not in plain(one.sentence(shown=1, touched=False, glyphs=UNICODE))
