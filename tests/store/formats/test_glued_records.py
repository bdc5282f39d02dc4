"""Damaged lines: every whole record in them is read, and nothing else is taken for one.

What was put into a line is the oracle; it knows nothing of readings or automata.

Mutants that these tests were seen to catch: only the reading that begins outside of a string; no object that ends
before an error; a part of a torn message taken for a record; a line searched again from each brace; NUL left at
the ends; NUL alone taken for a blank line.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.formats.jsonl import CUT_OFF, BadLine, Record, first_record, parse
from tests.cpu_time import spent


def written(role: str, text: object, **more: object) -> bytes:
    """A line as Hermes writes it, without its end."""
    return json.dumps({"role": role, "content": text, **more, "timestamp": "2026-03-01T10:00:00"}).encode()


FULL = json.dumps(
    {
        "role": "assistant",
        "content": 'the long \\ answer {"role": "user"} é ☕ " [{',
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "n", "arguments": '{"role": "tool"}'}}],
        "codex_message_items": [{"type": "message", "role": "assistant", "content": [{"type": "text", "text": "{"}]}],
        "count": -12.5e3,
        "observed": True,
        "parts": [],
        "name": None,
    },
    ensure_ascii=False,
).encode()
"""A message with everything that a message can have."""
WHOLE = written("user", 'whole {"role": "tool"} one\\')


def values(data: bytes) -> list[object]:
    return [piece.value for piece in parse([data]) if isinstance(piece, Record)]


def bad(data: bytes) -> list[BadLine]:
    return [piece for piece in parse([data]) if isinstance(piece, BadLine)]


@pytest.mark.slow
@pytest.mark.parametrize("between", [b"", b"\x00" * 412], ids=["nothing", "NUL"])
@pytest.mark.parametrize("behind", [b"", WHOLE, FULL, b"\x00" * 9], ids=["alone", "whole", "full", "NUL"])
def test_a_record_behind_one_that_is_torn_anywhere_is_read(between: bytes, behind: bytes) -> None:
    expected = [json.loads(record) for record in (WHOLE, behind) if record.strip(b"\x00")]
    for cut in range(1, len(FULL)):
        line = FULL[:cut] + between + WHOLE + behind + b"\n"
        found = [piece for piece in parse([line]) if isinstance(piece, Record)]
        assert [record.value for record in found] == expected, FULL[:cut]
        assert all(record.salvaged for record in found)
        [damage] = bad(line)
        assert (damage.line, damage.offset, damage.reason) == (1, 0, "torn")


@pytest.mark.slow
def test_what_is_left_of_a_record_without_its_beginning_is_no_record() -> None:
    for cut in range(1, len(FULL)):
        assert values(FULL[cut:] + b"\n") == []
        assert values(FULL[cut:] + WHOLE + b"\n") == [json.loads(WHOLE)]
        assert values(FULL[: cut - 1] + b"\x00" + FULL[cut:] + b"\n") == []


TEXT = st.text(st.sampled_from('ab {}[]":,\\\x00é☕\n'), max_size=12)
RECORDS = st.builds(written, st.sampled_from(["user", "assistant", "tool"]), TEXT | st.none(), name=TEXT)
TORN = st.builds(lambda record, cut: record[: cut % (len(record) - 1) + 1], RECORDS, st.integers(0))
ENDS = st.builds(lambda record, cut: b"\x00" + record[cut % (len(record) - 1) + 1 :], RECORDS, st.integers(0))
NULS = st.integers(1, 20).map(lambda number: b"\x00" * number)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["record", "torn", "end", "nul"]), RECORDS, TORN, ENDS, NULS), max_size=8))
def test_every_whole_record_of_a_line_is_read_once_in_order(
    drawn: list[tuple[str, bytes, bytes, bytes, bytes]],
) -> None:
    pieces = [
        (kind, {"record": record, "torn": torn, "end": end, "nul": nul}[kind]) for kind, record, torn, end, nul in drawn
    ]
    line = b"".join(piece for _, piece in pieces)

    assert values(line + b"\n") == [json.loads(piece) for kind, piece in pieces if kind == "record"]
    if any(kind in ("torn", "end") for kind, _ in pieces):
        assert len(bad(line + b"\n")) == 1


@pytest.mark.slow
@given(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b'{"role"', b'"', b"\\", b"{", b"}", b":", b" ", b"[", b"]", b","])),
)
def test_no_bytes_around_records_raise(garbage: bytes, pieces: list[bytes]) -> None:
    for data in (garbage + WHOLE + garbage, b"".join(pieces) + WHOLE, WHOLE + b"".join(pieces)):
        list(parse([data]))


def test_a_salvaged_record_is_read_again_at_its_offset() -> None:
    data = b"first\n" + FULL[:50] + WHOLE + FULL + b"\x00\x00" + WHOLE + b"\n"
    found = [piece for piece in parse([data]) if isinstance(piece, Record)]

    assert [record.value for record in found] == [json.loads(WHOLE), json.loads(FULL), json.loads(WHOLE)]
    assert [first_record(data[record.offset :].split(b"\n")[0]) for record in found] == [one.value for one in found]


def test_records_that_share_a_line_have_ids_of_their_own_which_rise() -> None:
    data = WHOLE + b"\n" + FULL[:40] + WHOLE + FULL + b"\n\n" + WHOLE + b"\nbad\n" + WHOLE
    pieces = list(parse([data]))

    assert [piece.line for piece in pieces] == [1, 2, 2, 2, 4, 5, 6]
    assert [piece.id for piece in pieces] == [1, 2, 3, 4, 5, 6, 7]
    assert [piece.id for piece in parse([b"\n\n" + WHOLE + b"\n\n" + WHOLE])] == [3, 5]


def test_nul_at_both_ends_of_a_line_is_no_damage() -> None:
    data = WHOLE + b"\x00" * 9000 + b"\n" + b"\x00" * 412 + b" " + FULL + b"\n\x00" + WHOLE + b"\x00\x00"

    assert values(data) == [json.loads(WHOLE), json.loads(FULL), json.loads(WHOLE)]
    assert bad(data) == []
    assert not any(piece.salvaged for piece in parse([data]) if isinstance(piece, Record))


@pytest.mark.parametrize("end", [b"\n", b""])
def test_nul_and_nothing_else_is_damage_that_says_how_long_it_is(end: bytes) -> None:
    [damage] = bad(WHOLE + b"\n" + b"\x00" * 143_000 + end)

    assert damage == BadLine(2, len(WHOLE) + 1, 143_000, "143000 bytes, all NUL")


def test_records_behind_each_other_without_damage_are_salvaged_alone() -> None:
    pieces = list(parse([WHOLE + b" " + FULL + b"\x00\x00" + WHOLE + b"\n"]))

    assert [piece.salvaged for piece in pieces if isinstance(piece, Record)] == [True, True, True]
    assert len(pieces) == 3


def test_a_record_before_one_that_is_being_written_is_read() -> None:
    pieces = list(parse([WHOLE + FULL[:60]]))

    assert [type(piece) for piece in pieces] == [Record, BadLine]
    assert pieces[1] == BadLine(1, len(WHOLE), 60, CUT_OFF)
    assert bad(FULL[:60] + WHOLE)[0].reason == "torn"
    assert bad(FULL[:60] + b"\x00")[0].reason == "not JSON"


HOSTILE = [
    b"{",
    b'"',
    b"\\",
    b'{"',
    b'{"a":',
    b'{"role":',
    b"[",
    b'\\"',
    b"{}",
    b'{"a":1',
    b'{"a":{}',
    b'"\\',
    b"{ ",
    b'{"a":[',
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE, ids=range(len(HOSTILE)))
def test_the_cost_of_a_line_is_linear_in_its_size(unit: bytes) -> None:
    def line(size: int) -> list[bytes]:
        return [b'"role"' + unit * (size // len(unit)) + b"\n"]

    small, large = line(1 << 13), line(1 << 16)
    assert spent(lambda: list(parse(large))) < 24 * spent(lambda: list(parse(small)))
