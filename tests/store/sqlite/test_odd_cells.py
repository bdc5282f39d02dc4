"""Cells and lines that nobody should have written: no reader raises, no row is dropped (docs/format.md §2.1, §3, §5.3).

The files are made by apsw, with columns in any order and without a constraint, so that every column holds anything.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import Origin, SessionDB
from store.sqlite.connect import create
from tests.any_text import CHARACTERS
from tests.families import few
from tests.store.sqlite_files import run

IDS = ("s1", "s 2", "../up", "ⅷ日本", "a'b\"c", "x" * 300)
Cell = None | int | float | str | bytes | tuple[bytes]
"""A tuple holds bytes that are stored as TEXT, whatever they are."""

SPECIAL = (
    "",
    " \n\t",
    "\x00json:",
    '\x00json:[1, null, {"type": "text"}, {"type": "image_url", "image_url": 5}]',
    '\x00json:{"_multimodal": true, "content": [3]}',
    "\x00json:" + "[" * 300 + "]" * 300,
    "a\x00b",
    "[{]",
    '[{"function": 5}, 7, {"id": 1, "function": {"name": null, "arguments": {"a": [1]}}}]',
    '"[{\\"name\\": \\"x\\", \\"arguments\\": 5}]"',
    '{"name": "x"}',
    "[" * 5000,
    '{"_branched_from": "s1"}',
    '{"_delegate_from": {"x": 1}}',
    "[NaN, 1e999]",
    "1e999",
    "NaN",
    "\\ud83d \\u00e9 \\u12",
    "docker " * 3000,
    "session_meta",
    "user",
    "assistant",
    "tool",
    "compression",
    "branched",
    sys.maxsize,
    -1.5,
    1.79e9,
    5e246,
    float("inf"),
    (b"\xff\xfe docker \xc3",),
    (b"\xed\xa0\x80",),
)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.sampled_from(SPECIAL),
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(CHARACTERS, max_size=20),
    st.binary(max_size=20),
    st.binary(max_size=20).map(lambda raw: (raw,)),
)
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def column_types(folder: Path) -> dict[str, dict[str, str]]:
    """The columns of a new store, with some that only later versions have."""
    path = folder / "model.db"
    create.create(path)
    connection = apsw.Connection(str(path))
    found = {
        table: {str(row[1]): str(row[2]) for row in connection.execute(f"PRAGMA table_info({table})")}
        for table in ("sessions", "messages")
    }
    connection.close()
    found["sessions"] |= {"hidden": "INTEGER", "system_prompt_hash": "TEXT", "pinned": "INTEGER"}
    found["messages"] |= {"display_kind": "TEXT", "display_identity": "BLOB", "display_order": "INTEGER"}
    return found


@contextmanager
def odd_store(seed: int, rows: list[dict[str, list[Cell]]], *, indexed: bool) -> Iterator[Path]:
    """A home whose columns stand in any order and hold what `rows` says; every second one has the usual indexes."""
    shuffle = random.Random(seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        types = column_types(folder)
        connection = apsw.Connection(str(folder / "state.db"))
        for table, columns in types.items():
            order = list(columns.items())
            shuffle.shuffle(order)
            keyed = {"id": " PRIMARY KEY"}
            connection.execute(
                f"CREATE TABLE {table} ({', '.join(f'{key} {kind}{keyed.get(key, str())}' for key, kind in order)})"
            )
        connection.execute("CREATE TABLE system_prompts (hash TEXT PRIMARY KEY, prompt TEXT)")
        if indexed:
            connection.execute("CREATE INDEX idx_sessions_started ON sessions(started_at DESC)")
            connection.execute("CREATE INDEX idx_sessions_parent ON sessions(parent_session_id)")
            connection.execute("CREATE INDEX idx_messages_session ON messages(session_id, timestamp)")
        for one in rows:
            for table, cells in one.items():
                put(connection, table, list(types[table]), cells)
        connection.close()
        yield folder / "state.db"


def put(connection: apsw.Connection, table: str, names: list[str], cells: list[Cell]) -> None:
    """One row: the first cell is its id, the others go round."""
    others = [name for name in names if name != "id"]
    filled = dict(zip(others, itertools.cycle(cells[1:]), strict=False))
    if table == "messages":
        filled["session_id"] = cells[1]
    values = {"id": cells[0], **filled}
    marks = ", ".join("CAST(? AS TEXT)" if isinstance(value, tuple) else "?" for value in values.values())
    bindings = [value[0] if isinstance(value, tuple) else value for value in values.values()]
    connection.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(values)}) VALUES ({marks})", bindings)


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, list[Cell]]]:
    """Sessions and messages: ids that hang together, every other cell anything."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True))
    found: list[dict[str, list[Cell]]] = [
        {"sessions": [one, *draw(st.lists(CELLS, min_size=3, max_size=12))]} for one in ids
    ]
    for number in range(draw(st.integers(0, 8))):
        body = draw(st.lists(CELLS, min_size=3, max_size=9))
        found.append({"messages": [number + 1, draw(st.sampled_from(IDS)), *body]})
    return found


