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
    """Mutants: a follower whose server was away does not begin again; a push locks the tables of its schema."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(fleet, "CONVERGED", 30.0)
    *_, last = fleet.run(tmp_path, machines=2, seconds=4.0, cut=0.5, seed=7)
    assert last == "0 wrong"
