"""Words, phrases and CJK on every layout: what a scan in Python finds, minus what the index leaves out, which is said.

The scan shares no code with the search: it parts words by Python's own idea of a letter.

Mutants that these guards were seen to catch:
- `fts_leaves_out` emptied: the labels of layouts A and C3
- `searched` giving the text back: test_words_beyond_ascii_are_found_inside_calls
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import apsw
import pytest

from store import Fallback, FallbackKind, IndexGap, Origin, SessionDB
from tests.families import few
from tests.homes.build import ERAS
from tests.homes.catalog import homes
from tests.store.fts_layouts import turn_into
from tests.store.sqlite_files import make, run

CJK = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
LETTERS = r"[^\W_]+"
EVERYTHING = 100_000

GAPS = {
    # what the index for words and the one for CJK leave out, by home
    "feb2026-v01": ({"calls"}, None),
    "mar2026-v04": ({"calls"}, None),
    "pr3249-v06": ({"calls"}, None),
    "apr2026-v10": ({"calls"}, {"calls"}),
    "jump-v10-to-v25": ({"calls"}, {"calls"}),
    "0.13.0": (set(), set()),
    "0.19.0": (set(), set()),
    "jul2026-v23": (set(), {"tool"}),
    "aug2026-v25": (set(), {"tool"}),
    "newest-v31-reconstructed": ({"long"}, {"tool", "calls", "internal"}),
    # and by layout, of homes that are made here
    "A": ({"calls"}, None),
    "A'": ({"calls"}, {"calls"}),
    "B": (set(), set()),
    "C1": (set(), {"tool"}),
    "C2": (set(), {"tool", "calls"}),
    "C3": ({"long"}, {"tool", "calls", "internal"}),
}
GAPS |= {name: GAPS[era.layout] for name, era in ERAS.items()}
MADE = ("A", "A'", "B", "C1", "C2", "C3")


@dataclass(frozen=True)
class Row:
    """One message as the file has it."""

    id: int
    role: str
    content: str
    calls: str
    internal: bool

    def text(self, gaps: set[str]) -> str:
        """What can be found in it where an index leaves out so much."""
        return _text(self, frozenset(gaps))


@lru_cache(maxsize=4096)
def _text(row: Row, gaps: frozenset[str]) -> str:
    """One string for each row and gaps: its hash is computed once, and `tokens` finds it again."""
    if ("tool" in gaps and row.role == "tool") or ("internal" in gaps and row.internal):
        return ""
    content = row.content[:8192] if "long" in gaps and row.role == "tool" else row.content
    return content if "calls" in gaps else f"{content} {row.calls}"


def rows(path: Path) -> list[Row]:
    """Every message that a search may find, decoded."""
    raw = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    names = {str(row[1]) for row in raw.execute("PRAGMA table_info(messages)")}
    live = (
        "(active IS NOT 0 OR compacted IS 1)"
        if "compacted" in names
        else "active IS NOT 0"
        if "active" in names
        else "1"
    )
    found = [
        Row(int(key), str(role), decoded(content), f"{tool or ''} {said(calls)}", source in ("cron", "subagent"))
        for key, role, content, tool, calls, source in raw.execute(
            "SELECT messages.id, role, content, tool_name, tool_calls, source FROM messages"
            f" JOIN sessions ON sessions.id = session_id WHERE {live} ORDER BY messages.id DESC"
        )
    ]
    raw.close()
    return found


def said(cell: object) -> str:
    """The calls of a message, their names and values without escapes, as far as their JSON can be read."""
    try:
        return spoken(json.loads(str(cell)))
    except ValueError:
        return str(cell or "")


def spoken(value: object) -> str:
    """All keys and values in a value, and in what is JSON itself."""
    if isinstance(value, dict):
        return " ".join(f"{key} {spoken(part)}" for key, part in value.items())
    if isinstance(value, list):
        return " ".join(map(spoken, value))
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        try:
            return spoken(json.loads(value))
        except ValueError:
            return value
    return value if isinstance(value, str) else json.dumps(value)


def decoded(cell: object) -> str:
    """The content without what only JSON has."""
    text = str(cell or "")
    if not text.startswith("\x00json:"):
        return text
    return text + " " + " ".join(re.findall(r'"text": "([^"]*)"', text.encode().decode("unicode_escape", "replace")))


@lru_cache(maxsize=4096)
def tokens(text: str) -> str:
    """Words without case and accents, by Python's idea of a letter, each between spaces."""
    bare = unicodedata.normalize("NFD", text.casefold()) if not text.isascii() else text.lower()
    return f" {' '.join(re.findall(LETTERS, ''.join(char for char in bare if not unicodedata.combining(char))))} "


