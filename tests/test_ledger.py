"""The ledger's own rules: a missing peer is a row that says so, and what two runs are compared by."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from pathlib import Path

import pytest

from tests.benchmarks import growth, ledger_text, peers
from tests.benchmarks.ledger import Gauge, Measured, Row, Times, agree, as_object, measure
from tests.benchmarks.operations import Operations


@pytest.fixture
def _no_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HERMES_PEERS", "HERMES_019_PYTHON", "AGENTSVIEW"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("_no_peers")
def test_a_missing_peer_is_a_row_that_says_so(tmp_path: Path) -> None:
    assert [peers.hermes(), peers.agentsview(), peers.ripgrep(), peers.fzf()] == [None] * 4
    assert peers.versions() == "no hermes-agent 0.19.0, no ripgrep, no fzf, no agentsview"
    (tmp_path / "sessions").mkdir()
    (tmp_path / "state.db").touch()
    rows = [*Operations(tmp_path, tmp_path / "cache").rows(tmp_path, tmp_path)]
    said = [Measured(row, Times([1.0], [1.0]), None) for row in rows if "not installed" in row.against]
    assert [(row.cells.against, row.judgement) for row in said] == [
        ("ripgrep is not installed", "not compared"),
        ("ripgrep is not installed", "not compared"),
        ("hermes-agent 0.19.0 is not installed", "not compared"),
        ("agentsview is not installed", "not compared"),
    ]


def test_a_figure_without_its_program_is_a_row_too() -> None:
    gauge = Gauge("keys in fzf", "ms", inf, (), peers.missing(peers.FZF))
    assert gauge.cells == ("keys in fzf", "–", "fzf is not installed", "–", "–", "not compared")


def test_ratios_are_not_compared_with_times_of_a_run_without_the_peer() -> None:
    row = Row("appends", lambda: None, "peer", lambda: None, 1)
    alone, beside = (
        Measured(row, Times([400.0], [1.0]), None),
        Measured(row, Times([400.0], [1.0]), Times([200.0], [1.0])),
    )
    before = {"circumstances": "none", "rows": [as_object(alone)]}
    assert ledger_text.compared([beside], before) == ""
    assert "1 of 1 rows agree" in ledger_text.compared([alone], before)


def test_runs_agree_where_their_spreads_overlap_or_their_medians_are_within_a_tenth() -> None:
    assert agree((1.0, 2.0), (1.9, 3.0))
    assert agree((100.0,), (109.0,))
    assert not agree((100.0, 101.0), (120.0, 121.0))


def test_what_takes_no_time_is_repeated_and_the_first_run_is_not_counted() -> None:
    done = list[str]()
    measured = measure(Row("x", lambda: done.append("ours"), "y", lambda: done.append("other"), 1), 3)
    assert done == ["ours", "other"] * (len(done) // 2)
    assert len(measured.ours.cpu) == len(done) // 2 - 1 > 3


def test_names_beside_the_plot_do_not_overlap() -> None:
    rows = growth._spread([5.0, 5.0, 90.0, 91.0, 99.0], 0.0, 100.0)
    assert all(later - earlier >= growth.ROW for earlier, later in pairwise(rows))
    assert rows[-1] <= 100.0
