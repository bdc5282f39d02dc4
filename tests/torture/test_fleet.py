"""Machines that push and follow, in small; `python -m tests.torture.fleet` runs three of them for minutes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.torture import fleet


@pytest.mark.slow
def test_schemas_equal_their_homes_after_a_crash_a_cut_and_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a follower that was away copies only what is new; the state of a home is remembered before its rows."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    *_, last = fleet.run(tmp_path, machines=2, seconds=4, cut=1, seed=7)
    assert last == "0 wrong"
