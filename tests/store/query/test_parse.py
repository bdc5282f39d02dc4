"""The search language: what is typed, what it means, and that its tokenizer is the index's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.errors import QueryInvalid
from store.query.filters import admits
from store.query.parse import MAX_WORDS, Query, accepts, matches, parse
from store.query.tokenizer import fold, plain, words
from tests.any_text import CHARACTERS
from tests.cpu_time import spent

NOW = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC, a Monday."""


def read(text: str, *, open_word: bool = False) -> Query:
    return parse(text, now=NOW, open_word=open_word)


def test_terms_and_filters_know_where_they_stand() -> None:
    text = '  docker -"no space" source:cli -title:"two words" 你好'
    query = read(text)
    assert [text[term.start : term.end] for term in query.terms] == ["docker", "你好"]
    assert [text[term.start : term.end] for term in query.none_of] == ['-"no space"']
    assert [text[one.start : one.end] for one in query.filters] == ["source:cli", '-title:"two words"']
    assert query.none_of[0].text == "no space"
    assert [(one.key, one.value, one.negated) for one in query.filters] == [
        ("source", "cli", False),
        ("title", "two words", True),
    ]


def test_a_query_says_whether_it_has_words() -> None:
    assert read("docker").has_words
    for text in ("", "-docker", "source:cli", "source:cli -docker", "!?"):
        assert not read(text).has_words, text


def test_filters_are_found_by_key() -> None:
    query = read("source:cli source:tui -source:cron NOT role:user")
    assert [one.value for one in query.filters_of("source")] == ["cli", "tui"]
    assert [one.value for one in query.filters_of("source", negated=True)] == ["cron"]
    assert [one.value for one in query.filters_of("role", negated=True)] == ["user"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("source:Telegram", "Telegram"),
        ("role:agent", "assistant"),
        ("role:Assistant", "assistant"),
        ("role:tool", "tool"),
        ("is:flagged", "flagged"),
        ("is:LIVE", "live"),
        ("is:archived", "archived"),
        ("has:reasoning", "reasoning"),
        ('title:"two words"', "two words"),
        ('title:"half a tit', "half a tit"),
        ("cwd:/home/x y", "/home/x"),
        ("model:opus-4.6", "opus-4.6"),
        ("tool:terminal", "terminal"),
    ],
)
def test_a_filter_has_a_value(text: str, value: str) -> None:
    assert read(text).filters[0].value == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("after:yesterdya", "after:yesterdya is not a date · try after:7d or after:2026-04-01"),
        ("x before:2026-13", "before:2026-13 is not a date · try before:7d or before:2026-04-01"),
        ("x after:2026-02-30", "after:2026-02-30 is not a date · try after:7d or after:2026-04-01"),
        ("x after:", "after: lacks a value · try after:7d or after:2026-04-01"),
        ("x is:open y", "is:open is not a state · try is:flagged, is:live or is:archived"),
        ("-role:bot", "role:bot is not a role · try role:user, role:agent or role:tool"),
        ("has:images", "has:images is not a part of a message · try has:reasoning"),
        ('title:" "', 'title: lacks a value · try title:docker or title:"two words"'),
    ],
)
def test_a_filter_that_means_nothing_says_what_would(text: str, message: str) -> None:
    with pytest.raises(QueryInvalid) as refusal:
        read(text)
    assert str(refusal.value) == message
    wrong = text[refusal.value.start : refusal.value.end]
    assert wrong.removeprefix("-").partition(":")[0] == message.partition(":")[0]


def test_a_long_wrong_value_is_shortened() -> None:
    with pytest.raises(QueryInvalid, match=r"^after:x{39}… is not a date"):
        read("after:" + "x" * 300)


@pytest.mark.parametrize("word", ["foo:bar", "https://x", "Source:cli", "sourcex:cli", "a:b:c", ":x", "12:30"])
def test_an_unknown_key_is_plain_words(word: str) -> None:
    assert read(word).filters == ()
    assert read(word).has_words