def holds(text: str, rows_scanned: str) -> bool:
    """The word rule: whole words in a row; CJK anywhere."""
    if CJK.search(rows_scanned):
        return rows_scanned in text
    return tokens(rows_scanned) in tokens(text)


def rows_alone(path: Path) -> SessionDB:
    """The store without the files beside it, which each search would read to their end."""
    return SessionDB(path, read_only=True, sessions_dir=path.with_name("no files"))


def expected_fallbacks(gaps: set[str]) -> tuple[Fallback, ...]:
    return (Fallback(FallbackKind.GAPS, tuple(gap for gap in IndexGap if gap in gaps)),) if gaps else ()


def found(db: SessionDB, words: str) -> tuple[list[int], tuple[Fallback, ...]]:
    """Ids that the verb gives of SQLite's messages, and its last fallbacks."""
    batches = list(db.search(words, limit=EVERYTHING))
    assert batches[-1].done
    assert not any(batch.capped or batch.partial for batch in batches)
    ids = [hit.message_id for batch in batches for hit in batch.hits if hit.origin is Origin.SQLITE]
    return ids, batches[-1].fallbacks


def sample(texts: list[str], most: int) -> list[str]:
    """Some of them, spread over all, always the same."""
    one_of_each = sorted(set(texts))
    return one_of_each[:: max(1, len(one_of_each) // most)]


def words_and_phrases(messages: list[Row]) -> Iterator[str]:
    """Words and phrases that stand in the messages, some that do not, none with CJK."""
    texts = [row.text(set())[:3000] for row in messages]
    plain = [word for text in texts for word in tokens(text).split() if word.isascii()]
    yield from sample([word for word in plain if not word.isdigit()], 40)
    runs = [found for text in texts for found in re.findall(r"[A-Za-z]+ [A-Za-z]+(?: [A-Za-z]+)?", text)]
    yield from (f'"{run}"' for run in sample(runs, 15))
    yield from ("nowhere", '"docker nowhere"')


def cjk_pieces(messages: list[Row]) -> Iterator[str]:
    """Pieces of three to five characters of every run of CJK, and whole short runs."""
    runs = {run for row in messages for run in CJK.findall(row.text(set())) if "\u3000" not in run}
    for one in sorted(runs):
        yield from {one[place : place + size] for size in (3, 5) for place in range(max(1, len(one) - size))}


NAMES = [*(pytest.param(*home.values, marks=pytest.mark.slow) for home in homes()), *map(pytest.param, MADE)]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A home's, and a layout's."""
    return str(request.param)


@pytest.fixture
def path(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Its state.db."""
    if name in MADE:
        return furnished(tmp_path / "state.db", name)
    home = request.getfixturevalue("era_home")(name)
    return Path(home) / ".hermes" / "state.db"


@pytest.fixture
def gaps(name: str) -> tuple[set[str], set[str] | None]:
    """What this home's indexes leave out."""
    return GAPS[name]


def furnished(path: Path, layout: str) -> Path:
    """A home of every kind of row: tools and what they said at length, CJK, a cron job, undone and compacted rows."""
    db = SessionDB(path)
    call = {"id": "c", "function": {"name": "terminal", "arguments": json.dumps({"command": "docker build kumquat"})}}
    talk: list[dict[str, object]] = [
        {"role": "user", "content": "why is the docker build flaky, and 大别山项目 too"},
        {"role": "assistant", "content": "a flaky docker image", "tool_calls": [call]},
        {
            "role": "tool",
            "content": "no space left, 東京タワー " + "x y " * 3000 + "the end of it",
            "tool_name": "terminal",
        },
        {"role": "user", "content": [{"type": "text", "text": "parts with a walrus"}]},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "한국어 메뉴판, 桂林旅行計画 and naïve Café"},
    ]
    for session_id, source in (("talk", "cli"), ("night", "cron"), ("helper", "subagent"), ("undone", "telegram")):
        db.create_session(session_id, source)
        db.append_messages(session_id, talk)
    db.close()
    run(path, "UPDATE messages SET active = 0 WHERE session_id = 'undone' AND id % 2")
    run(path, "UPDATE messages SET compacted = 1 WHERE session_id = 'undone' AND id % 3 = 0")
    turn_into(path, layout)
    return path


@pytest.mark.slow
def test_words_and_phrases_are_found_where_a_scan_finds_them(
    path: Path, name: str, gaps: tuple[set[str], set[str] | None]
) -> None:
    messages = rows(path)
    db = rows_alone(path)
    left_out = expected_fallbacks(gaps[0])
    for rows_scanned in words_and_phrases(messages):
        ids, fallbacks = found(db, rows_scanned)
        bare = rows_scanned.strip('"')
        expected = [row.id for row in messages if holds(row.text(gaps[0]), bare)]
        assert set(expected) <= set(ids) <= {row.id for row in messages if holds(row.text(set()), bare)}, rows_scanned
        if name != "jump-v10-to-v25":  # upstream's own repair filled this one with more than it would
            assert ids == expected, rows_scanned
        assert fallbacks == left_out
    db.close()


@pytest.mark.slow
def test_cjk_is_found_where_a_scan_finds_it(path: Path, gaps: tuple[set[str], set[str] | None]) -> None:
    messages = rows(path)
    db = rows_alone(path)
    left_out = expected_fallbacks(gaps[1] or set())
    for rows_scanned in cjk_pieces(messages):
        ids, fallbacks = found(db, rows_scanned)
        indexed = gaps[1] is not None
        assert ids == [
            row.id for row in messages if holds(row.text(gaps[1] or set() if indexed else set()), rows_scanned)
        ], rows_scanned
        if indexed:
            assert fallbacks == left_out
        else:
            assert fallbacks == (Fallback(FallbackKind.MISSING),)
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        ("DROP TABLE messages_fts; DROP TABLE IF EXISTS messages_fts_trigram", {FallbackKind.MISSING}),
        ("DROP TRIGGER messages_fts_insert", {FallbackKind.STALE, FallbackKind.MISSING}),
    ],
)
def test_without_a_whole_index_a_scan_finds_the_same(path: Path, damage: str, kinds: set[FallbackKind]) -> None:
    messages = rows(path)
    run(path, damage)
    db = rows_alone(path)
    for words in ("docker", '"flaky docker"', "大别山", "東京"):
        ids, [fallback] = found(db, words)
        assert ids == [row.id for row in messages if holds(row.text(set()), words.strip('"'))], words
        assert fallback.kind in kinds
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", [home for home in NAMES if GAPS[str(home.values[0])][0] != {"calls"}])
@pytest.mark.parametrize("progress", few([None, 0, 7, 40], 7))
def test_rows_that_an_index_lacks_yet_are_scanned(path: Path, name: str, progress: int | None) -> None:
    """The deferred rebuild of docs/format.md §2.4: a row is indexed up to the progress, and above the high water.

    Layouts A and A' know none.
    """
    messages = rows(path)
    marks = [("fts_rebuild_high_water", "60")] + [("fts_rebuild_progress", str(progress))] * (progress is not None)
    quoted = ", ".join(f"('{key}', '{value}')" for key, value in marks)
    run(path, f"INSERT INTO state_meta (key, value) VALUES {quoted}")
    db = rows_alone(path)
    ids, fallbacks = found(db, "docker")
    assert ids == [row.id for row in messages if holds(row.text(set()), "docker")]
    assert fallbacks
    db.close()


