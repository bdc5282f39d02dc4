"""Searches that are remembered, and those that must not be."""

from __future__ import annotations

from pathlib import Path

from hermes_tui.feed import KeptState
from hermes_tui.kept.state_file import StateFile
from hermes_tui.state.search_history import SearchHistory


def test_the_search_used_last_is_first_and_a_later_run_has_it_too(tmp_path: Path) -> None:
    """Mutant: with `use_search` left out, nothing is there after a restart."""
    seconds = iter(range(100))
    path = tmp_path / "state.json"
    state = KeptState(StateFile(path), now=lambda: float(next(seconds)))
    history = SearchHistory(state.home("/h"))
    for text in ("docker", "lock file ", "docker"):
        history.keep(text)
    assert history.searches == ["docker", "lock file"]
    state.close()
    assert SearchHistory(KeptState(StateFile(path)).home("/h")).searches == ["docker", "lock file"]
    assert SearchHistory(KeptState(StateFile(path)).home("/h"), is_kept=False).searches == []


def test_what_may_be_a_secret_or_begins_with_a_space_is_remembered_nowhere(tmp_path: Path) -> None:
    """Mutant: without the look for secrets a key that was searched for lies in the state file."""
    path = tmp_path / "state.json"
    state = KeptState(StateFile(path))
    history = SearchHistory(state.home("/h"))
    history.keep("quince")
    for text in ("", "  ", " docker", "sk-proj-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7d"):
        history.keep(text)
    assert history.searches == ["quince"]
    state.close()
    assert b"sk-proj" not in path.read_bytes()


def test_without_history_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = KeptState(StateFile(path))
    history = SearchHistory(state.home("/h"), is_kept=False)
    history.keep("docker")
    assert history.searches == ["docker"]
    state.close()
    assert not path.exists()
