"""One stream of hits from SQLite and from files.

Mutants that these tests were seen to catch: JSONL messages that SQLite has too; `capped`
set by the last hit, or never; files read for a capped answer or a standing question; filters that files or `is:` pass
unasked; no look at the token while a file is read; oldest first inside a file; a cut always from the start, and spans
that are not moved with it; words of a tool call not shown; no bound on the files' size; labels lost; an unreadable
store taken for an empty one.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from store import Batch, Cancel, Fallback, FallbackKind, Hit, Interrupted, NotADatabase, Origin, SessionDB
from store.drift import verdict
from store.engine.ports import Engine
from store.query.parse import parse
from store.search import excerpt, stream
from store.search.session_states import row_counts
from store.sqlite.connect.read_open import OpenedFile
from store.sqlite.connect.reader import Reader
from store.sqlite.search import windows
from tests.builders import META, db, home, jsonl, say, sqlite_of, store, talk
from tests.store.sqlite_files import run


def hits(batches: Iterator[Batch]) -> list[Hit]:
    """All hits of a stream that ends as it must."""
    found = list(batches)
    assert [batch.done for batch in found] == [False] * (len(found) - 1) + [True]
    return [hit for batch in found for hit in batch.hits]


def last(batches: Iterator[Batch]) -> Batch:
    """The batch that ends a stream."""
    return list(batches)[-1]


def filled(tmp_path: Path, count: int) -> SessionDB:
    """A store with as many hits for “needle”."""
    database = db(home(tmp_path))
    store(database, "s", talk(count, word="needle"))
    return database


@pytest.mark.slow
def test_hits_come_windows_the_first_few_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "SOON", math.inf)
    database = filled(tmp_path, 250)
    batches = list(database.search("needle", limit=300))
    assert [len(batch.hits) for batch in batches] == [8, 100, 100, 42, 0]
    ids = [hit.message_id for batch in batches for hit in batch.hits]
    assert all(newer > older for newer, older in pairwise(ids))


def test_the_first_hits_are_read_with_their_ids_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: without `begin`, the locks are looked at three times for one batch."""
    database = filled(tmp_path, 20)
    looks: list[Reader] = []
    take = Reader._take_watched

    def taken(reader: Reader) -> OpenedFile:
        looks.append(reader)
        return take(reader)

    monkeypatch.setattr(Reader, "_take_watched", taken)
    assert len(next(iter(database.search("needle", limit=30))).hits) == 8
    assert len(looks) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("count", "capped"), [(29, False), (30, False), (31, True)])
def test_capped_says_that_there_is_more_than_was_asked_for(tmp_path: Path, count: int, capped: bool) -> None:
    database = filled(tmp_path, count)
    assert len(hits(database.search("needle", limit=30))) == min(count, 30)
    assert last(database.search("needle", limit=30)).capped is capped


@pytest.mark.slow
def test_a_capped_answer_reads_no_file_and_an_exact_one_does(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(3, word="needle"))
    jsonl(folder, "file", talk(2, word="needle"))
    assert last(database.search("needle", limit=3)).capped
    assert [hit.origin for hit in hits(database.search("needle", limit=4))] == [Origin.SQLITE] * 3 + [Origin.JSONL]
    assert last(database.search("needle", limit=4)).capped
    assert not last(database.search("needle", limit=5)).capped


def test_a_capped_answer_stays_capped_whatever_the_files_hold(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(3, word="needle"))
    jsonl(folder, "file", talk(2, word="hay"))
    assert last(database.search("needle", limit=2)).capped


