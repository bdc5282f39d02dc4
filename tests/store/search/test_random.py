"""400 random queries over a random store against a brute force that shares no code with the store.

The stated rule of order: by row id, newest first, in batches; inside a batch by time. Words of one or two Chinese
characters (and what an old SQLite did not index) may follow the first page of twenty instead of standing in it.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import apsw
import pytest

from store import SessionDB
from store.sqlite.connect import create
from tests.builders import db

QUERIES = 400
MESSAGES = 300
TYPED = "docker dock timeout error the a café cafe naïve Über re-run v2.1 foo_bar x1 大别山 部署 東京タワー 服务 한국어"
WORDS = TYPED.split()
SIGNS = "大别山部署東京服务 的"


@dataclass(frozen=True)
class Row:
    """What the oracle knows of a message."""

    id: int
    text: str
    role: str
    source: str
    tool: str
    timestamp: float


@dataclass(frozen=True)
class Want:
    """A word or a phrase of a query."""

    words: tuple[str, ...]
    prefix: bool

    def typed(self) -> str:
        """As a person types it."""
        return (f'"{" ".join(self.words)}"' if len(self.words) > 1 else self.words[0]) + "*" * self.prefix


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Without case, and without accents over Latin letters."""
    folded = [unicodedata.normalize("NFD", one) if ord(one) < 0x250 else one for one in text.lower()]
    return "".join(one for one in "".join(folded) if not unicodedata.combining(one))


@lru_cache(maxsize=4096)
def parts(text: str) -> tuple[str, ...]:
    """The words of a text; an underscore parts them."""
    return tuple(re.findall(r"[^\W_]+", plain(text)))


def stands(want: Want, text: str) -> bool:
    """Whether a text has a word or a phrase: Chinese anywhere, other words whole."""
    rows_scanned = tuple(part for word in want.words for part in parts(word))
    if any(ord(one) > 0x2E80 for one in "".join(rows_scanned)):
        return re.search(r"[\W_]+".join(map(re.escape, rows_scanned)), plain(text)) is not None
    has = parts(text)
    for start in range(len(has) - len(rows_scanned) + 1):
        here = has[start : start + len(rows_scanned)]
        if here[:-1] == rows_scanned[:-1] and (
            here[-1] == rows_scanned[-1] or (want.prefix and here[-1].startswith(rows_scanned[-1]))
        ):
            return True
    return False


@dataclass(frozen=True)
class Question:
    """A random query in pieces."""

    any_of: tuple[tuple[Want, ...], ...]
    none_of: tuple[Want, ...]
    source: str
    role: str
    tool: str
    after: int

    def typed(self) -> str:
        """As a person types it."""
        words = " OR ".join(" ".join(want.typed() for want in wants) for wants in self.any_of)
        filters = [f"source:{self.source}"] * bool(self.source) + [f"role:{self.role}"] * bool(self.role)
        filters += [f"tool:{self.tool}"] * bool(self.tool) + [f"after:{self.after}"] * bool(self.after)
        return " ".join([words, *(f"-{want.typed()}" for want in self.none_of), *filters])

    def admits(self, row: Row) -> bool:
        """Whether a message answers it."""
        found = any(all(stands(want, row.text) for want in wants) for wants in self.any_of)
        return (
            found
            and not any(stands(want, row.text) for want in self.none_of)
            and self.source in ("", row.source)
            and self.role in ("", row.role)
            and self.tool in row.tool
            and (not self.after or row.timestamp >= 1_735_689_600 + (self.after - 2025) * 31_536_000)
        )


def fill(path: Path, chance: random.Random) -> list[Row]:
    """A random store, and what of it can be found."""
    create.create(path)
    connection = apsw.Connection(str(path))
    rows = []
    with connection:
        for place in range(20):
            source = chance.choice(["cli", "telegram", "cron"])
            connection.execute(
                "INSERT INTO sessions (id, source, started_at) VALUES (?, ?, 1.7e9)", (f"s{place}", source)
            )
        for number in range(1, MESSAGES + 1):
            text = "".join(
                chance.choice(WORDS) + chance.choice([" ", " ", ", ", "\n", "", "/"])
                for _ in range(chance.randint(1, 9))
            )
            text += "".join(chance.choice(SIGNS) for _ in range(chance.randint(0, 4)))
            role, tool = chance.choice([("user", None), ("assistant", None), ("tool", "terminal"), ("tool", "部署")])
            session, timestamp = (
                f"s{chance.randrange(20)}",
                1_700_000_000.0 + number * 200_000 + chance.choice([0, 0, -500_000]),
            )
            active = chance.random() > 0.1
            connection.execute(
                "INSERT INTO messages (id, session_id, role, content, tool_name, timestamp, active)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, session, role, text, tool, timestamp, active),
            )
            [(found,)] = connection.execute("SELECT source FROM sessions WHERE id = ?", (session,)).fetchall()
            if active:
                rows.append(Row(number, f"{text} {tool or ''}", role, str(found), tool or "", timestamp))
    connection.close()
    return rows[::-1]


def ask(chance: random.Random) -> Question:
    """A random question."""

    def want() -> Want:
        signs = "".join(chance.choice("大别山部署東京") for _ in range(chance.randint(1, 2)))
        words = [chance.choice([*WORDS, signs])]
        if chance.random() < 0.15:
            words.append(chance.choice(WORDS))
        if chance.random() < 0.2 and len(words) == 1 and words[0].isascii():
            return Want((words[0][: chance.randint(1, 4)],), prefix=True)
        return Want(tuple(words), prefix=False)

    any_of = tuple(
        tuple(want() for _ in range(chance.choice([1, 1, 1, 2]))) for _ in range(chance.choice([1, 1, 1, 2]))
    )
    none_of = (want(),) if chance.random() < 0.2 else ()
    filters = [chance.choice(["cli", "telegram"]), chance.choice(["user", "tool"]), "terminal"]
    source, role, tool = (one if chance.random() < 0.12 else "" for one in filters)
    return Question(any_of, none_of, source, role, tool, 2025 if chance.random() < 0.12 else 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_queries_find_what_a_brute_force_finds_in_the_stated_order(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    chance = random.Random(seed)
    rows = fill(tmp_path / "state.db", chance)
    database = db(tmp_path, read_only=True)
    answered = 0
    for number in range(QUERIES // 4):
        question = ask(chance)
        expected = [row.id for row in rows if question.admits(row)]
        answered += bool(expected)
        check(database, question.typed(), expected, ranked=number % 10 == 0)
    assert answered > QUERIES // 8
    database.close()


def check(database: SessionDB, typed: str, expected: list[int], *, ranked: bool) -> None:
    """One question, asked in every way."""
    batches = [batch.hits for batch in database.search(typed, limit=10_000) if batch.hits]
    ids = [hit.message_id for hits in batches for hit in hits]
    assert sorted(ids, reverse=True) == expected, typed
    cjk = any(ord(one) > 0x2E80 for one in typed)
    if not cjk:
        assert [one for hits in batches for one in sorted((hit.message_id for hit in hits), reverse=True)] == expected
    for hits in batches:
        times = [hit.timestamp or 0.0 for hit in hits]
        assert times == sorted(times, reverse=True), typed
    if ranked:
        assert database.count(typed).hits == len(expected), typed
        assert {hit.message_id for hit in database.rank(typed, limit=10_000).hits} == set(expected), typed
        assert {hit.message_id for hit in database.oldest(typed, limit=10_000).hits} == set(expected), typed
