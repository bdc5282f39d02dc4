"""Ids in the order of the list, and the keys of a list with months: against plain lists."""

from __future__ import annotations

import random

import pytest

from hermes_tui.state import ordered_ids
from hermes_tui.state.ordered_ids import OrderedIds, Place
from hermes_tui.widgets.session_rows import KeysWithMonths, MonthKey


@pytest.mark.parametrize("seed", range(6))
def test_ids_are_where_a_sorted_list_has_them_whatever_comes_and_goes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a chunk that keeps what has gone; a chunk that is chosen by the key alone, without the id."""
    monkeypatch.setattr(ordered_ids, "CHUNK", 4)
    chance = random.Random(seed)
    ids, known = OrderedIds(), dict[str, Place]()
    for _ in range(40):
        gone = chance.sample([*known.values()], min(len(known), chance.randrange(6)))
        known = {place[1]: place for place in known.values() if place not in gone}
        names = {f"{chance.randrange(80)}" for _ in range(chance.randrange(20))} - known.keys()
        come = [(float(chance.randrange(5)), name) for name in names]
        known |= {place[1]: place for place in come}
        before, listed = ids, [*ids]
        ids = ids.changed(gone, come)
        right = [name for _, name in sorted(known.values())]
        assert [*ids] == right == [ids[at] for at in range(len(ids))]
        assert ids[3:9] == right[3:9]
        assert ids[::-1] == right[::-1]
        assert [ids.index(name) for name in right] == [*range(len(right))]
        assert "none" not in ids
        assert [*before] == listed, "an order that was handed out stays as it is"


def test_a_page_of_many_costs_the_chunks_that_it_changes() -> None:
    """Mutant: with all places sorted again each page is made of every chunk."""
    first = OrderedIds().changed([], [(float(number), f"{number:06}") for number in range(20_000)])
    second = first.changed([(5.0, "000005")], [(19_999.5, "late")])
    assert len({*second._chunks} - {*first._chunks}) <= 3


def test_months_stand_above_their_first_session() -> None:
    """Mutant: an id's place that leaves out the months above it."""
    keys = KeysWithMonths(["a", "b", "c", "d"], [(1, "May"), (3, "April")])
    right = ["a", MonthKey("May", "b"), "b", "c", MonthKey("April", "d"), "d"]
    assert [*keys] == keys[:] == right
    assert [keys.index(key) for key in right] == [*range(6)]
    assert all(key in keys for key in right)
    assert "e" not in keys
    assert MonthKey("May", "a") not in keys
