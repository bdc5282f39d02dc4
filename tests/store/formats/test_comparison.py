"""Which messages are one, which of them were edited, and in which order the others stand; mutants beside the oracle's.

Mutants that these tests were seen to catch are those of `tests/torture/mutants.py` for comparison; the oracle of
`tests/torture/history` tries the same rules on conversations that it makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from store.files.jsonl_files import compared_message
from store.formats import comparison
from store.formats.clocks import Clocks
from store.formats.compared_message import compared
from store.formats.comparison import Comparison, Messages, compare
from store.formats.similarity import alike
from store.models import Verdict
from tests.builders import Dict, say
from tests.cpu_time import spent

Gap = tuple[Sequence[int], Sequence[int]]
T = 1_770_000_000.0
CALL = [{"id": "call_1", "type": "function", "function": {"name": "terminal", "arguments": "{}"}}]


def long(word: str) -> str:
    """A text that nobody says twice."""
    return " ".join(f"{word}{number}" for number in range(12))


def told(role: str, word: str, time: float | None = None, **more: object) -> Dict:
    """A message of a long text."""
    return say(role, long(word), **({} if time is None else {"timestamp": T + time}), **more)


def local(message: Dict, zone: str) -> Dict:
    """The same as a machine in a zone writes it: without the zone."""
    time = datetime.fromtimestamp(message["timestamp"], UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return message | {"timestamp": time.isoformat()}


def found(lines: Sequence[Dict], rows: Sequence[Dict]) -> Comparison:
    """Both sides compared."""
    return compare(
        [compared_message(line) for line in lines],
        [compared_message(row) for row in rows],
        lambda here, there: ([lines[at]["content"] or "" for at in here], [rows[at]["content"] or "" for at in there]),
    )


def union(lines: Sequence[Dict], rows: Sequence[Dict]) -> list[str]:
    """First words of the union."""
    places = found(lines, rows).union
    return [(lines[here or 0] if row is None else rows[row])["content"].split()[0] for here, row in places]


CONVERSATION = [
    told("assistant" if name[0] == "a" else "user", name, time)
    for name, time in (("q1", 0), ("a1", 2), ("q2", 60), ("a2", 62), ("q3", 120), ("a3", 122))
]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_lines_of_any_zone_find_their_place(zone: str) -> None:
    q1, a1, q2, a2, q3, a3 = CONVERSATION
    lines = [local(message, zone) for message in (q1, a2, q3, a3)]

    assert union(lines, [q1, a1, q2, a2, a3]) == ["q10", "a10", "q20", "a20", "q30", "a30"]


def test_a_clock_that_was_set_forward_within_the_session_is_known() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp() - T
    said = [told("assistant" if at % 2 else "user", f"m{at}x", start + 600 * (at // 2) + at) for at in range(12)]
    lines = [local(message, "Europe/Berlin") for at, message in enumerate(said) if at not in (4, 8)]

    comparison = found(lines, [message for at, message in enumerate(said) if at not in (2, 9)])

    assert comparison.clocks is not None
    assert comparison.refused == frozenset()


@pytest.mark.parametrize(
    "result", ["file1\n[truncated]", "key=[REDACTED]", "[Old tool output cleared to save context]"]
)
def test_one_call_has_one_result_whatever_became_of_its_text(result: str) -> None:
    question, answer = told("user", "q"), told("assistant", "a")
    call = say("assistant", "", tool_calls=CALL)
    lines = [question, call, say("tool", "file1\nfile2", tool_call_id="call_1"), answer]
    comparison = found(lines, [question, call, say("tool", result, tool_call_id="call_1"), answer])

    assert (comparison.verdict, comparison.edited, comparison.missing_in_jsonl) == (Verdict.SAME, frozenset({2}), 0)


def test_reasoning_in_the_text_of_one_side_makes_no_second_message() -> None:
    thought = say("assistant", f"<think>{long('t')}</think>{long('a')}")

    comparison = found([told("user", "q"), thought], [told("user", "q"), told("assistant", "a")])

    assert (comparison.verdict, comparison.edited) == (Verdict.SAME, frozenset({1}))


def test_one_id_of_the_platform_is_one_message() -> None:
    lines = [told("user", "q", message_id="7"), told("assistant", "a")]

    assert found(lines, [say("user", "edited", platform_message_id="7"), lines[1]]).edited == {0}


def test_a_message_unlike_the_one_in_its_place_is_edited_or_lost() -> None:
    ends = [told("user", "q"), told("user", "z")]

    assert found([ends[0], told("assistant", "a"), ends[1]], [ends[0], told("assistant", "b"), ends[1]]).unlike == {1}
    half = say("assistant", " ".join(long("a").split()[:6] + long("b").split()[:6]))
    assert found([ends[0], told("assistant", "a"), ends[1]], [ends[0], half, ends[1]]).edited == {1}


def test_a_mark_or_half_of_the_words_makes_two_texts_alike() -> None:
    assert alike("one two three four", "one two five six")
    assert not alike("one two three four", "one five six seven")
    assert alike("[REDACTED]", "a secret")


def test_an_edited_form_behind_a_short_text_of_both_sides_is_no_second_message() -> None:
    """Each side lost one `Done.` of two, so that the one of the file stands for the other of SQLite."""
    lines = [say("assistant", "Done."), told("assistant", "a1"), told("user", "q2"), told("user", "q3")]
    rows = [say("assistant", f"{long('a1')[:20]}\n[truncated]"), say("assistant", "Done."), told("user", "q3")]

    assert {1, 2} <= found(lines, rows).refused
    assert union(lines, rows)[-1] == "q30"


def test_a_conversation_of_short_texts_is_not_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: without `_MOST_PAIRS` each line is held beside each row."""
    looked: list[int] = []

    def candidates(clocks: Clocks | None, lines: Messages, rows: Messages, gap: Gap) -> Iterator[tuple[int, int]]:
        looked.append(len(gap[0]) * len(gap[1]))
        return find(clocks, lines, rows, gap)

    find = comparison._candidates
    monkeypatch.setattr(comparison, "_candidates", candidates)
    said = [say("user" if number % 2 else "assistant", f"word{number}") for number in range(3_000)]

    found([one for at, one in enumerate(said) if at % 10], [one for at, one in enumerate(said) if at % 10 != 5])

    assert sum(looked) < 10 * len(said)