@pytest.fixture(params=["UTC", "America/New_York"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ["TZ"]
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("7d", NOW - 7 * 86400),
        ("3w", NOW - 21 * 86400),
        ("12h", NOW - 12 * 3600),
        ("0d", NOW),
        ("today", 1789948800.0),
        ("yesterday", 1789862400.0),
        ("2026", 1767225600.0),
        ("2026-04", 1775001600.0),
        ("2026-04-01", 1775001600.0),
        ("2026-4-1", 1775001600.0),
    ],
)
def test_a_date_is_a_moment_by_the_clock_of_this_place(value: str, utc: float, zone: str) -> None:
    timestamp = read(f"after:{value}").filters[0].timestamp
    ago = value[-1] in "dwh"
    summer = 0 if value == "2026" else 3600
    assert timestamp == (utc if zone == "UTC" or ago else utc + 5 * 3600 - summer)
    assert read(f"-before:{value}").filters[0].timestamp == timestamp


@pytest.mark.parametrize(
    "value", ["7", "d", "7m", "-7d", "123456d", "1989", "2101", "20260401", "2026-00", "now", "７d"]
)
def test_what_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(QueryInvalid, match="is not a date"):
        read(f"after:{value}")


@pytest.mark.parametrize(
    ("text", "stored", "passes"),
    [
        ("source:telegram", "telegram", True),
        ("source:Telegram", "telegram", True),
        ("source:tele", "telegram", False),
        ("source:telegram", None, False),
        ("-source:telegram", None, True),
        ("-source:telegram", "telegram", False),
        ("role:agent", "assistant", True),
        ("model:opus", "anthropic/claude-OPUS-4.6", True),
        ("model:opus", "gpt", False),
        ("tool:read", "read_file", True),
        ("cwd:my-app", "/home/me/my-app/src", True),
        ("cwd:my-app", "/home/me/my_app", False),
        ("title:cafe", "Das Café", True),
    ],
)
def test_a_stored_text_passes_a_filter(text: str, stored: str | None, passes: bool) -> None:
    assert admits(read(text).filters[0], stored) is passes


def test_a_source_that_is_still_being_typed_passes_by_its_beginning() -> None:
    assert admits(read("source:tele", open_word=True).filters[0], "telegram")
    assert not admits(read("source:tele ", open_word=True).filters[0], "telegram")
    assert not admits(read('source:"tele"', open_word=True).filters[0], "telegram")


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("docker", "Docker, docker! dockerd", ["Docker", "docker"]),
        ("dock*", "Docker undock", ["Dock"]),
        ("cafe", "Das Café und das Cafe\u0301, cafés", ["Café", "Cafe\u0301"]),
        ("user@x", "mail user@x or user  X", ["user@x", "user  X"]),
        ('"a b"', "a b a b c", ["a b", "a b"]),
        ("a -b", "a b", ["a"]),
        ("a OR b", "b c a", ["b", "a"]),
        ('"a b" "b c"', "a b c", ["a b c"]),
        ("a a", "a", ["a"]),
        ("部署", "自动部署服务", ["部署"]),
        ("docker部署", "用Docker部署。docker 部署", ["Docker部署"]),
        ("你好，世界", "你好世界 你好，世界了", ["你好，世界"]),
        ("東京", "東京タワーと東京駅", ["東京", "東京"]),
        ("서울", "서울에서", ["서울"]),
        ("done", "done🚀 done🤔", ["done"]),
        ("x y", "zx y x y", ["y", "x", "y"]),
        ('"x y"', "zx y x y", ["x y"]),
        ("a.b", "a\0b", ["a\0b"]),
        ("source:cli", "source cli", []),
        ("", "anything", []),
    ],
)
def test_matches_are_marked_where_they_stand(text: str, message: str, marked: list[str]) -> None:
    assert [message[start:end] for start, end in matches(read(text), message)] == marked