def test_a_hit_says_where_it_is_from(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    database.create_session("s", "telegram", model="opus")
    database.set_session_title("s", "A title")
    [message_id] = database.append_messages("s", [say("user", "the needle in hay", timestamp=1_770_000_000.0)])
    assert hits(database.search("needle")) == [
        Hit(
            "s",
            message_id,
            "user",
            "the needle in hay",
            ((4, 10),),
            1_770_000_000.0,
            "telegram",
            "opus",
            "A title",
            Origin.SQLITE,
        )
    ]


def test_a_word_in_a_tool_call_is_shown_in_the_call(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    calls = [{"id": "c", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "needle -v"}'}}]
    store(database, "s", [say("assistant", "I look it up", tool_calls=calls)])
    [hit] = hits(database.search("needle"))
    assert hit.text == 'terminal {"command": "needle -v"}'
    assert [hit.text[start:end] for start, end in hit.spans] == ["needle"]


@pytest.mark.slow
def test_a_long_text_is_cut_round_its_first_match_and_the_spans_move_along(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    store(database, "s", [say("user", "hay " * 5_000 + "needle " + "hay " * 300 + "needle " + "hay " * 5_000)])
    [hit] = hits(database.search("needle"))
    assert len(hit.text) == excerpt.LONGEST
    assert [hit.text[start:end] for start, end in hit.spans] == ["needle", "needle"]
    assert hit.spans[0][0] == excerpt.LEAD


@pytest.mark.parametrize("place", [0, 100, 1_990, 4_000, 4_990])
def test_the_cut_holds_the_first_match_wherever_it_stands(place: int) -> None:
    text = "." * place + "needle" + "." * (5_000 - place)
    cut, spans = excerpt.cut(text, ((place, place + 6),))
    assert len(cut) == excerpt.LONGEST
    assert [cut[start:end] for start, end in spans] == ["needle"]


def test_a_span_longer_than_the_cut_ends_with_it() -> None:
    assert excerpt.cut("x" * 9_000, ((10, 9_000),))[1] == ((10, excerpt.LONGEST),)


@pytest.mark.slow
def test_sessions_that_only_a_file_knows_come_after_the_rows_newest_file_first(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "row", [say("user", "needle row")])
    for place, name in enumerate(("old", "new")):
        path = jsonl(folder, name, [META, say("user", f"needle first {name}"), say("assistant", f"needle then {name}")])
        os.utime(path, (place, place))
    found = hits(database.search("needle"))
    assert [hit.text for hit in found] == [
        "needle row",
        "needle then new",
        "needle first new",
        "needle then old",
        "needle first old",
    ]
    assert {(hit.source, hit.model) for hit in found[1:]} == {("telegram", "opus")}
    assert (found[1].origin, found[1].message_id) == (Origin.JSONL, 3)


@pytest.mark.slow
def test_of_a_file_that_has_more_only_what_sqlite_lacks_is_a_hit(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    history = [say("user", "needle ok"), say("assistant", "needle b"), say("user", "needle ok")]
    store(database, "s", history[1:])
    database.set_session_title("s", "Known")
    jsonl(folder, "s", history)
    found = hits(database.search("needle"))
    assert [(hit.text, hit.origin) for hit in found] == [
        ("needle ok", Origin.SQLITE),
        ("needle b", Origin.SQLITE),
        ("needle ok", Origin.JSONL),
    ]
    assert (found[-1].message_id, found[-1].title) == (1, "Known")


@pytest.mark.slow
def test_a_file_that_the_flag_does_not_suspect_is_not_searched(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(2, word="needle"))
    jsonl(folder, "s", talk(2, word="needle"))
    assert [hit.origin for hit in hits(database.search("needle"))] == [Origin.SQLITE] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("needle", {"row", "file"}),
        ("needle source:telegram", {"file"}),
        ("needle -source:telegram", {"row"}),
        ("needle model:opus", {"file"}),
        ("needle title:known", {"row"}),
        ("needle role:agent", {"file"}),
        ("needle tool:terminal", {"file"}),
        ("needle has:reasoning", {"file"}),
        ("needle after:2026-01-01", {"row"}),
        ("needle before:2026-01-01", {"file"}),
        ("needle is:flagged", {"file"}),
        ("needle -is:flagged", {"row"}),
        ("needle is:live", {"row"}),
        ("needle is:archived", set()),
        ("needle -hay", {"row"}),
        ("source:telegram", {"file"}),
        ("", set()),
    ],
)
def test_filters_hold_for_rows_and_for_files(tmp_path: Path, words: str, found: set[str]) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "row", [say("user", "needle", timestamp=time.time())])
    database.set_session_title("row", "Known")
    call = {"id": "c", "function": {"name": "terminal", "arguments": "{}"}}
    line = say("assistant", "needle in hay", tool_calls=[call], reasoning="so", timestamp="2025-12-20T07:00:00")
    jsonl(folder, "file", [META, line])
    assert {hit.session_id for hit in hits(database.search(words))} == found


@pytest.mark.slow
def test_a_standing_question_asks_only_for_newer_rows(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    ids = store(database, "s", talk(3, word="needle"))
    jsonl(folder, "file", talk(1, word="needle"))
    assert [hit.message_id for hit in hits(database.search("needle", after_id=ids[1]))] == [ids[2]]
    assert hits(database.search("needle", after_id=ids[2])) == []


@pytest.mark.slow
def test_undone_messages_are_no_hits(tmp_path: Path) -> None:
    database = db(home(tmp_path))
    ids = store(database, "s", talk(2, word="needle"))
    sqlite_of(database).writer.transaction(
        lambda connection: list(connection.execute("UPDATE messages SET active = 0 WHERE id = ?", (ids[1],)))
    )
    assert [hit.message_id for hit in hits(database.search("needle"))] == [ids[0]]


@pytest.mark.slow
def test_a_store_without_an_index_is_scanned_and_the_label_says_so(tmp_path: Path) -> None:
    database = filled(tmp_path, 3)
    sqlite_of(database).writer.transaction(lambda connection: list(connection.execute("DROP TABLE messages_fts")))
    database.close()
    database = db(tmp_path / ".hermes", read_only=True)
    batches = list(database.search("needle"))
    assert sum(len(batch.hits) for batch in batches) == 3
    assert batches[-1].fallbacks == (Fallback(FallbackKind.MISSING),)
    assert batches[-1].rows_scanned == 3


class Countdown(Cancel):
    """A question that is withdrawn at the hundredth look."""

    looks = 0

    @property
    def cancelled(self) -> bool:
        self.looks += 1
        return self.looks >= 100


@pytest.mark.slow
def test_a_withdrawn_question_ends_at_once_and_inside_a_file(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    jsonl(folder, "file", talk(1_000, word="needle"))
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Interrupted):
        next(database.search("needle", cancel=cancel))
    later = Countdown()
    with pytest.raises(Interrupted):
        list(database.search("needle", cancel=later))
    assert later.looks == 100


@pytest.mark.slow
def test_files_beyond_the_bound_are_left_out_and_the_label_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home(tmp_path)
    for place, name in enumerate(("old", "new")):
        path = jsonl(folder, name, talk(10, word="needle"))
        os.utime(path, (place, place))
    monkeypatch.setattr(stream, "FILE_BYTES", path.stat().st_size)
    batches = list(db(folder).search("needle"))
    assert {hit.session_id for batch in batches for hit in batch.hits} == {"new"}
    left_out = Fallback(FallbackKind.FILES_LEFT_OUT, files=1, n_bytes=stream.FILE_BYTES)
    assert batches[-1].fallbacks == (left_out,)


@pytest.mark.slow
def test_a_home_without_a_readable_state_db_is_searched_in_its_files_and_the_label_says_so(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder, read_only=True)
    assert [batch.hits for batch in database.search("needle")] == [()]
    jsonl(folder, "file", talk(1, word="needle"))
    batches = list(database.search("needle"))
    assert [hit.session_id for batch in batches for hit in batch.hits] == ["file"]
    assert batches[-1].fallbacks == (Fallback(FallbackKind.NO_STORE),)
    assert not batches[-1].partial
    (folder / "state.db").write_text("not a database " * 100)
    assert [hit.session_id for hit in hits(db(folder, read_only=True).search("needle"))] == ["file"]
    broken = list(db(folder, read_only=True).search("needle"))
    assert broken[-1].partial
    assert [fallback.kind for fallback in broken[-1].fallbacks] == [FallbackKind.STORE_UNREAD]
    assert "is not an SQLite database" in broken[-1].fallbacks[0].error
    with pytest.raises(NotADatabase):
        list(db(folder, read_only=True).search("needle", after_id=1))


@pytest.mark.slow
def test_each_step_is_a_critical_section_of_its_own(tmp_path: Path) -> None:
    """A writer commits between any two batches of a search that is under way."""
    database = filled(tmp_path, 130)
    count = 0
    for batch in database.search("needle", limit=300):
        database.append_message("s", "user", f"written during the search {count}")
        count += 1
        assert batch.done or batch.hits
    assert count >= 3


@pytest.mark.slow
def test_a_word_of_each_real_home_is_found_in_rows_and_in_files(each_home: Path) -> None:
    database = db(each_home / ".hermes", read_only=True)
    rows = hits(database.search("docker"))
    assert rows
    assert all("docker" in hit.text.lower() for hit in rows)
    files = hits(database.search('"legacy message 500"'))
    assert [(hit.origin, hit.text, hit.source) for hit in files] == [(Origin.JSONL, "legacy message 500", "telegram")]
    assert {hit.session_id for hit in hits(database.search("你好"))} >= {"20251220_070000_0f11e0e5"}
    database.close()


def test_a_query_is_taken_as_words_or_parsed(tmp_path: Path) -> None:
    database = filled(tmp_path, 2)
    assert hits(database.search(parse("needle", now=0.0))) == hits(database.search("needle"))


@pytest.mark.slow
def test_what_a_salvage_put_into_a_file_is_found_though_sqlite_has_more(tmp_path: Path) -> None:
    """A Hermes that could not write SQLite appends what it held (docs/format.md §5.5). Mutant: the quick flag alone.

    A copy that ends earlier than its session does is not read for it.
    """
    folder = home(tmp_path)
    one = db(folder)
    for session_id in ("salvaged", "untimed", "copied"):
        store(one, session_id, [say("user", f"stored {number}", timestamp=1.7e9 + number) for number in range(9)])
    run(one.path, "UPDATE sessions SET started_at = 1.7e9")
    late = {"timestamp": 1.7e9 + 3600}
    jsonl(folder, "salvaged", [say("user", "stored 8", **late), say("user", "a walrus that was kept", **late)])
    jsonl(folder, "untimed", [say("user", "a walrus without a time")])
    jsonl(folder, "copied", [say("user", f"stored {number}", timestamp=1.7e9 + number) for number in range(4)])
    found = {hit.session_id: hit.origin for batch in one.search("walrus") for hit in batch.hits}
    assert found == {"salvaged": Origin.JSONL, "untimed": Origin.JSONL}
    assert [hit.origin for batch in one.search('"stored 8"') for hit in batch.hits] == [Origin.SQLITE] * 3
    row = one.session("copied")
    assert row is not None
    assert not verdict.may_know_more(row, one.store.files, (9, 27, 9, 0))
    one.close()


def test_files_that_were_compared_are_looked_at_in_one_listing_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: `find` for each listed session; row counts for each page of a hundred files."""
    looks: list[object] = []
    counts: list[int] = []
    (tmp_path / "home" / "sessions").mkdir(parents=True)
    with closing(SessionDB(tmp_path / "home" / "state.db", cache_dir=tmp_path / "cache")) as database:
        for number in range(120):
            database.create_session(f"s{number}", "cli")
            (tmp_path / "home" / "sessions" / f"s{number}.jsonl").write_text("")
        assert list(database.survey(cancel=Cancel()))
        lstat = os.lstat

        def _looked(path: str, **how: Any) -> os.stat_result:
            looks.extend([path] * str(path).endswith(".jsonl"))  # others by the depth of the folder
            return lstat(path, **how)

        def _counted(engine: Engine, ids: Sequence[str]) -> Mapping[str, Sequence[object]]:
            counts.append(len(ids))
            return row_counts(engine, ids)

        monkeypatch.setattr(os, "lstat", _looked)
        monkeypatch.setattr(stream, "row_counts", _counted)
        assert hits(database.search("absent")) == []
    assert (len(looks) < 20, counts) == (True, [100, 20])