def test_where_two_messages_cross_the_order_of_sqlite_stands() -> None:
    q1, a1, q2, a2, *_ = CONVERSATION

    comparison = found([q2, a2, q1, a1], [q1, a1, q2, a2])

    assert (comparison.verdict, len(comparison.elsewhere), comparison.refused) == (Verdict.SAME, 2, frozenset())


def test_structure_orders_where_no_time_does() -> None:
    question, answer = told("user", "q"), told("assistant", "a")
    call, result = say("assistant", "", tool_calls=CALL), told("tool", "r", tool_call_id="call_1")
    ends = [told("assistant", "z"), told("user", "n")]

    assert found([*ends[:1], question, result, ends[1]], [ends[0], call, answer, ends[1]]).union == (
        (0, 0),
        (1, None),
        (None, 1),
        (2, None),
        (None, 2),
        (3, 3),
    )


def test_a_result_whose_call_is_nowhere_is_not_inserted() -> None:
    lines = [told("user", "q"), told("tool", "r", tool_call_id="call_9"), told("assistant", "a")]

    assert found(lines, [lines[0], lines[2]]).orphans == {1}


def test_times_of_rows_that_were_written_again_order_nothing() -> None:
    q1, a1, q2, a2, q3, a3 = CONVERSATION
    rows = [message | {"timestamp": T + 9_000 + at * 1e-6} for at, message in enumerate((q1, a1, q2, q3, a3))]

    comparison = found([q1, a1, a2, q3, a3], rows)

    assert comparison.clocks is None
    assert union([q1, a1, a2, q3, a3], rows) == ["q10", "a10", "q20", "a20", "q30", "a30"]


def test_clocks_that_a_certain_message_contradicts_order_nothing() -> None:
    """q3 was written before the end of the turn before its own."""
    lines = [
        *(told("user", "q1", 2), told("assistant", "a1", 2), told("user", "q2", 62), told("assistant", "a2", 62)),
        *(told("user", "q3", 122), told("system", "y", 122), told("assistant", "a3", 122)),
    ]
    rows = [told("user", "q1", 0), told("assistant", "a1", 2), told("user", "q3", 30)]
    rows += [told("system", "x", 61), told("assistant", "a3", 122)]

    assert found(lines, rows).clocks is None
    assert found(lines, [*rows[:2], told("user", "q3", 63), told("system", "x", 64), rows[4]]).clocks is not None