@pytest.mark.parametrize(
    ("text", "message", "answer"),
    [
        ("", "x", True),
        ("source:cli", "x", True),
        ("-x", "y", True),
        ("-x", "y x", False),
        ("a b", "b a", True),
        ("a b", "a", False),
        ("a b OR c", "c", True),
        ("a OR b -c", "a c", False),
        ('"a b"', "b a", False),
    ],
)
def test_a_text_answers_a_query(text: str, message: str, answer: bool) -> None:
    assert accepts(read(text), message) is answer


WORD = st.sampled_from(
    ["a", "ab", "abc", "B", "Ab", "é", "e\u0301", "İ", "ß", "ǅ", "x9", "²", "¾", "\u0345", "🤔", "🚀"]
)


GLUE = st.sampled_from([" ", " ", "-", "_", ".", "\n", "\0", "\u0301", "'", "€", "\u200d", '"', "*", "("])


TEXT = st.lists(WORD | GLUE, max_size=14).map("".join)


QUERY = st.lists(WORD | GLUE | st.sampled_from([" OR ", " -", ' "', '" ', "* ", " NOT "]), max_size=10).map("".join)


@pytest.mark.slow
@given(st.text(CHARACTERS, max_size=40) | QUERY, st.text(CHARACTERS, max_size=60) | TEXT, st.booleans())
@example("<\u00d9", "<U", False)  # the decomposed form is longer than the text
@settings(max_examples=300)
def test_marks_lie_in_order_inside_the_text(typed: str, text: str, open_word: bool) -> None:
    try:
        query = read(typed, open_word=open_word)
    except QueryInvalid:
        return
    spans = matches(query, text)
    flat = [edge for span in spans for edge in span]
    assert flat == sorted(flat)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    if query.has_words and accepts(query, text):
        assert spans


def test_a_long_query_is_cut_between_words() -> None:
    query = read("abcdefghi " * 60)
    assert query.cut
    assert len(query.terms) == MAX_WORDS
    assert {term.text for term in query.terms} == {"abcdefghi"}
    assert not query.terms[-1].prefix
    assert read("x" * 510 + " ab cd").terms[-1].text == "x" * 510
    assert not read("x" * 510 + " a   ").cut
    assert read("x" * 600).terms[0].prefix


@pytest.mark.slow
def test_marking_a_large_text_is_linear() -> None:
    query = read('a "a a a a" a* "b c"')
    small, large = "a b  " * 4_000, "a b  " * 40_000
    assert spent(lambda: matches(query, large), tries=2) < 40 * spent(lambda: matches(query, small)) + 0.01


def tokens(tokenizer: Any, text: str) -> list[str]:
    return list(
        tokenizer(text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    )


NEWER_CASE = (range(0x37F, 0x380), range(0x528, 0x530), range(0x13F8, 0x13FE), range(0x1C80, 0x1CC0))


NEWER_CASE_TOO = (range(0x2C2F, 0x2C30), range(0xA698, 0xA7F6), range(0xAB70, 0xABC0), range(0x104B0, 0x1E944))
"""Letters that got a case after SQLite's Unicode: Python folds them, the index does not."""


@pytest.mark.slow
def test_every_character_is_a_letter_or_a_separator_as_in_the_index() -> None:
    db = apsw.Connection(":memory:")
    tokenizer = db.fts5_tokenizer("unicode61")
    points = [point for point in range(0x20, 0x30000) if not 0xD800 <= point < 0xE000]
    parts = [chr(point) for point in points]
    assert [part for part in parts if bool(words(part)) is not bool(tokens(tokenizer, part))] == []
    skipped = {point for run in (*NEWER_CASE, *NEWER_CASE_TOO) for point in run}
    odd = [
        hex(point)
        for point in points
        if point not in skipped and fold(f"a{chr(point)}b").letters.split() != tokens(tokenizer, f"a{chr(point)}b")
    ]
    assert odd == []


def test_names_are_compared_without_case_and_accents_but_with_punctuation() -> None:
    assert plain("Das-Café_ÜBER e\u0301") == "das-cafe_uber e\u0301"