@pytest.mark.slow
def test_words_beyond_ascii_are_found_inside_calls(tmp_path: Path) -> None:
    """Hermes stores calls and parts as ASCII: `é` as six characters (docs/format.md §3.3)."""
    path = make(tmp_path, "plain café and 大别山项目")
    db = SessionDB(path)
    call = {
        "id": "c",
        "function": {"name": "write", "arguments": json.dumps({"text": "un café, 去大别山吧"}, ensure_ascii=False)},
    }
    twice = {"id": "c", "function": {"name": "write", "arguments": json.dumps({"text": "Привет мир"})}}
    db.append_messages("s1", [{"role": "assistant", "content": None, "tool_calls": [call]}])
    db.append_messages("s1", [{"role": "user", "content": [{"type": "text", "text": "größe 山 Привет"}]}])
    db.append_messages("s1", [{"role": "assistant", "content": None, "tool_calls": [twice]}])
    expected = {
        "café": [2, 1],
        "大别山": [2, 1],
        "大别": [2, 1],
        "größe": [3],
        "Привет": [4, 3],
        "При": [],
        "При*": [4, 3],
    }
    assert {words: found(db, words)[0] for words in expected} == expected
    run(path, "DROP TABLE messages_fts; DROP TABLE messages_fts_trigram")
    assert {words: found(db, words)[0] for words in expected} == expected
    db.close()
