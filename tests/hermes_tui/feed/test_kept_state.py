"""Kept state in memory and on the disk.

Mutants that these tests are for: changes dropped where the disk fails; a demo or `--read-only` that writes.
"""

from __future__ import annotations

from pathlib import Path

from hermes_tui.feed import KeptState
from hermes_tui.kept.state_file import StateFile
from hermes_tui.kept.values import ReadingPlace


def test_what_one_browser_keeps_the_next_one_has(tmp_path: Path) -> None:
    path = tmp_path / "state" / "state.json"
    first, second = (KeptState(StateFile(path), now=lambda: 90.0) for _ in range(2))
    home = first.home("/h")
    home.put_place("a", ReadingPlace(50.0))
    home.put_place("b", ReadingPlace(40.0))
    home.use_search("docker")
    home.mark("a", 12)
    home.mark("b")
    home.mark("b", is_set=False)
    home.set("sort", "oldest")
    second.home("/h").use_search("quince")
    second.set("theme", "nord")
    first.close()
    second.close()

    third = KeptState(StateFile(path))
    home = third.home("/h")
    assert (home.last_read, home.setting("sort"), third.setting("theme")) == ("a", "oldest", "nord")
    assert set(home.searches) == {"docker", "quince"}
    assert (home.is_marked("a", 12), home.is_marked("a"), home.is_marked("b")) == (True, False, False)
    assert third.home("/other").last_read is None


def test_a_failing_disk_keeps_it_in_memory_and_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reported: list[str] = []
    state = KeptState(StateFile(tmp_path / "file" / "state.json"))
    state.report = reported.append
    state.home("/h").put_place("a", ReadingPlace(50.0))
    state.close()

    assert reported == ["places and searches are kept until you quit: File exists"]
    assert state.home("/h").last_read == "a"


def test_read_only_reads_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    StateFile(path).add(KeptState(None).kept)
    writer = KeptState(StateFile(path))
    writer.home("/h").put_place("a", ReadingPlace(50.0))
    writer.close()
    before = path.read_bytes()
    reader = KeptState(StateFile(path), writes=False)
    reader.home("/h").put_place("b", ReadingPlace(60.0))
    reader.close()

    assert reader.home("/h").last_read == "b"
    assert path.read_bytes() == before
