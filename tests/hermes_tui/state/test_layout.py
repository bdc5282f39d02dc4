"""Width of the list beside a transcript."""

from __future__ import annotations

import pytest

from hermes_tui.state.layout import NARROWEST, Layout


@pytest.mark.parametrize(("width", "expected"), [(100, 44), (140, 62), (200, 84)])
def test_a_list_that_nobody_moved_has_the_width_of_the_look(width: int, expected: int) -> None:
    assert Layout(width, 40).list_width == expected


@pytest.mark.parametrize("share", [-50, 0, 300, 700, 1000, 10**9])
@pytest.mark.parametrize("width", [100, 140, 200])
def test_a_moved_divider_leaves_room_on_both_sides(width: int, share: int) -> None:
    """Mutant: without the bounds a pane vanishes."""
    list_width = Layout(width, 40, share).list_width
    assert NARROWEST <= list_width <= width - 1 - NARROWEST
    if share in (300, 700) and width == 200:
        assert list_width == width * share // 1000
