"""Changes of the files of a large folder, and what is looked at for them.

Mutants: the folder's time ignored; a fresh folder's time trusted; young files not looked at; a pause of one second
whatever the number of files; a pause without an end; a value made of each file.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from store.browse import watched_files
from store.browse.watched_files import LONGEST_PAUSE, WatchedFiles
from store.files import home

FILES = 30
OLD = time.time() - 86_400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with many old files and a young one, which was itself not changed just now."""
    for place in range(FILES):
        (tmp_path / f"s{place}.jsonl").touch()
        os.utime(tmp_path / f"s{place}.jsonl", (OLD, OLD))
    (tmp_path / "young.jsonl").write_text("{}\n")
    os.utime(tmp_path, (OLD, OLD))
    return tmp_path


def test_a_large_folder_is_listed_seldom_and_still_nothing_is_missed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[Path] = []
    listed = home.transcript_stamps

    def _listed(path: Path) -> dict[str, home.FileStamp]:
        listings.append(path)
        return listed(path)

    monkeypatch.setattr(home, "transcript_stamps", _listed)
    monkeypatch.setattr(watched_files, "PER_FILE", 0.1)
    watched = WatchedFiles(folder)
    assert watched.changed(0.0) == frozenset()
    assert [watched.changed(float(second)) for second in (1, 2)] == [frozenset()] * 2
    assert len(listings) == 1

    with (folder / "young.jsonl").open("a") as file:
        file.write("{}\n")
    assert watched.changed(2.5) == {"young"}
    assert len(listings) == 1

    with (folder / "s7.jsonl").open("a") as file:
        file.write("{}\n")
    assert watched.changed(2.6) == frozenset()
    assert watched.changed(3.1) == {"s7"}, "an old file is seen when all are listed"
    assert len(listings) == 2

    (folder / "new.jsonl").write_text("{}\n")
    assert watched.changed(3.2) == {"new"}, "a file that is added changes the folder"
    tick = folder.stat().st_mtime_ns
    (folder / "another.jsonl").write_text("{}\n")
    os.utime(folder, ns=(tick, tick))
    assert watched.changed(3.3) == {"another"}, "also where the folder changed twice in one tick"
    (folder / "young.jsonl").unlink()
    assert watched.changed(3.4) == {"young"}


def test_all_files_are_listed_within_the_longest_pause(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_files, "PER_FILE", 10.0)
    watched = WatchedFiles(folder)
    watched.changed(0.0)
    with (folder / "s7.jsonl").open("a") as file:
        file.write("{}\n")
    assert watched.changed(LONGEST_PAUSE - 1.0) == frozenset()
    assert watched.changed(LONGEST_PAUSE) == {"s7"}


def test_a_listing_makes_no_value_of_a_file_that_is_old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    of = home.FileStat.of

    def _noted(path: Path, state: os.stat_result) -> home.FileStat:
        made.append(path)
        return of(path, state)

    monkeypatch.setattr(home.FileStat, "of", _noted)
    watched = WatchedFiles(folder)
    for second in (0.0, LONGEST_PAUSE, LONGEST_PAUSE + 0.5):
        watched.changed(second)
    assert {path.name for path in made} <= {"young.jsonl"}
