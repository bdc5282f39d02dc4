"""What a repair wrote is searched where it belongs in time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from store.query.parse import parse
from store.sqlite.connect.reader import Reader
from store.sqlite.journal.append_keys import TABLE
from store.sqlite.journal.repaired_blocks import REPAIRS, IdRange, RepairedBlock, by_time
from store.sqlite.search import newest_first
from tests.builders import db
from tests.store.sqlite_files import add, make, run


def journal(path: Path, *entries: str, state: str = "done") -> None:
    """The table of a repair's operations with these entries."""
    run(
        path,
        f"CREATE TABLE IF NOT EXISTS {TABLE} (operation TEXT NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL,"
        " session_id TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL, changed_at REAL NOT NULL,"
        " entry TEXT NOT NULL, PRIMARY KEY (operation, step))",
    )
    for entry in entries:
        run(
            path,
            f"INSERT INTO {TABLE} SELECT 'o' || count(*), 0, 'repair', 's1', '{state}', 1, 1, '{entry}' FROM {TABLE}",
        )


def found(path: Path, words: str = "doc", *, below: int | None = None, above: int | None = None) -> list[int]:
    """Ids in the order in which a search gives them."""
    reader = Reader(path)
    steps = list(
        newest_first.matching_ids(reader, parse(words, now=0.0, open_word=True), limit=1000, below=below, above=above)
    )
    reader.close()
    return [one for step in steps for one in step.ids]


def aged(tmp_path: Path) -> Path:
    """Ten messages said one after the other, then three that a repair put there, said between the 4th and the 5th."""
    path = make(tmp_path, *(f"doc{n}" for n in range(13)), "doc last")
    run(path, "UPDATE messages SET timestamp = 1.7e9 + id")
    run(path, "UPDATE messages SET timestamp = 1.7e9 + 4.1 + id / 100.0 WHERE id BETWEEN 11 AND 13")
    return path


@pytest.mark.slow
def test_a_block_that_a_repair_wrote_is_searched_where_it_belongs(tmp_path: Path) -> None:
    path = aged(tmp_path)
    assert found(path) == list(range(14, 0, -1))
    journal(path, '{"base": 10, "size": 3}')
    in_order = [14, 10, 9, 8, 7, 6, 5, 13, 12, 11, 4, 3, 2, 1]
    assert found(path) == found(path, "doc*") == found(path, "source:cli") == in_order
    assert found(path, above=9) == [14, 10, 13, 12, 11]
    assert found(path, below=12) == [10, 9, 8, 7, 6, 5, 11, 4, 3, 2, 1]
    hits = [hit for batch in db(tmp_path, read_only=True).search("doc*") for hit in batch.hits]
    assert [hit.message_id for hit in hits] == in_order


@pytest.mark.slow
def test_an_operation_that_was_undone_or_tells_nothing_changes_nothing(tmp_path: Path) -> None:
    path = aged(tmp_path)
    journal(path, '{"base": 10, "size": 3}', state="undone")
    journal(path, "no json", '{"base": "x"}', "[]", '{"base": 500, "size": 3}', '{"base": -9, "size": 3}', "{}")
    assert found(path) == list(range(14, 0, -1))


def test_without_blocks_there_is_one_range() -> None:
    assert by_time([]) == [IdRange()]


@pytest.mark.slow
def test_the_ranges_part_all_ids_whatever_the_blocks() -> None:
    chance = random.Random(5)
    for _ in range(500):
        ends = sorted(chance.sample(range(2, 40), 6))
        blocks = [
            RepairedBlock(first, last, chance.randrange(first))
            for first, last in zip(ends[::2], ends[1::2], strict=True)
        ]
        seen = [
            one
            for piece in by_time(blocks)
            for one in range(44, 0, -1)
            if (piece.below is None or one < piece.below) and (piece.above is None or one > piece.above)
        ]
        assert sorted(seen) == list(range(1, 45))
        for block in blocks:
            before = seen[: seen.index(block.last)]
            outside = [one for one in range(1, 45) if not any(other.first <= one <= other.last for other in blocks)]
            assert {one for one in outside if one > block.place} <= set(before)
            assert not {one for one in outside if one <= block.place} & set(before)


def test_a_batch_is_sorted_by_time_where_rows_were_rewritten(tmp_path: Path) -> None:
    path = make(tmp_path, "doc")
    add(path, "doc", "doc")
    run(path, "UPDATE messages SET timestamp = 1.7e9 - id WHERE id > 1")
    hits = [hit for batch in db(tmp_path, read_only=True).search("doc") for hit in batch.hits]
    assert [hit.message_id for hit in hits] == [1, 2, 3]


@pytest.mark.slow
def test_keyed_appends_in_the_same_table_are_passed_over_by_its_index(tmp_path: Path) -> None:
    path = aged(tmp_path)
    journal(path, '{"base": 10, "size": 3}')
    run(path, f"INSERT INTO {TABLE} VALUES ('append [\"s1\", \"k\"]', 0, 'append', 's1', 'done', 1, 1, '[1]')")
    assert found(path)[7] == 13
    steps = [str(row[3]) for row in run(path, f"EXPLAIN QUERY PLAN {REPAIRS}") if "operations" in str(row[3])]
    assert len(steps) == 2
    assert all("(operation" in step for step in steps)


def test_a_table_of_another_make_is_left_alone(tmp_path: Path) -> None:
    path = aged(tmp_path)
    run(path, f"CREATE TABLE {TABLE} (something)")
    assert found(path) == list(range(14, 0, -1))
