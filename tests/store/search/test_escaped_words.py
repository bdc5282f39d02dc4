r"""Words behind escapes in tool calls, against an oracle that decodes them with `json` and parts words by a pattern.

Mutants that these tests were seen to catch: the rows that the plain expression lacks left out of the statement; of
`mistaken` no patterns; no `"w n"` between the words of a phrase; `_TWICE` used for no arguments; calls of a file
searched as they are stored; a count without the rows in doubt.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from store import Origin, SessionDB
from store.query.ast import Query
from store.query.matcher import accepts
from store.sqlite.connect import reader
from tests.store.fts_layouts import LAYOUTS, turn_into
from tests.store.search.test_random import Question, Row, Want
from tests.store.sqlite_files import make, run

WORDS = "inch able table quinces nothing othing timeout or for nor n t he the low flow ext next rust f"
VOCABULARY = WORDS.split()
GAPS = [" ", " ", "\n", "\t", "\n\n", "\n  ", "\t\t", "\r\n", "\f", "\b", "\\", "/", '"', " \\ ", "\n\\n "]
MESSAGES, QUERIES = 50, 90
EVERYTHING = 10_000


def written(chance: random.Random) -> str:
    """Text as a tool may write it into a file."""
    return "".join(chance.choice(VOCABULARY) + chance.choice(GAPS) for _ in range(chance.randint(1, 8)))


def call(chance: random.Random) -> tuple[object, str]:
    """A tool call as it is stored, and all that it says."""
    value = {"path": chance.choice(["inch.md", "src"]), "content": written(chance)}
    said = json.dumps(value)
    parts = f"path {value['path']} content {value['content']}"
    shape = chance.randrange(4)
    if shape == 0:
        arguments: object = value
    elif shape == 1:
        arguments, parts = written(chance), ""
        if str(arguments).lstrip()[:1] in ('"', "\\"):
            arguments = f"x {arguments}"
        parts = str(arguments)
    elif shape == 2:
        arguments = said + " zzz}"  # broken, and still to be read
        parts += " zzz"
    else:
        arguments = said
    stored = {"id": "call_1", "function": {"name": "write_file", "arguments": arguments}}
    return stored, f"id call_1 function name write_file arguments {parts}"


def talk(chance: random.Random) -> Iterator[tuple[str, str | None, str]]:
    """Contents, cells of calls, and what each message says."""
    for _ in range(MESSAGES):
        content = written(chance) if chance.random() < 0.3 else "plain"
        if chance.random() < 0.2:
            yield content, None, content
            continue
        calls = [call(chance) for _ in range(chance.randint(1, 2))]
        cell = json.dumps([stored for stored, _ in calls])
        if chance.random() < 0.1:
            cell = json.dumps(cell)
        yield content, cell, " ".join([content, *(said for _, said in calls)])


def fill(folder: Path, layout: str, chance: random.Random) -> list[Row]:
    """A store of a layout, and a file of a session that only it knows; what each message says, newest first."""
    path, rows = make(folder), []
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute("INSERT OR IGNORE INTO sessions (id, source, started_at) VALUES ('s1', 'cli', 1.7e9)")
        for number, (content, cell, said) in enumerate(talk(chance), 1):
            connection.execute(
                "INSERT INTO messages (session_id, role, content, tool_calls, timestamp)"
                " VALUES ('s1', 'assistant', ?, ?, 1.7e9)",
                (content, cell),
            )
            rows.append(Row(number, said, "assistant", "cli", "", 1.7e9))
    connection.close()
    turn_into(path, layout)
    return rows[::-1]


def question(chance: random.Random) -> Question:
    """A random question of the vocabulary."""

    def want() -> Want:
        words = tuple(chance.choice(VOCABULARY) for _ in range(chance.choice([1, 1, 2, 2, 3])))
        if len(words) == 1 and chance.random() < 0.3:
            return Want((words[0][: chance.randint(1, 3)],), prefix=True)
        return Want(words, prefix=chance.random() < 0.2)

    any_of = tuple(tuple(want() for _ in range(chance.choice([1, 1, 2]))) for _ in range(chance.choice([1, 1, 2])))
    none_of = tuple(want() for _ in range(chance.choice([0, 0, 1, 2])))
    return Question(any_of, none_of, "", "", "", 0)


@pytest.mark.slow
@pytest.mark.parametrize("layout", [*LAYOUTS, "scan"])
def test_a_hit_is_what_the_decoded_text_has(tmp_path: Path, layout: str) -> None:
    chance = random.Random(f"escapes {layout}")
    rows = fill(tmp_path, layout, chance)
    if layout == "scan":
        run(tmp_path / "state.db", "DROP TABLE messages_fts")
    database = SessionDB(tmp_path / "state.db", read_only=True)
    found = 0
    for number in range(QUERIES):
        asked = question(chance)
        typed, expected = asked.typed(), {row.id for row in rows if asked.admits(row)}
        hits = [hit for batch in database.search(typed, limit=EVERYTHING) for hit in batch.hits]
        assert [hit.message_id for hit in hits] == sorted(expected, reverse=True), typed
        if number % 3 == 0:
            assert database.count(typed).hits == len(expected), typed
            assert {hit.message_id for hit in database.rank(typed, limit=EVERYTHING).hits} == expected, typed
        found += bool(expected)
    assert found > QUERIES // 3
    database.close()


def test_a_file_alone_is_searched_as_its_calls_say(tmp_path: Path) -> None:
    make(tmp_path)
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    arguments = json.dumps({"path": "orchard.md", "content": "Where we sleep\nquinces\t\tand othing\nothing"})
    message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "w", "arguments": arguments}}]}
    (sessions / "20260101_000000_abcdef.jsonl").write_text(json.dumps(message) + "\n")
    database = SessionDB(tmp_path / "state.db", read_only=True)

    def places(typed: str) -> list[str]:
        batches = database.search(typed, limit=9)
        return [hit.text[slice(*hit.spans[0])] for batch in batches for hit in batch.hits if hit.origin is Origin.JSONL]

    assert places("quinces") == ["quinces"]
    assert places('"sleep quinces and"') == ["sleep\nquinces\t\tand"]
    assert places("nquinces") == places("nothing") == places("sleep -quinces") == []
    assert places("sleep -nothing") == ["sleep"]
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "typed", ["docker", "time", "docker time", '"the docker"', "docker -quinces", "dock*", "flat*"]
)
def test_words_behind_escapes_cost_no_statement(tmp_path: Path, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hits of plain text are one read of ids and one of bodies, as if there were no calls.

    Mutants that it was seen to catch: every row verified.
    """
    path = make(tmp_path, *(f"the docker time of flats {number}" for number in range(2_000)))
    run(path, """UPDATE messages SET tool_calls = '[{"arguments": "{\\"a\\": \\"b\\\\nflats\\"}"}]' WHERE id % 7 = 0""")
    database = SessionDB(path, read_only=True)
    list(database.search("warm", limit=1))
    reads: list[object] = []
    texts: list[str] = []
    whole, matched = reader.Reader.read, accepts

    def counted(self: reader.Reader, *args: object, **named: object) -> object:
        reads.append(args)
        return whole(self, *args, **named)  # type: ignore[arg-type]

    def compared(query: Query, text: str) -> bool:
        texts.append(text)
        return matched(query, text)

    monkeypatch.setattr(reader.Reader, "read", counted)
    monkeypatch.setattr("store.sqlite.search.newest_first.accepts", compared)
    batch = next(iter(database.search(typed, limit=EVERYTHING)))
    assert len(batch.hits) == 8
    assert len(reads) <= 4, len(reads)
    assert len(texts) <= 8
    database.close()