def test_an_answer_of_another_turn_is_no_answer() -> None:
    """The question of a2 is lost on both sides: a1 may be the answer to q1, or to one before it that is lost."""
    lines = [told("user", "q0", 2), told("assistant", "a0", 2), told("user", "q1", 62), told("assistant", "a2", 122)]
    rows = [
        told("user", "q0", 0),
        told("assistant", "a0", 2),
        told("assistant", "a1", 61),
        told("assistant", "a2", 122),
    ]

    assert found(lines, rows).uncertain == {2}
    assert union(lines, [*rows[:3], told("user", "q2", 100), rows[3]])[2:] == ["q10", "a10", "q20", "a20"]


@pytest.mark.slow
def test_ten_times_as_many_messages_take_near_ten_times_as_long() -> None:
    said = [told("assistant" if at % 2 else "user", f"m{at}x", 60 * (at // 2) + at % 2) for at in range(20_000)]
    lines = [compared_message(local(message, "Asia/Kolkata")) for at, message in enumerate(said) if at % 97]
    rows = [compared_message(message) for at, message in enumerate(said) if at % 89]

    small = spent(lambda: compare(lines[:2_000], rows[:2_000]))

    assert spent(lambda: compare(lines, rows), tries=1) < 40 * small + 0.05


OK = say("user", "ok")
SOME = [OK, told("assistant", "a0")]


def turns(*turns: str | float) -> list[Dict]:
    """Answers to “ok” with the time of their turns."""
    answers = [(str(word), float(time)) for word, time in zip(turns[::2], turns[1::2], strict=True)]
    return [
        message
        for word, time in answers
        for message in (say("user", "ok", timestamp=T + time), told("assistant", word, time))
    ]


def test_repeated_words_are_one_message_only_where_the_clocks_allow_it() -> None:
    """An “ok” of the second minute that SQLite lost, and one of the fourth that the file lost."""
    beginning, end = turns("a0", 0, "a1", 60), turns("a4", 300, "a5", 400)

    assert union([*beginning, *turns("a2", 120), *end], [*beginning, *turns("a3", 200), *end]) == [
        *("ok", "a00", "ok", "a10", "ok", "a20", "ok", "a30", "ok", "a40", "ok", "a50")
    ]


def test_repeated_words_order_nothing_on_their_two_sides() -> None:
    """The “ok” behind one question may be another than that before the other."""
    beginning, end = [*SOME, told("user", "q1"), told("assistant", "a1")], [told("user", "q4"), told("assistant", "a4")]
    here, there = [told("user", "u"), told("assistant", "au")], [told("user", "v"), told("assistant", "av")]

    compared = found([*beginning, *here, OK, *end], [*beginning, OK, *there, *end])

    assert compared.uncertain == {4, 5}


def test_equal_sides_compare_as_their_matching_would_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: no ids compared in `_are_equal`; a count of repeated blocks left out; all of it matched."""
    chance = Random(5)
    texts = ["ok", "yes", "the long text of a message", "another long text here", "<think>a</think> b c d", ""]
    for _ in range(200):
        said = [
            (chance.choice(["user", "assistant", "tool"]), chance.choice(texts)) for _ in range(chance.randrange(9))
        ]
        named = [(chance.choice(["c1", "c2", None]), chance.choice(["p1", "p2", None])) for _ in said]
        sides = [
            [
                compared(role, text, None, call, platform_id=platform, time=(1e9 + place * slower, False))
                for place, ((role, text), (call, platform)) in enumerate(zip(said, named, strict=True))
            ]
            for slower in (1, 3)
        ]
        lines, rows = sides
        expected = comparison._matched(lines, rows, None) if lines else comparison.Comparison(0, 0, 0, ())
        with monkeypatch.context() as patched:
            patched.setattr(comparison, "match", None)
            assert comparison.compare(lines, rows) == expected
        ids = [row.platform_id for row in reversed(rows)]
        renamed = [replace(row, platform_id=name) for row, name in zip(rows, ids, strict=True)]
        assert not rows or comparison.compare(lines, renamed) == comparison._matched(lines, renamed, None)
