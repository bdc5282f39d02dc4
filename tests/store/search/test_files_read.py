"""Which files a search parses and which it reads at all, counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from store import Cancel, SessionDB
from store.files import jsonl_reader, snapshots
from store.files.home import FileStat
from tests.builders import aged, db, home, jsonl, say, store

SESSIONS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with equal sources, and one file that has a message more."""
    folder = home(tmp_path)
    with closing(db(folder)) as database:
        for place in range(SESSIONS):
            said = [say("user", f"word{chr(97 + place)} needle"), say("assistant", "an answer")]
            store(database, f"s{place}", said)
            more = [say("user", "haystack")] if place == 0 else []
            aged(jsonl(folder, f"s{place}", [*said, *more]))
    return folder


def read_by(
    folder: Path, words: str, monkeypatch: pytest.MonkeyPatch, *, cache_dir: Path | None = None
) -> tuple[int, int, list[str]]:
    """Files that a search parsed, files whose bytes it read, and the sessions of its hits in files."""
    counts = {"parsed": 0, "raw": 0}

    def _counted(name: str, real: object) -> object:
        def _call(path: Path) -> object:
            counts[name] += 1
            return real(path)  # type: ignore[operator]

        return _call

    monkeypatch.setattr(jsonl_reader, "read_records", _counted("parsed", jsonl_reader.read_records))
    monkeypatch.setattr(jsonl_reader, "read_raw", _counted("raw", jsonl_reader.read_raw))
    with closing(SessionDB(folder / "state.db", read_only=True, cache_dir=cache_dir)) as database:
        found = [hit.session_id for batch in database.search(words, limit=50) for hit in batch.hits]
    return counts["parsed"], counts["raw"], found


def surveyed(folder: Path, cache_dir: Path) -> Sequence[object]:
    """The home after a survey whose verdicts are remembered."""
    with closing(SessionDB(folder / "state.db", read_only=True, cache_dir=cache_dir)) as database:
        return list(database.survey(cancel=Cancel()))


def test_a_file_whose_bytes_lack_the_words_is_not_parsed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: `_may_answer` without the look at the bytes."""
    assert read_by(folder, "podman", monkeypatch) == (0, SESSIONS, [])


def test_after_a_survey_only_the_file_that_has_more_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: `_may_answer` without the remembered verdicts."""
    surveyed(folder, tmp_path / "cache")
    assert read_by(folder, "podman", monkeypatch, cache_dir=tmp_path / "cache")[:2] == (0, 1)
    parsed, raw, found = read_by(folder, "haystack", monkeypatch, cache_dir=tmp_path / "cache")
    assert (raw, found) == (1, ["s0"])
    assert parsed


def test_a_snapshot_is_read_once_and_again_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: nothing kept in `Snapshots.get`; what is kept not compared with the file."""
    folder = home(tmp_path)
    db(folder).close()
    path = folder / "sessions" / "session_old.json"
    path.write_text(json.dumps({"session_id": "old", "messages": [say("user", "needle")]}))
    read: list[Path] = []
    parts = snapshots._parts

    def _noted(stat: FileStat) -> object:
        read.append(stat.path)
        return parts(stat)

    monkeypatch.setattr(snapshots, "_parts", _noted)
    with closing(SessionDB(folder / "state.db", read_only=True)) as database:

        def _found(words: str) -> int:
            return sum(len(batch.hits) for batch in database.search(words, limit=9))

        assert [_found("needle"), _found("absent"), _found("needle")] == [1, 0, 1]
        assert read == [path]
        aged(path)
        path.write_text(json.dumps({"session_id": "old", "messages": [say("user", "haystack")] * 3}))
        assert [_found("needle"), _found("haystack")] == [0, 3]
    assert read == [path, path]


def test_a_pasted_id_is_not_corrected(tmp_path: Path) -> None:
    """Mutant: `meant` without the look at the digits."""
    folder = home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "s", [say("user", "20260301 and a1b2c3")])
        assert database.meant("20260302_100000_a1b2c4") == {}
        assert database.meant("a1b2c4") == {"a1b2c4": "a1b2c3"}
