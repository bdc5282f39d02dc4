"""Copies of a compaction in place, against sections whose every row is known (docs/format.md §3.8)."""

from __future__ import annotations

from random import Random

import pytest

from store.formats.carried_copies import NO_COPIES, SectionRow, State, find_copies
from tests.store.formats.compaction_model import Marking, ModelRow, ModelSection, played

MARKINGS: tuple[Marking, ...] = ("compacted", "superseded", "marked")


def as_stored(rows: list[ModelRow]) -> list[SectionRow]:
    """The rows as the store reads them, with equal identities for equal roles and texts."""
    return [
        SectionRow(
            row.id,
            f"{row.role} {row.text}".encode(),
            row.time,
            row.active,
            row.compacted,
            row.summary,
            row.mark,
        )
        for row in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("marking", MARKINGS)
def test_every_copy_is_known_whatever_marks_it(marking: Marking, *, timed: bool) -> None:
    for seed in range(400):
        section = played(Random(seed), marking, timed=timed, words=10_000)
        found = find_copies(as_stored(section.rows))
        assert found.originals == section.originals(), seed
        states = section.last_states()
        assert found.states == {first: State(*states[first]) for first in section.originals().values()}, seed


@pytest.mark.slow
@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("marking", MARKINGS)
def test_no_message_is_taken_for_a_copy_where_words_repeat(marking: Marking, *, timed: bool) -> None:
    for words in (1, 3):
        for seed in range(400):
            section = played(Random(seed), marking, timed=timed, words=words)
            found = find_copies(as_stored(section.rows)).originals
            assert found.keys() <= section.originals().keys(), seed
            if timed:
                assert found.keys() == section.originals().keys(), seed


def test_a_section_whose_rows_are_all_active_has_none() -> None:
    """Doubled rows are two messages; mutant: without the first test of `find_copies`, marks make them one."""
    section = ModelSection("marked", timed=True)
    section.say("user", "ok")
    twice = [*section.rows, section.rows[0]]
    assert find_copies(as_stored(twice)) is NO_COPIES


def test_a_question_that_was_undone_and_asked_again_is_two_messages() -> None:
    section = ModelSection("superseded", timed=True)
    section.say("user", "again")
    section.undo(1)
    section.say("user", "again")
    assert find_copies(as_stored(section.rows)) == NO_COPIES


def test_copies_behind_a_summary_that_nothing_marks_are_known_by_their_time() -> None:
    section = ModelSection("compacted", timed=True)
    for text in ("one", "two", "three"):
        section.say("user", text)
    section.compact(0, 2)
    section.say("user", "three")
    rows = [SectionRow(row.id, row.text.encode(), row.time, row.active, row.compacted) for row in section.rows]
    found = find_copies(rows)
    assert found.originals == {5: 2, 6: 3}
    assert found.states == {2: State(active=True, compacted=False), 3: State(active=True, compacted=False)}


def test_a_message_that_was_undone_after_its_copy_is_undone() -> None:
    section = ModelSection("superseded", timed=False)
    section.say("user", "one")
    section.say("user", "two")
    section.compact(0, 1)
    assert find_copies(as_stored(section.rows)).states == {2: State(active=True, compacted=False)}
    section.undo(1)
    assert find_copies(as_stored(section.rows)).states == {2: State(active=False, compacted=False)}


def test_a_compaction_copies_a_message_once() -> None:
    """What it inserts besides was never stored before; mutant: without `taken` both are copies of the first."""
    times = (1.0, 100.0, 100.000001, 200.0, 200.000001, 200.000002)
    texts = (b"ok", b"summary 1", b"ok", b"summary 2", b"ok", b"ok")
    rows = [
        SectionRow(number, text, time, active=number > 3, compacted=number <= 3, summary=text != b"ok")
        for number, (text, time) in enumerate(zip(texts, times, strict=True), 1)
    ]
    assert find_copies(rows).originals == {3: 1, 5: 1}
