"""MATCH expressions: never a syntax error, and Python and the index agree on every text."""

from __future__ import annotations

import json

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.errors import QueryInvalid
from store.query.matcher import accepts
from store.query.parse import MAX_WORDS, Query
from store.sqlite.search.fts5_match import match_trigrams, match_words
from store.sqlite.search.fts5_sanitizer import sanitise
from tests.any_text import CHARACTERS
from tests.cpu_time import spent
from tests.store.query.test_parse import QUERY, TEXT, read


class Index:
    """One text in a real FTS5 table."""

    def __init__(self, tokenizer: str = "unicode61") -> None:
        self._db = apsw.Connection(":memory:")
        self._db.execute(f"CREATE VIRTUAL TABLE t USING fts5(content, tokenize='{tokenizer}')")

    def has(self, text: str, expression: str) -> bool:
        self._db.execute("DELETE FROM t")
        self._db.execute("INSERT INTO t(rowid, content) VALUES(1, CAST(? AS TEXT))", (text.encode(),))
        return bool(self._db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (expression,)).get)


@pytest.fixture(scope="module")
def index() -> Index:
    return Index()


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", ""),
        ("   ", ""),
        ("docker", '"docker"'),
        ("docker timeout", '"docker" "timeout"'),
        ("docker AND timeout", '"docker" "timeout"'),
        ("docker OR podman", '"docker" OR "podman"'),
        ("a b OR c d", '"a" "b" OR "c" "d"'),
        ('"no space left"', '"no space left"'),
        ("dock*", '"dock"*'),
        ('"no spa"*', '"no spa"*'),
        ("docker -flaky", '("docker") NOT ("flaky")'),
        ("docker NOT flaky", '("docker") NOT ("flaky")'),
        ('docker -"no space" -x OR y', '("docker" OR "y") NOT ("no space" OR "x")'),
        ("-docker", ""),
        ("or and not", '"or" "and" "not"'),
        ("docker OR", '"docker"'),
        ("OR docker", '"docker"'),
        ("docker OR OR x", '"docker" OR "x"'),
        ("OR", '"OR"'),
        ("AND NOT", '"AND" "NOT"'),
        ("user@x", '"user x"'),
        ("my-app.config.ts", '"my app config ts"'),
        ("--no-cache", '"no cache"'),
        ("- docker -", '"docker"'),
        ("(docker) [x] {y} ^z", '"docker" "x" "y" "z"'),
        ("https://a.test/b?c=d", '"https a test b c d"'),
        ("foo:bar C:\\x std::vec", '"foo bar" "C x" "std vec"'),
        ('say "half a phr', '"say" "half a phr"'),
        ('a"b', '"a b"'),
        ('""', ""),
        ("* ** -* - --", ""),
        ("NEAR(a b)", '"NEAR a" "b"'),
        ("a\0b", '"a b"'),
        ("lone\ud800s", '"lone s"'),
        ("Ünï café", '("Ünï" OR "u00dcn u00ef" OR "U u0308ni u0308") AND ("café" OR "caf u00e9" OR "cafe u0301")'),
        ("x -source:cron y", '"x" "y"'),
    ],
)
def test_words_become_a_match_string(text: str, expression: str, index: Index) -> None:
    assert match_words(read(text)) == expression
    if expression:
        index.has("any", expression)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("docker ti", '"docker" "ti"*'),
        ("docker ti ", '"docker" "ti"'),
        ("docker ti.", '"docker" "ti"'),
        ("user@x", '"user x"*'),
        ('"no spa', '"no spa"*'),
        ('"no spa"', '"no spa"'),
        ("docker OR", '"docker"'),
        ("source:tele", ""),
        ("dock* x", '"dock"* "x"*'),
        ("cafe\u0301", '("café"* OR "caf u00e9"* OR "cafe u0301"*)'),
    ],
)
def test_the_word_under_the_cursor_is_a_prefix(text: str, expression: str) -> None:
    assert match_words(read(text, open_word=True)) == expression


@pytest.mark.slow
@given(QUERY, TEXT, st.booleans())
@settings(max_examples=600)
def test_python_and_the_index_agree_on_every_text(index: Index, typed: str, text: str, open_word: bool) -> None:
    query = read(typed, open_word=open_word)
    expression = match_words(query)
    if expression and query.has_signs:  # the index finds more: it has no signs
        assert index.has(text, expression) or not accepts(query, text) or query.none_of, expression
    elif expression:
        assert accepts(query, text) is index.has(text, expression), expression


HOSTILE = st.lists(
    st.sampled_from(
        [*"\"*(){}:^+-~!@#$%&|\\/<>=,;.' \0_", "AND", "OR", "NOT", "NEAR", "NEAR(", "a", "foo", " ", '""', "é", "你好"]
    )
    | st.text(CHARACTERS, max_size=3),
    max_size=30,
).map("".join)


@pytest.mark.slow
@given(HOSTILE)
@settings(max_examples=600)
@example("AND*")
@example('a OR "" NOT b')
def test_nothing_that_is_typed_is_a_syntax_error(index: Index, typed: str) -> None:
    index.has("foo a", sanitise(typed) or '"x"')
    for open_word in (False, True):
        try:
            query = read(typed, open_word=open_word)
        except QueryInvalid:
            continue
        index.has("foo a", match_words(query) or '"x"')
        index.has("foo a", match_trigrams(query) or '"x"')


