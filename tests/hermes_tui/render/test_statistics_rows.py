"""The head of the page of statistics at every width."""

from __future__ import annotations

from datetime import date

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain
from hermes_tui.render.statistics_rows import head
from store.browse.statistics import Statistics
from store.engine.statistics import Tally


@pytest.mark.parametrize(("width", "is_beside"), [(40, False), (76, False), (77, True), (140, True)])
def test_the_totals_stand_above_the_calendar_where_there_is_no_room_beside_it(width: int, is_beside: bool) -> None:
    """Mutant: beside it, cut to the first letters of their names."""
    numbers = Statistics(Tally(sessions=1, messages=3), ((date(2026, 11, 30), 3),), (0,) * 24, 0, (), ())
    lines = [plain(line) for line in head(numbers, width=width, glyphs=UNICODE)]
    places = [next(place for place, line in enumerate(lines) if word in line) for word in ("sessions  1", "Mon")]
    assert places[0] == 0
    assert (places[1] == 1) == is_beside  # under the months
