"""Place of the thumb in its track."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_tui.widgets.scroll_thumb import thumb


@pytest.mark.slow
@given(st.integers(1, 60), st.integers(0, 5000), st.integers(1, 60), st.integers(0, 5000))
def test_a_thumb_lies_in_its_track_and_touches_an_end_only_there(height: int, top: int, shown: int, total: int) -> None:
    start, size = thumb(height, top, shown, total)
    if total <= shown:
        assert (start, size) == (0, 0)
        return
    assert size >= 1
    assert 0 <= start <= start + size <= height
    if height - size > 1:
        top = min(top, total - shown)
        assert (start == 0) == (top == 0)
        assert (start + size == height) == (top == total - shown)
