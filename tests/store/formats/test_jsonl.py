"""Legacy transcript files: whatever the bytes, good lines come out and bad ones are values."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.formats import jsonl
from store.formats.jsonl import CUT_OFF, BadLine, Record, parse
from tests.any_text import CHARACTERS


def read(data: bytes) -> list[Record | BadLine]:
    return list(parse([data]))


def only(data: bytes) -> Record | BadLine:
    lines = read(data)
    assert len(lines) == 1
    return lines[0]


BAD_LINES = {
    b"garbage\n": "not JSON",
    b'{"a": 1\n': "not JSON",
    b"[1, 2]\n": "not an object",
    b'"text"\n': "not an object",
    b"null\n": "not an object",
    b'{"a": 1} {"b": 2}\n': "more than one value",
    b'{"a": 1}{"b": 2}': "more than one value",
    b'{"a": NaN}\n': "NaN is no number",
    b'{"a": -Infinity}\n': "-Infinity is no number",
    b'{"a": 1e999}\n': "a number too large",
    b'{"a": ' + b"9" * 5000 + b"}\n": "a number too long",
    b'{"a":' * 100_000 + b"\n": "nested too deep",
    b'{"a":' + b"[" * 300 + b"]" * 300 + b"}\n": "nested too deep",
    b'{"a": "cut off in the mid': CUT_OFF,
    b"garbage": CUT_OFF,
    b'{"a": "\x00\x00"}\n': "not JSON",
}


@pytest.mark.parametrize(("data", "reason"), BAD_LINES.items(), ids=list(range(len(BAD_LINES))))
def test_a_bad_line_says_why_and_where(data: bytes, reason: str) -> None:
    assert only(data) == BadLine(1, 0, len(data.rstrip(b"\n")), reason)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1}\n', {"a": 1}),
        (b'{"a": 1}', {"a": 1}),
        (b'{"a": 1}\r\n', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}\n', {"a": 1}),
        (b'  {"a": 1}\t\n', {"a": 1}),
        (b'{"a": 1, "a": 2}\n', {"a": 2}),
        (b'{"a": "latin \xe9"}\n', {"a": "latin �"}),
        ('{"a": "x\u2028y\x85z"}\n'.encode(), {"a": "x\u2028y\x85z"}),
        (b'{"a": "\\ud800"}\n', {"a": "\ud800"}),
        (b'{"a": 1.5e3}\n', {"a": 1500.0}),
    ],
)
def test_a_good_line_is_read(data: bytes, value: object) -> None:
    assert only(data) == Record(1, 0, value)  # type: ignore[arg-type]


def test_offsets_and_numbers_count_blank_lines() -> None:
    assert read(b'\n  \r\n{"a": 1}\nbad\n\n{"b": 2}') == [
        Record(3, 5, {"a": 1}),
        BadLine(4, 14, 3, "not JSON"),
        Record(6, 19, {"b": 2}),
    ]


def test_an_empty_file_has_no_lines() -> None:
    assert read(b"") == []
    assert list(parse([])) == []


def test_a_line_over_the_limit_is_passed_over_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE", 20)
    data = b'{"a": "' + b"x" * 100 + b'"}\n{"b": 2}\n'
    assert list(parse(data[i : i + 7] for i in range(0, len(data), 7))) == [
        BadLine(1, 0, 109, "longer than 64 MB"),
        Record(2, 110, {"b": 2}),
    ]
    assert only(b"x" * 21) == BadLine(1, 0, 21, "longer than 64 MB")


def test_a_giant_line_is_not_held_in_memory() -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * (1 << 20)
        yield b'\n{"a": 1}\n'

    lines = list(parse(chunks()))
    assert [type(line) for line in lines] == [BadLine, Record]
    assert isinstance(lines[0], BadLine)
    assert lines[0].size == 100 << 20


@pytest.mark.slow
@given(st.binary(max_size=300), st.integers(1, 7))
@example(b"\xfe\xff", 1)
@example('{"'.encode("utf-16-le"), 3)
def test_no_bytes_raise_and_pieces_do_not_matter(data: bytes, size: int) -> None:
    whole = read(data)
    assert list(parse(data[i : i + size] for i in range(0, len(data), size))) == whole
    for line in whole:
        assert 0 <= line.offset < len(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(CHARACTERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.slow
@given(st.lists(st.dictionaries(st.text(CHARACTERS), VALUES, max_size=3), max_size=5), st.booleans())
def test_what_python_wrote_is_read_back(values: list[dict[str, object]], ascii_only: bool) -> None:
    text = "".join(json.dumps(value, ensure_ascii=ascii_only) + "\n" for value in values)
    lines = read(text.encode("utf-8", "surrogatepass"))
    assert [line.value for line in lines if isinstance(line, Record)] == values
    at = text.encode("utf-8", "surrogatepass").split(b"\n")
    assert [line.offset for line in lines] == [sum(len(one) + 1 for one in at[:i]) for i in range(len(values))]


@pytest.mark.slow
@given(st.lists(st.sampled_from([b'{"a":1}', b"{}", b"x", b"", b"[]", b"\xff", b"NaN", b" "]), max_size=9))
def test_each_line_that_is_not_blank_is_one_value(lines: list[bytes]) -> None:
    found = read(b"\n".join(lines))
    assert [one.line for one in found] == [number for number, line in enumerate(lines, 1) if line.strip()]
