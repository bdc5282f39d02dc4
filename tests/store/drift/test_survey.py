"""The verdicts of a whole home: order, memory, cancelling, and what is remembered for the next start.

Mutants that these tests were seen to catch: the oldest first; a mark without rows, or without the file's time; what was
found before a stop forgotten; an unreadable file remembered; a session without a row taken for one without messages.
"""

from __future__ import annotations

import os
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store import Cancel, Drift, Home, Interrupted, ProfilesBrowser, SessionDB
from store.models import SurveyStep
from tests.builders import META, aged, db, home, jsonl, say, store, talk
from tests.store.sqlite_files import run


def opened(folder: Path, cache: Path | None) -> closing[SessionDB]:
    """The store as a browser opens it."""
    return closing(SessionDB(folder / "state.db", read_only=True, cache_dir=cache))


def surveyed(folder: Path, cache: Path | None = None) -> list[SurveyStep]:
    """Every step of a survey at a start of its own."""
    with opened(folder, cache) as database:
        return list(database.survey(cancel=Cancel()))


def flags(steps: list[SurveyStep]) -> dict[str, Drift | None]:
    """What was told in all steps."""
    return {name: drift for step in steps for name, drift in step.drifts.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with a session of each kind."""
    folder = home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "same", [say("user", "one", timestamp=1.7e9)])
        store(database, "ahead", [say("user", "one", timestamp=1.75e9)])
        store(database, "differs", [say("user", "this", timestamp=1.72e9)])
        database.create_session("bare", "cli")
        store(database, "stored", talk(2))
    jsonl(folder, "same", [say("user", "one", timestamp=1.7e9)])
    jsonl(folder, "ahead", [say("user", "one", timestamp=1.75e9), say("user", "two", timestamp=1.76e9)])
    jsonl(folder, "differs", [say("user", "that", timestamp=1.72e9)])
    jsonl(folder, "bare", [say("user", "alone")])
    path = jsonl(folder, "alone", [{**META, "title": "A title"}, say("user", "alone", timestamp=1.6e9)])
    for place, name in enumerate(("bare", "alone")):
        os.utime(folder / "sessions" / f"{name}.jsonl", (1.5e9 - place, 1.5e9 - place))
    assert path.exists()
    return folder


FLAGS = {
    "same": None,
    "ahead": Drift.JSONL_AHEAD,
    "differs": Drift.DIVERGED,
    "bare": Drift.JSONL_AHEAD,
    "alone": Drift.JSONL_ONLY,
}


def test_every_session_with_a_file_is_compared_the_newest_first(folder: Path) -> None:
    steps = surveyed(folder)

    assert [name for step in steps for name in step.drifts] == ["ahead", "differs", "same", "bare", "alone"]
    assert flags(steps) == FLAGS
    assert [(step.done, step.total) for step in steps] == [(number, 5) for number in range(6)]


@pytest.mark.slow
def test_a_start_later_nothing_is_read_but_what_changed(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    surveyed(folder, cache)
    [again] = surveyed(folder, cache)
    assert again.drifts == {name: drift for name, drift in FLAGS.items() if drift}
    assert (again.done, again.total) == (5, 5)
    assert again.facts["ahead"].messages == 2

    with closing(db(folder)) as database:
        database.append_message("same", "user", "more")
    jsonl(folder, "differs", [say("user", "this", timestamp=1.72e9)])
    first, *compared = surveyed(folder, cache)
    assert (first.done, [one for step in compared for one in step.drifts]) == (3, ["same", "differs"])
    assert flags(compared) == {"same": None, "differs": None}
    assert len(surveyed(folder, cache)) == 1


@pytest.mark.parametrize("change", ["time", "size", "inode", "rows", "same size and time", "undone", "compacted"])
def test_each_sign_of_a_change_counts(folder: Path, tmp_path: Path, change: str) -> None:
    surveyed(folder, tmp_path / "cache")
    path = folder / "sessions" / "same.jsonl"
    if change == "time":
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    elif change == "size":
        before = path.stat()
        path.write_bytes(path.read_bytes() + b"\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "inode":
        before, copy = path.stat(), path.with_suffix(".new")
        copy.write_bytes(path.read_bytes())
        os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
        copy.replace(path)
    elif change == "same size and time":
        before = path.stat()
        path.write_bytes(path.read_bytes().replace(b"one", b"two"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat()[:7] == before[:7]
    elif change == "rows":
        with closing(db(folder)) as database:
            database.append_message("same", "user", "one")
    else:
        columns = "active = 0, compacted = 1" if change == "compacted" else "active = 0"
        run(folder / "state.db", f"UPDATE messages SET {columns} WHERE session_id = 'same'")

    steps = surveyed(folder, tmp_path / "cache")
    assert len(steps) == 2
    if change == "same size and time":
        assert flags(steps)["same"] is Drift.DIVERGED


@pytest.mark.slow
def test_from_undone_to_compacted_is_a_change(folder: Path, tmp_path: Path) -> None:
    """Mutant: a mark without the compacted rows."""
    run(folder / "state.db", "UPDATE messages SET active = 0 WHERE session_id = 'same'")
    surveyed(folder, tmp_path / "cache")
    run(folder / "state.db", "UPDATE messages SET compacted = 1 WHERE session_id = 'same'")
    assert len(surveyed(folder, tmp_path / "cache")) == 2


@pytest.mark.slow
def test_a_verdict_that_was_wrong_is_replaced_when_the_session_is_looked_at(folder: Path, tmp_path: Path) -> None:
    """Rows can be edited without a trace. Mutants: nothing remembered; the old flag left beside the new one."""
    surveyed(folder, tmp_path / "cache")
    run(folder / "state.db", "UPDATE messages SET content = 'eno' WHERE session_id = 'same'")
    run(folder / "state.db", "UPDATE messages SET content = 'that' WHERE session_id = 'differs'")
    assert flags(surveyed(folder, tmp_path / "cache"))["differs"] is Drift.DIVERGED

    with opened(folder, tmp_path / "cache") as database:
        found = flags(list(database.verify(["same", "differs"], cancel=Cancel())))
        assert database.glance().drifts["differs"] is None
    assert found == {"same": Drift.DIVERGED, "differs": None}
    [again] = surveyed(folder, tmp_path / "cache")
    assert again.drifts == {name: FLAGS[name] for name in ("ahead", "bare", "alone")} | {"same": Drift.DIVERGED}


def test_row_counts_of_every_era_are_those_of_a_plain_count(each_home: Path) -> None:
    """The oracle counts all rows of each session; the detour for inactive rows makes no difference."""
    path = each_home / ".hermes" / "state.db"
    columns = {str(name) for (name,) in run(path, "SELECT name FROM pragma_table_info('messages')")}
    active = "sum(active IS NOT 0)" if "active" in columns else "count(*)"
    compacted = "sum(active IS 0 AND compacted IS 1)" if {"active", "compacted"} <= columns else "0"
    plain = f"SELECT session_id, count(*), max(id), {active}, {compacted} FROM messages GROUP BY session_id"
    expected = {key: counts for key, *counts in run(path, plain)}
    with closing(SessionDB(path, read_only=True)) as database:
        for ids in (list(expected), list(expected)[:2]):
            found = database.store.engine.sessions.row_counts([str(key) for key in ids])
            assert {key: list(found[str(key)])[:4] for key in ids} == {key: expected[key] for key in ids}


@pytest.mark.slow
def test_a_file_that_is_being_written_is_not_remembered(folder: Path, tmp_path: Path) -> None:
    """Mutant: remembered, so that a minute later the line that was cut off is still no damage."""
    path = jsonl(folder, "same", [say("user", "one", timestamp=1.7e9)], tail=b'{"role": "us')
    with opened(folder, tmp_path / "cache") as database:
        assert flags(list(database.survey(cancel=Cancel())))["same"] is None
    assert flags(surveyed(folder, tmp_path / "cache")[1:]) == {"same": None}

    aged(path)
    assert flags(surveyed(folder, tmp_path / "cache"))["same"] is Drift.DAMAGED


@pytest.mark.slow
def test_a_session_that_gets_a_row_is_compared_again(folder: Path, tmp_path: Path) -> None:
    surveyed(folder, tmp_path / "cache")
    with closing(db(folder)) as database:
        database.create_session("alone", "cli")

    assert flags(surveyed(folder, tmp_path / "cache")[1:]) == {"alone": Drift.JSONL_AHEAD}


@pytest.mark.slow
def test_a_stopped_survey_keeps_what_it_found(folder: Path, tmp_path: Path) -> None:
    cancel = Cancel()
    with opened(folder, tmp_path / "cache") as database:
        steps = database.survey(cancel=cancel)
        assert [next(steps).done for _ in range(3)] == [0, 1, 2]
        cancel.cancel()
        with pytest.raises(Interrupted):
            next(steps)

    assert surveyed(folder, tmp_path / "cache")[0].done == 2


@pytest.mark.slow
def test_sessions_that_only_a_file_knows_are_listed_without_reading_them_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyed(folder, tmp_path / "cache")
    with opened(folder, None) as database:
        expected = database.file_sessions()

    def refuse(_: Path) -> Iterator[object]:
        raise AssertionError("a file was read")

    with opened(folder, tmp_path / "cache") as database:
        with monkeypatch.context() as patch:
            patch.setattr("store.files.jsonl_reader.read_records", refuse)
            assert database.file_sessions() == expected
            assert database.glance().drifts == FLAGS
        assert database.outlines(["alone"])["alone"].first_words == "alone"
    assert [session.title for session in expected] == ["A title"]


def test_a_first_look_has_flags_by_counts(folder: Path) -> None:
    with opened(folder, None) as database:
        look = database.glance()

    assert look.drifts == {**FLAGS, "differs": None}
    assert {session.id for session in look.sessions} == {*FLAGS, "stored"}


@pytest.mark.slow
def test_a_search_knows_what_a_survey_found(folder: Path) -> None:
    """By counts alone nothing would speak for a message that only the file has.

    Mutant: the quick flag in the search.
    """
    with opened(folder, None) as database:
        assert [hit.session_id for batch in database.search("that") for hit in batch.hits] == []
        for _ in database.survey(cancel=Cancel()):
            pass
        assert [hit.session_id for batch in database.search("that") for hit in batch.hits] == ["differs"]
        assert [hit.session_id for batch in database.search("this is:flagged") for hit in batch.hits] == ["differs"]
        assert [hit.session_id for batch in database.search("one is:flagged") for hit in batch.hits] == ["ahead"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"hermes-tui verdicts 0\nsame\n",
        b"hermes-tui verdicts 4\n\n'alone' 1\tnonsense {\n",
        b"hermes-tui verdicts 1\n'same' 1 2 3 4 5\n",
        b"\n" * 9,
    ],
)
def test_a_cache_that_is_not_ours_is_passed_over(folder: Path, tmp_path: Path, content: bytes) -> None:
    surveyed(folder, tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    path.write_bytes(content)

    assert flags(surveyed(folder, tmp_path / "cache")) == FLAGS
    assert len(surveyed(folder, tmp_path / "cache")) == 1


def test_a_line_that_says_nonsense_of_a_session_is_no_verdict(folder: Path, tmp_path: Path) -> None:
    surveyed(folder, tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    path.write_text(path.read_text().replace('"jsonl_only", 0', '"jsonl_only", {}'))

    with opened(folder, tmp_path / "cache") as database:
        assert [session.title for session in database.file_sessions()] == ["A title"]
        assert next(database.survey(cancel=Cancel())).drifts.keys() == {"ahead", "differs", "bare"}


@pytest.mark.slow
def test_the_cache_is_the_users_alone_and_outside_the_home(folder: Path, tmp_path: Path) -> None:
    surveyed(folder, tmp_path / "cache" / "hermes-tui")
    [path] = (tmp_path / "cache" / "hermes-tui").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"two" not in path.read_bytes()

    before = sorted(folder.rglob("*"))
    surveyed(folder, folder / "cache")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.slow
def test_a_cache_that_cannot_be_made_is_done_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "deep")

    for cache in (tmp_path / "file", tmp_path / "file" / "deeper", Path("/proc/nothing")):
        assert flags(surveyed(folder, cache)) == FLAGS
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_cannot_be_read_is_flagged_and_tried_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: object, flags: int, *more: object, **named: object) -> int:
        if str(path).endswith("same.jsonl"):
            raise PermissionError(13, "no")
        return real(path, flags, *more, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        told = surveyed(folder, tmp_path / "cache")
    assert flags(told) == {**FLAGS, "same": Drift.DAMAGED}
    assert [step.facts["same"].problem != "" for step in told if "same" in step.facts] == [True]
    assert flags(surveyed(folder, tmp_path / "cache")[1:]) == {"same": None}


def test_a_store_that_cannot_be_read_leaves_the_files(tmp_path: Path) -> None:
    folder = home(tmp_path)
    (folder / "state.db").write_bytes(b"no database at all" * 100)
    jsonl(folder, "one", talk(2))

    assert flags(surveyed(folder, tmp_path / "cache")) == {}
    (folder / "state.db").unlink()
    assert flags(surveyed(folder, tmp_path / "cache")) == {"one": Drift.JSONL_ONLY}


@pytest.mark.slow
def test_profiles_are_surveyed_as_one(folder: Path, tmp_path: Path) -> None:
    other = folder / "profiles" / "work"
    (other / "sessions").mkdir(parents=True)
    with closing(SessionDB(other / "state.db")) as database:
        store(database, "same", talk(1))
    jsonl(other, "same", talk(2))
    homes = Home(folder).profiles()

    for steps in (7, 2):
        with closing(ProfilesBrowser(homes, cache_dir=tmp_path / "cache")) as every:
            told = list(every.survey(cancel=Cancel()))
            assert every.glance().drifts["work/same"] is Drift.JSONL_AHEAD
        assert flags(told).items() >= {"ahead": Drift.JSONL_AHEAD, "work/same": Drift.JSONL_AHEAD}.items()
        assert (told[-1].done, told[-1].total) == (6, 6)
        assert len(told) == (8 if steps == 7 else 2)


@pytest.mark.slow
def test_memory_follows_the_largest_session_not_their_number(tmp_path: Path) -> None:
    def peak(sessions: int) -> int:
        folder = home(tmp_path, f"home{sessions}")
        with closing(db(folder)) as database:
            store(database, "other", talk(1))
        for number in range(sessions):
            jsonl(folder, f"s{number}", [say("user", "x" * 2_000)] * 20)
        with opened(folder, None) as database:
            tracemalloc.start()
            for _ in database.survey(cancel=Cancel()):
                pass
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return used

    peak(5)
    assert peak(150) - peak(10) < 140 * 4_000  # a file has 40 kB
