"""A time means the same in a row and in a file."""

from __future__ import annotations

import math

import pytest

from store.formats import message_codec
from store.sqlite.base import cell_values

EDGES = (631_152_000.0, 4_102_444_800.0, 4_133_980_800.0)
"""The starts of 1990, 2100 and 2101."""


@pytest.mark.parametrize("seconds", [moved for edge in EDGES for moved in (edge - 1, edge, edge + 1)])
def test_times_are_capped_alike_in_rows_and_files(seconds: float) -> None:
    """Mutant: 2100 as the end in one of them."""
    assert cell_values.timestamp(seconds) == message_codec.timestamp(seconds)
    assert (message_codec.timestamp(seconds) is None) == (not EDGES[0] <= seconds < EDGES[2])


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_what_is_no_time_is_none_in_both(seconds: float) -> None:
    assert cell_values.timestamp(seconds) is message_codec.timestamp(seconds) is None
