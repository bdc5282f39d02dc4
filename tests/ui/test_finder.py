"""Titles while a user types: no key looks at more titles than it must, and none is lost for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hermes_tui.screens.catalog import Catalog
from hermes_tui.screens.finder import Finder
from hermes_tui.screens.titles import Titles
from hermes_tui.widgets.session_list import SessionRow
from store.models import Session
from store.query import Query, parse

NOUNS = ("docker", "dockyard", "document", "garden", "gärtner", "lock file", "Docker lock")


@dataclass
class QuietFeed:
    """Takes questions and answers none."""

    asked: list[Query] = field(default_factory=list)

    def search(self, query: Query) -> int:
        self.asked.append(query)
        return len(self.asked)

    def withdraw(self) -> None:
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
    """Mutant: with words of one letter taken as settled, or `learn` forgetting nothing, titles are missing."""
    slow, catalog = finder(120)
    for end in range(1, len(typed) + 1):
        slow.typed(typed[:end])
        query = parse(typed[:end], now=0.0, open_word=True)
        rows = catalog.shown(everything=True)
        right = [row.session.id for row in rows if Titles().match(query, row) is not None][:50]
        assert [row.session.id for row in slow.found().titles] == right
        if end == len(typed) - 2:
            slow.learn(catalog.put([Session("late", title=f"late {typed}", started_at=999.0, messages=1)]))


def test_a_word_that_grows_is_looked_for_where_it_was_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: with `_narrows` always False every key of “dockyard” looks at 5 000 titles, and a big home stutters."""
    looked: list[str] = []
    match = Titles.match

    def counted(self: Titles, query: Query, row: SessionRow) -> object:
        looked.append(row.session.id)
        return match(self, query, row)

    monkeypatch.setattr(Titles, "match", counted)
    one, _ = finder(5_000)
    one.typed("zzzz")
    assert len(looked) == 5_000
    one.typed("zzzza")
    one.typed("zzzza d")
    one.typed("zzzza do")
    assert len(looked) == 5_000
