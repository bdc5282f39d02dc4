"""A store with damaged pages: every verb says what it can, and none ends in a traceback."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest

from hermes_tui.__main__ import main
from store import SessionDB
from tests import builders
from tests.store import sqlite_files

PAGE = 4096
VERBS = (
    ["list"],
    ["list", "--json"],
    ["search", "message"],
    ["search", "--sort", "best", "--json", "message"],
    ["search", "walrus"],
    ["check"],
    ["show", "s1"],
    ["doctor"],
    ["repair", "--all", "--dry-run"],
    ["repair", "--all", "--yes"],
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a sound store; the file is never opened again."""
    folder = builders.home(tmp_path_factory.mktemp("whole"))
    with closing(builders.db(folder)) as db:
        for number in range(6):
            builders.store(db, f"s{number}", builders.talk(120))
    with closing(apsw.Connection(str(folder / "state.db"))) as connection:
        connection.pragma("journal_mode", "delete")
    return (folder / "state.db").read_bytes()


def damaged(whole: bytes, random: Random) -> bytes:
    """The same store with some pages overwritten, or its end cut off."""
    if random.random() < 0.15:
        return whole[: random.randrange(100, len(whole))]
    data = bytearray(whole)
    for _ in range(random.choice((1, 2, 5, 30))):
        size = random.choice((1, 8, 64, PAGE))
        start = random.randrange(1, len(data) // PAGE) * PAGE
        data[start : start + size] = random.choice((bytes(size), b"\xff" * size, random.randbytes(size)))
    return bytes(data)


FAST = 3
"""Seeds of the fast loop."""


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=() if seed < FAST else pytest.mark.slow) for seed in range(24)]
)
def test_no_damage_ends_in_a_traceback(
    tmp_path: Path, whole: bytes, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutant: a doctor that lets a damaged index fail while its texts are cut raises apsw's own error at seed 8."""
    folder = builders.home(tmp_path)
    builders.jsonl(folder, "s1", builders.talk(130))
    (folder / "state.db").write_bytes(damaged(whole, Random(seed)))
    for verb in VERBS:
        code = main(["--home", str(folder), *verb])
        said = capsys.readouterr()
        assert code in (0, 1, 2), verb
        assert code != 2 or said.err.startswith("hermes-tui: "), verb


def test_a_search_without_a_store_that_finds_nothing_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutant: where the words that were meant are asked of a store that is not there, the search itself fails."""
    folder = builders.home(tmp_path)
    builders.jsonl(folder, "only_file", builders.talk(2))

    assert main(["--home", str(folder), "search", "walrus"]) == 0
    assert "0 hits" in capsys.readouterr().out
    with closing(SessionDB(folder / "state.db", read_only=True)) as db:
        assert db.meant("walrus") == {}


@pytest.mark.slow
def test_a_session_with_a_damaged_page_and_a_shorter_file_is_read_as_far_as_it_can(
    tmp_path: Path, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutants: the rows are counted by their roles alone, which stand on the damaged page; an export says nothing."""
    folder = builders.home(tmp_path)
    (folder / "state.db").write_bytes(whole)
    pages = sqlite_files.leaves(folder / "state.db", "messages")
    sqlite_files.smash(folder / "state.db", pages[1])
    builders.jsonl(folder, "s0", builders.talk(5))

    for verb in (["show", "s0"], ["export", "s0", "-o", "-"]):
        assert main(["--home", str(folder), *verb]) == 0
        said = capsys.readouterr()
        assert "message 0" in said.out
        assert "messages cannot be read" in said.err