BOMBS = {
    "ors": " OR ".join(["a"] * 100_000),
    "phrase": '"' + " ".join(["word"] * 50_000) + '"',
    "words": "word " * 50_000,
    "nots": "a NOT " * 20_000 + "a",
    "nears": "NEAR(" * 50_000 + "a",
    "quotes": '"' * 100_000,
    "minuses": "-" * 100_000,
    "one word": "a" * 1_000_000,
    "cjk": "部" * 100_000,
    "spaces": " " * 1_000_000,
    "stars": "a*" * 50_000,
    "filters": "source:a " * 50_000,
    "accents": "a" + "\u0301" * 100_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_in_a_few_milliseconds(index: Index, name: str) -> None:
    """In less CPU than a million turns of an empty loop, which are 20 ms on a quick machine."""

    def answer() -> tuple[Query, str, str]:
        query = read(BOMBS[name], open_word=True)
        return query, match_words(query), sanitise(BOMBS[name])

    assert spent(answer) < spent(lambda: [None for _ in range(1_000_000)])
    query, expression, safe = answer()
    assert len(expression) <= 5000
    assert query.cut is (name not in {"spaces"})
    assert sum(len(term.words) for term in (*query.terms, *query.none_of)) <= MAX_WORDS
    for one in filter(None, (expression, safe, match_trigrams(query))):
        index.has("word a", one)


BOTH = [
    f'("{run}" OR "{json.dumps(run)[1:-1]}" OR "{json.dumps(json.dumps(run)[1:-1])[1:-1]}")'
    for run in ("大别山项目", "大别山", "项目组")
]
"""A run, and as it stands in JSON that is ASCII, and in a string there that is such JSON itself."""


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("部署", ""),
        ("大别山项目", '"大别山项目"'),
        ("大别山 项目组", '"大别山" AND "项目组"'),
        ("大别山 docker", '"大别山"'),
        ("docker大别山", '"大别山"'),
        ("大别山 OR docker", ""),
        ("大别山 OR 项目组", '"大别山" OR "项目组"'),
        ("大别山 -项目组", '"大别山"'),
        ("docker", ""),
        ("", ""),
    ],
)
def test_runs_of_three_cjk_characters_narrow_down_by_trigram(text: str, expression: str) -> None:
    in_json = expression.replace('"大别山项目"', BOTH[0]).replace('"大别山"', BOTH[1]).replace('"项目组"', BOTH[2])
    assert match_trigrams(read(text)) == in_json


CJK = st.text(st.sampled_from("大别山项目，。 aB"), max_size=8)


@pytest.mark.slow
@given(CJK, st.text(st.sampled_from("大别山项目，。 aB"), max_size=30))
@settings(max_examples=300)
def test_the_trigram_index_never_loses_a_text_that_answers(typed: str, text: str) -> None:
    query = read(typed)
    if match_trigrams(query) and accepts(query, text):
        assert Index("trigram").has(text, match_trigrams(query))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("", ""),
        ("hello world", "hello world"),
        ("C++", "C"),
        ('"unterminated', "unterminated"),
        ("(problem", "problem"),
        ("{test}", "test"),
        ("hello AND", "hello"),
        ("OR world", "world"),
        ("and hello or", "hello"),
        ("***", ""),
        ("deploy*", "deploy*"),
        ("deploy***", "deploy*"),
        ("*deploy", "deploy"),
        ('"exact phrase"', '"exact phrase"'),
        ('"exact phrase" OR docker', '"exact phrase" OR docker'),
        ('"exact phra"*', '"exact phra"*'),
        ('hello "world', "hello world"),
        ("chat-send", '"chat-send"'),
        ("docker-compose-up", '"docker-compose-up"'),
        ("chat-send OR deploy-prod", '"chat-send" OR "deploy-prod"'),
        ('"chat-send"', '"chat-send"'),
        ('chat-send "my-app" x', '"chat-send" "my-app" x'),
        ("my-app.config.ts", '"my-app.config.ts"'),
        ("my_project", '"my_project"'),
        ("chat-se*", '"chat-se"*'),
        ("TODO: fix", "TODO fix"),
        ("docker NOT flaky", "docker NOT flaky"),
        ("a AND OR b", "a OR b"),
        ("a AND NOT b", "a NOT b"),
        ("user@x", '"user@x"'),
        ("C:\\x", 'C "\\x"'),
        ("NEAR(a b)", "NEAR a b"),
        ("AND* a OR*", '"AND"* a "OR"*'),
        ("a, b; c|d", '"a," "b;" "c|d"'),
        ('a"b', "a b"),
        ('""', ""),
        ("- / .", ""),
        ("a\0b \ud800", "a b"),
    ],
)
def test_an_agents_query_is_made_safe_as_upstream_reads_it(text: str, safe: str, index: Index) -> None:
    assert sanitise(text) == safe
    if safe:
        index.has("any", safe)


def test_a_hyphenated_term_hits_as_a_phrase_only(index: Index) -> None:
    assert index.has("run chat-send now", sanitise("chat-send"))
    assert not index.has("chat and send", sanitise("chat-send"))


@pytest.mark.parametrize("text", ["", "-docker", "source:cli", "source:cli -docker", "!?"])
def test_a_query_without_words_has_no_expression(text: str) -> None:
    assert match_words(read(text)) == ""
