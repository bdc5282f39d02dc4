"""search_messages: never an error, one critical section for the hits and one for each context
(docs/format.md §6, §9.1).

Each guard was seen to fail with its mutant:
- the contexts asked for inside the section of the hits: test_n_hits_take_one_and_n_critical_sections_none_nested
- neighbours by id±1: test_the_context_is_the_message_before_and_after_in_the_session
- the index asked though it is stale; its damage raised: test_a_missing_index_is_gone_round
- `findable` as `active`: test_what_was_taken_back_is_not_found_and_what_was_compacted_is
- the way round by LIKE left out: test_a_missing_index_is_gone_round
- LIKE without its escapes: test_short_words_of_scripts_without_spaces_are_found
- the damage raised, or hits read in one part beside it: test_a_damaged_page_hides_only_its_own_hits_and_they_say_so
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import SessionDB
from store.sqlite.connect.reader import Reader
from tests.any_text import CHARACTERS
from tests.builders import sqlite_of, talk
from tests.store.sqlite_files import leaves, run, smash


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SessionDB]:
    """A fresh store with sessions from three sources."""
    database = SessionDB(tmp_path / "state.db")
    for session_id, source in (("c", "cli"), ("t", "telegram"), ("a", "acp")):
        database.create_session(session_id, source, "opus")
    yield database
    database.close()


def change(db: SessionDB, sql: str) -> None:
    connection = apsw.Connection(str(db.path))
    connection.execute(sql)
    connection.close()


def ids(found: list[dict[str, Any]]) -> list[Any]:
    return [hit["id"] for hit in found]


@pytest.mark.slow
def test_a_hit_has_what_agents_read(db: SessionDB) -> None:
    db.append_message("c", "tool", "the docker daemon", tool_name="terminal", timestamp=1_780_000_000)
    [hit] = db.search_messages("docker")
    row = db.get_session("c")
    assert row is not None
    assert hit == {
        "id": 1,
        "session_id": "c",
        "role": "tool",
        "snippet": hit["snippet"],
        "timestamp": 1_780_000_000,
        "tool_name": "terminal",
        "source": "cli",
        "model": "opus",
        "session_started": row["started_at"],
        "context": [{"role": "tool", "content": "the docker daemon"}],
    }
    assert "the >>>docker<<< daemon" in str(hit["snippet"])


@pytest.mark.parametrize("nothing", ["", "   ", "\n", "***", '""', "AND", "()", "\x00"])
def test_no_words_find_nothing(db: SessionDB, nothing: str) -> None:
    db.append_message("c", "user", "and")
    assert db.search_messages(nothing) == []


@pytest.mark.slow
def test_all_sources_are_searched_but_those_filtered_out(db: SessionDB) -> None:
    for session_id in "cta":
        db.append_message(session_id, "user", "needle")
    assert len(db.search_messages("needle")) == 3
    assert ids(db.search_messages("needle", source_filter=["cli", "acp"])) == [1, 3]
    assert db.search_messages("needle", source_filter=[]) == []
    assert ids(db.search_messages("needle", exclude_sources=["cli"])) == [2, 3]


@pytest.mark.slow
def test_roles_limit_and_offset_narrow_the_hits(db: SessionDB) -> None:
    db.append_messages("c", talk(6, word="needle"))
    assert ids(db.search_messages("needle", role_filter=["assistant"])) == [2, 4, 6]
    assert len(db.search_messages("needle", role_filter=[])) == 6
    assert len(db.search_messages("needle", limit=2)) == 2
    assert ids(db.search_messages("needle", limit=2, offset=5)) == ids(db.search_messages("needle"))[5:]


@pytest.mark.slow
def test_hits_are_ranked_or_sorted_by_time(db: SessionDB) -> None:
    db.append_message("c", "user", "needle " + "hay " * 50, timestamp=1_780_000_300)
    db.append_message("c", "user", "needle needle needle", timestamp=1_780_000_100)
    db.append_message("c", "user", "needle " + "hay " * 90, timestamp=1_780_000_200)
    assert ids(db.search_messages("needle")) == [2, 1, 3]
    assert ids(db.search_messages("needle", sort="newest")) == [1, 3, 2]
    assert ids(db.search_messages("needle", sort="oldest")) == [2, 3, 1]
    assert ids(db.search_messages("needle", sort="prettiest")) == [2, 1, 3]


def test_a_hyphenated_term_is_a_phrase(db: SessionDB) -> None:
    db.append_message("c", "user", "run chat-send now")
    db.append_message("c", "user", "send the chat")
    assert ids(db.search_messages("chat-send")) == [1]
    assert ids(db.search_messages('"the chat"')) == [2]
    assert ids(db.search_messages("send NOT run")) == [2]
    assert sorted(ids(db.search_messages("ru* OR the"))) == [1, 2]


@pytest.mark.parametrize("words", ['docker"', "(docker", "docker*", "+docker^", "{docker}", "docker AND", "OR docker"])
def test_words_with_odd_characters_still_hit(db: SessionDB, words: str) -> None:
    db.append_message("c", "user", "docker")
    assert ids(db.search_messages(words)) == [1]


ODD = [*"\"()*{}+^:-/@,;'#&|=<>\\\x00\ud800", "AND", "OR", "NOT", "NEAR(", "docker", "部署", "a.b", " "]


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(st.sampled_from(ODD), max_size=12).map("".join), st.text(CHARACTERS, max_size=40)))
def test_no_words_raise(db: SessionDB, words: str) -> None:
    db.create_session("c", "cli")
    if not db.message_count():
        db.append_messages("c", talk(3, word="docker 部署"))
    assert isinstance(db.search_messages(words, role_filter=["user", "\ud800"]), list)


@pytest.mark.slow
def test_what_was_taken_back_is_not_found_and_what_was_compacted_is(db: SessionDB) -> None:
    db.append_messages("c", talk(3, word="needle"))
    change(db, "UPDATE messages SET active = 0 WHERE id < 3; UPDATE messages SET compacted = 1 WHERE id = 1")
    assert ids(db.search_messages("needle")) == [1, 3]
    assert ids(db.search_messages("needle", include_inactive=True)) == [1, 2, 3]


@pytest.mark.slow
def test_the_context_is_the_message_before_and_after_in_the_session(db: SessionDB) -> None:
    """Ids of two sessions alternate, and the clock steps back in between (docs/format.md §3.5)."""
    for number in range(4):
        timestamp = 1_780_000_000 - 100 * number
        db.append_message("c", "user", f"mine {number} " + "x" * 300, timestamp=timestamp)
        db.append_message("t", "user", f"other {number}", timestamp=timestamp)
    [hit] = db.search_messages('"mine 1"')
    context: Any = hit["context"]
    assert [line["content"][:6] for line in context] == ["mine 0", "mine 1", "mine 2"]
    assert {len(line["content"]) for line in context} == {200}
    [edge] = db.search_messages('"other 3"')
    assert [line["content"] for line in edge["context"]] == ["other 2", "other 3"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_context_of_parts_is_their_text_and_a_missing_one_is_empty(db: SessionDB) -> None:
    db.append_message("c", "assistant", None, tool_calls=[{"name": "x"}])
    db.append_message("c", "user", "needle")
    db.append_message("c", "user", [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": "https://x"}])
    [hit] = db.search_messages("needle")
    assert [line["content"] for line in hit["context"]] == ["", "needle", "look\n[image: https://x]"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_short_words_of_scripts_without_spaces_are_found(db: SessionDB) -> None:
    """Two characters go round the trigram index, three go through it; every word has to be there."""
    for text in ("我们的部署失败了", "大别山项目计划", "部署 大别山项目", "100%部署", "100号部门"):
        db.append_message("c", "user", text)
    assert ids(db.search_messages("部署")) == [4, 3, 1]
    assert ids(db.search_messages("大别山项目", sort="newest")) == [3, 2]
    assert ids(db.search_messages("部署 大别")) == [3]
    assert ids(db.search_messages("失败 OR 计划")) == [2, 1]
    assert ids(db.search_messages("0%部")) == [4]
    assert ids(db.search_messages("部署 NOT 失败")) == [4, 3]
    assert sorted(ids(db.search_messages("大别山项目", role_filter=["user", "tool"]))) == [2, 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER messages_fts_insert",
        "DROP TABLE messages_fts",
        "INSERT INTO state_meta VALUES ('fts_stale', '1')",
        "UPDATE messages_fts_data SET block = x'ffffffffff' WHERE id > 10",
    ],
)
def test_a_missing_index_is_gone_round(db: SessionDB, damage: str) -> None:
    """Stale or damaged ones, too; newest first, every word has to be there."""
    db.append_messages("c", talk(3, word="docker needle"))
    db.append_message("c", "user", "docker alone")
    db.close()
    change(db, damage)
    again = SessionDB(db.path, read_only=True)
    assert ids(again.search_messages("needle docker")) == [3, 2, 1]
    assert ids(again.search_messages("need*")) == [3, 2, 1]
    assert len(again.search_messages("needle", limit=1)[0]["context"]) == 3  # type: ignore[arg-type]
    again.close()


def test_a_file_without_tables_is_empty(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    db = SessionDB(tmp_path / "state.db", read_only=True)
    assert (db.search_messages("x"), db.list_sessions_rich(), db.get_messages("s"), db.session_count()) == (
        [],
        [],
        [],
        0,
    )
    assert (db.get_session("s"), db.resolve_session_id("s"), db.export_all(), db.get_next_title_in_lineage("x")) == (
        None,
        None,
        [],
        "x",
    )
    db.close()


class Recorder:
    """Stands in the one gate that every read of a Reader goes through, and notes who holds it when."""

    def __init__(self, between: Callable[[], None]) -> None:
        self.acquired = 0
        self.deepest = 0
        self._depth = 0
        self._between = between
        self._gate: Any = Reader._lend

    @contextmanager
    def lend(self, reader: Reader, cancel: object, borrower: FrameType) -> Iterator[object]:
        self.acquired += 1
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        try:
            with self._gate(reader, cancel, borrower) as opened:
                yield opened
        finally:
            self._depth -= 1
        self._between()


@pytest.mark.slow
def test_n_hits_take_one_and_n_critical_sections_none_nested(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise of PR #3249; a writing thread gets its append committed between two of them, each time."""
    db.append_messages("c", talk(7, word="needle"))
    turn, written = threading.Semaphore(0), threading.Semaphore(0)

    def write() -> None:
        while turn.acquire(timeout=60):
            db.append_message("t", "user", "an append in between")
            written.release()

    def let_in() -> None:
        turn.release()
        assert written.acquire(timeout=60)

    recorder = Recorder(let_in)
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with monkeypatch.context() as patched:
        gate = recorder.lend
        reader = sqlite_of(db).reader
        patched.setattr(
            reader, "_lend", lambda *given: gate(reader, *given) if on_main() else recorder._gate(reader, *given)
        )
        hits = db.search_messages("needle")
    assert len(hits) == 7
    assert (recorder.acquired, recorder.deepest) == (1 + 7, 1)
    assert db.message_count("t") == 1 + 7


