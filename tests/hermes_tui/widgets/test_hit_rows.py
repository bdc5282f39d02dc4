"""Rows of a search, without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain, span
from hermes_tui.state.rows import HitGroup, HitKey, SessionRow
from hermes_tui.state.search_results import Without
from hermes_tui.widgets.hit_rows import (
    GroupKey,
    HitRows,
    HitsView,
    MeantKey,
    MoreKey,
    MoreTitlesKey,
    RuleKey,
    TitleKey,
    WithoutKey,
)
from store.models import Hit
from tests.hermes_tui.stage import NOW
from tests.hermes_tui.widgets.test_hit_list import group, row


def rows_of(
    titles: Sequence[SessionRow], groups: Sequence[HitGroup], *, close: bool = False, meant: str = ""
) -> HitRows:
    rows = HitRows()
    rows.replace(HitsView(titles, groups, close=close, meant=meant))
    return rows


def test_hits_beyond_the_third_and_titles_beyond_the_fifth_are_shown_on_request() -> None:
    rows = rows_of([row(f"t{number}") for number in range(7)], [group("s", range(1, 6))])
    keys = list(rows.keys())
    assert keys[:2] == [RuleKey("7 titles"), TitleKey("t0")]
    assert keys[6:9] == [MoreTitlesKey(2), RuleKey("messages"), GroupKey("s")]
    assert keys[9:] == [HitKey("s", 1), HitKey("s", 2), HitKey("s", 3), MoreKey("s")]
    assert rows.show_more(MoreTitlesKey(2)) == TitleKey("t5")
    assert rows.show_more(MoreKey("s")) == HitKey("s", 4)
    assert len(list(rows.keys())) == 1 + 7 + 1 + 1 + 5
    assert rows.show_fewer(HitKey("s", 4)) == MoreKey("s")
    rows.show_fewer(TitleKey("t6"))
    assert list(rows.keys()) == keys


def test_the_next_hit_may_be_one_that_is_not_shown_yet() -> None:
    rows = rows_of([], [group("s", range(1, 5)), group("t", [9])])
    assert rows.neighbour(HitKey("s", 3), 1) == HitKey("s", 4)
    assert HitKey("s", 4) in list(rows.keys())
    assert rows.neighbour(HitKey("s", 4), 1) == HitKey("t", 9)
    assert rows.neighbour(HitKey("t", 9), 1) is None
    assert rows.neighbour(HitKey("s", 1), -1) is None


def test_a_row_belongs_to_a_session_and_to_a_hit() -> None:
    rows = rows_of([row("t")], [group("s", [1, 2])], close=True, meant="docker")
    assert list(rows.keys())[:2] == [MeantKey("docker"), RuleKey("1 title is close")]
    assert rows.row_of(TitleKey("t")) == row("t")
    assert rows.row_of(HitKey("s", 2)) == row("s")
    assert rows.row_of(RuleKey("messages")) is None
    assert rows.hit(GroupKey("s")) == rows.hits[HitKey("s", 1)]
    assert rows.hit(TitleKey("t")) is None


def test_titles_that_match_stand_above_the_sentence_that_no_message_does() -> None:
    """Mutant: with the sentence always above the rows, or what was meant always first, the order is another one."""
    rows, sentence = HitRows(), ((span("No message has"),),)
    found = HitsView((row("t"),), (), nothing=sentence, meant="dock", without=Without("why", "docker", 3))
    rows.replace(found)
    assert found.head == ()
    kinds = [type(key).__name__ for key in [*rows.keys()]]
    assert kinds == ["RuleKey", "TitleKey", "LineKey", "MeantKey", "WithoutKey"]
    close = replace(found, close=True)
    rows.replace(close)
    assert close.head == sentence
    kinds = [type(key).__name__ for key in [*rows.keys()]]
    assert kinds == ["MeantKey", "WithoutKey", "RuleKey", "TitleKey"]
    *_, key = (key for key in [*rows.keys()] if isinstance(key, WithoutKey))
    drawn = plain(rows.paint(key, width=60, now=NOW, glyphs=UNICODE, cursor=False)).strip()
    assert drawn == "without “why”: 3 hits · enter"


def test_where_it_is_read_the_next_hit_is_the_next_in_the_transcript() -> None:
    """Mutant: in the order of the list, the third hit of `s` is followed by the fourth and not by the second."""
    rows = rows_of([], [group("t", [2, 1]), group("s", [3, 4, 1, 5, 2]), group("u", [1])])
    order = [3, 1, 5]

    def place(found: Hit) -> int | None:
        return order.index(found.message_id) if found.session_id == "s" and found.message_id in order else None

    seen, key = [], HitKey("t", 1)
    while (after := rows.neighbour(key, 1, place)) is not None:
        seen.append((after.session_id, after.message_id))
        key = after
    assert seen == [("t", 2), ("s", 3), ("s", 1), ("s", 5), ("s", 2), ("s", 4), ("u", 1)]
    assert rows.neighbour(HitKey("s", 3), -1, place) == HitKey("t", 2)
    assert rows.neighbour(GroupKey("s"), 1, place) == HitKey("s", 1), "the best hit of a session is where it begins"