@pytest.mark.slow
@SETTINGS
@given(st.integers(0, 1000), rows(), st.booleans())
def test_no_cell_raises_and_no_row_is_dropped(seed: int, filled: list[dict[str, list[Cell]]], indexed: bool) -> None:
    with odd_store(seed, filled, indexed=indexed) as path:
        sessions = {one["sessions"][0] for one in filled if "sessions" in one}
        messages = Counter(one["messages"][1] for one in filled if "messages" in one)
        db = SessionDB(path, read_only=True)
        page = db.sessions(limit=2)
        listed = list(page.items)
        while page.more:
            page = db.sessions(limit=2, cursor=page.cursor)
            listed += page.items
        assert sorted(row.id for row in listed) == sorted({str(one) for one in (*sessions, *messages)})
        assert {row.id for row in listed if row.orphan} == {str(one) for one in messages.keys() - sessions}
        assert db.scope().total == len(listed) == len(db.recent())
        assert db.outlines([row.id for row in listed]).keys() == {row.id for row in listed}
        for row in listed:
            read_all(db, row.id, messages[row.id])
        for words in ("docker", '"b c"', "日本語", "é", "role:user", "after:2020", "is:live", "has:reasoning", "-x"):
            assert list(db.search(words))[-1].done
        db.search_messages("docker")
        db.list_sessions_rich()
        db.export_all()
        db.search_sessions()
        assert len(list(db.checks())) == len(listed)
        db.close()


def test_an_id_that_is_no_text_is_listed_and_says_why_it_cannot_be_opened(tmp_path: Path) -> None:
    db = SessionDB(tmp_path / "state.db")
    bad = "CAST(x'ff41' AS TEXT)"
    run(db.path, f"INSERT INTO sessions (id, source, started_at) VALUES ({bad}, 'cli', 1.7e9)")
    run(db.path, f"INSERT INTO messages (session_id, role, content, timestamp) VALUES ({bad}, 'user', 'kumquat', 1)")
    [row] = [row for row in db.sessions().items if not row.orphan]
    assert row.problem.startswith("its id is no valid text")
    assert [hit.message_id for batch in db.search("kumquat") for hit in batch.hits] == [1]
    db.close()


def read_all(db: SessionDB, session_id: str, expected: int) -> None:
    """Everything that can be asked of one session."""
    heads = db.heads(session_id).items
    assert len(heads) == expected
    bodies = db.messages([head.id for head in heads])
    assert [body.id for body in bodies] == [head.id for head in heads]
    for head in heads:
        assert any(line.hit for line in db.context(session_id, head.id))
    assert session_id in db.chain(session_id)
    row = db.session(session_id)
    assert row is not None
    assert row.messages == expected
    assert row.origin is Origin.SQLITE
    db.drift(row, db.facts(session_id))
    db.get_session(session_id)
    assert len(db.get_messages(session_id, include_inactive=True)) == expected
    db.get_messages_as_conversation(session_id)
    db.load_transcript(session_id)
    db.get_session_title(session_id)
    db.get_next_title_in_lineage("docker")


LINES = st.one_of(
    st.binary(max_size=40),
    st.dictionaries(
        st.sampled_from(
            ("role", "content", "tool_calls", "timestamp", "tool_call_id", "name", "reasoning", "platform")
        ),
        st.recursive(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.text(CHARACTERS, max_size=20),
                st.sampled_from(SPECIAL).filter(lambda one: isinstance(one, str)),
            ),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"",
            b"{",
            b"null",
            b"[1]",
            b'"x"',
            b'{"a":1}{"b":2}',
            b"\xef\xbb\xbf{}",
            b'{"role": "user\\ud800"}',
            b"[" * 3000,
        ]
    ),
)


@pytest.mark.slow
@SETTINGS
@given(st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_no_line_raises_and_every_line_is_a_message_or_counted(lines: list[bytes], end: bytes, last: bool) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "sessions"
        folder.mkdir()
        raw = end.join(lines) + (end if last else b"")
        (folder / "s1.jsonl").write_bytes(raw)
        os.utime(folder / "s1.jsonl", (0, 0))  # the last line of a younger file may be being written
        db = SessionDB(Path(name) / "state.db")
        facts = db.facts("s1")
        assert facts is not None
        filled = [line for line in raw.split(b"\n") if line.decode("utf-8-sig", "replace").strip()]
        assert facts.messages + facts.meta_lines + facts.bad_lines == len(filled)
        assert len(db.file_messages("s1")) == facts.messages
        assert [row.id for row in db.file_sessions()] == ["s1"]
        assert db.outlines(["s1"]).keys() == {"s1"}
        db.check("s1")
        db.load_transcript("s1")
        for words in ("docker", "role:user", "after:2020", "has:reasoning"):
            assert list(db.search(words))[-1].done
        db.close()


@pytest.mark.parametrize("column", ["started_at", "ended_at", "source", "model_config", "parent_session_id"])
@pytest.mark.parametrize(
    "cell", few([None, b"\xff\xff\xff", "soon", float("inf"), -1, (b"\xff",)], None, b"\xff\xff\xff", "soon")
)
def test_a_session_is_listed_whatever_one_column_holds(column: str, cell: Cell) -> None:
    with odd_store(1, [{"sessions": ["s1", 1.7e9]}, {"sessions": ["s 2", 1.7e9]}], indexed=True) as path:
        connection = apsw.Connection(str(path))
        mark, value = ("CAST(? AS TEXT)", cell[0]) if isinstance(cell, tuple) else ("?", cell)
        connection.execute(f"UPDATE sessions SET {column} = {mark} WHERE id = 's1'", (value,))
        connection.close()
        db = SessionDB(path, read_only=True)
        first = db.sessions(limit=1)
        rest = db.sessions(limit=1, cursor=first.cursor)
        assert {row.id for row in (*first.items, *rest.items)} == {"s1", "s 2"}
        assert (first.more, rest.more) == (True, False)
        db.close()
