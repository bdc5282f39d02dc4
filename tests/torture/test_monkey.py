"""A small version of the monkey; the full size is `python -m tests.torture.monkey`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture import monkey

pytestmark = pytest.mark.slow

SEED = 20_260_401


def test_no_order_of_keys_pastes_and_clicks_writes_by_accident_or_leaves_the_pane_behind(tmp_path: Path) -> None:
    finding = monkey.run(tmp_path, number=60, seed=SEED, homes=1)
    assert finding.wrong == []
    assert finding.events >= 60


def test_with_a_guard_less_it_finds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other mutants: `python -m tests.torture.monkey --mutant NAME`."""
    monkeypatch.setattr(monkey, "SOON", 3.0)
    broken = "with a pane that lags"
    assert broken in monkey.MUTANTS
    assert "the pane shows" in monkey.run(tmp_path, number=300, seed=SEED, homes=1, broken=broken).wrong[0]