def on_main() -> bool:
    """The writing thread reads too, for its own purposes."""
    return threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize(
    ("index", "sort"), [(True, None), (True, "newest"), (True, "oldest"), (False, None), (False, "newest")]
)
def test_a_damaged_page_hides_only_its_own_hits_and_they_say_so(db: SessionDB, index: bool, sort: str | None) -> None:
    db.append_messages("c", [{"role": "user", "content": f"heron {number} " + "x" * 600} for number in range(40)])
    path = db.path
    db.close()
    if not index:
        run(path, "DROP TABLE messages_fts")
    pages = leaves(path, "messages")
    smash(path, pages[len(pages) // 2])

    hurt = SessionDB(path, read_only=True)
    hits = hurt.search_messages("heron", limit=100, sort=sort)
    first = hurt.search_messages("heron", limit=3, sort=sort)
    hurt.close()

    lost = [hit for hit in hits if hit["role"] == "error"]
    assert sorted(ids(hits)) == list(range(1, 41))
    assert 0 < len(lost) < 10
    assert all(str(hit["snippet"]).startswith("This message cannot be read: ") for hit in lost)
    assert all(hit["context"] for hit in hits if hit["role"] == "user")
    assert ids(first) == ids(hits)[:3]
    assert sort is None or ids(hits) == sorted(ids(hits), reverse=sort == "newest")
