"""The small sizes of `python -m tests.torture`; the full ones are published in tests/torture/RESULTS.md."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from store import SessionDB
from store.sqlite.connect import lock_holders
from tests import builders
from tests.store import sqlite_files
from tests.torture import mutants, power, sweep
from tests.torture.machine import StoreMachine
from tests.torture.recorder_machine import RecorderMachine

ROOT = Path(__file__).parents[2]


def in_a_fresh_program(section: str, *, timed: bool = False, **sizes: int) -> str:
    """Run one section of the harness where nothing else is open: it forks.

    What is `timed` may be too late on a busy machine, and that is exit code 1.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--only", section, *(f"--{name}={n}" for name, n in sizes.items())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in ((0, 1) if timed else (0,)), done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_operation_that_fails_is_told_and_costs_nothing() -> None:
    for name, journal, tally in sweep.run(step=41):
        assert tally.wrong == [], f"{name} in {journal}"
        assert tally.cases > 4


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_lost_power_costs_nothing_that_was_acknowledged(journal: str) -> None:
    found = power.run(images=120, synchronous="FULL", journal=journal, seed=3)

    assert (found.images, found.lost, found.doubled, found.partial, found.corrupt) == (120, 0, 0, 0, 0), found


@pytest.mark.slow
def test_the_same_with_less_syncing_loses_some() -> None:
    assert power.run(images=100, synchronous="NORMAL", journal="wal", seed=3).lost > 10


@pytest.mark.slow
def test_killed_appenders_lose_and_double_nothing() -> None:
    in_a_fresh_program("kills", size=64)


@pytest.mark.slow
def test_an_exception_at_any_bytecode_costs_the_next_calls_nothing() -> None:
    in_a_fresh_program("interrupts", size=397)


@pytest.mark.slow
def test_a_crowd_loses_nothing_and_nobody_errs() -> None:
    in_a_fresh_program("crowd", size=2)


@pytest.mark.slow
@pytest.mark.parametrize("section", ["foreign", "forks", "descriptors"])
def test_strangers_forks_and_used_up_descriptors_cost_nothing_that_was_acknowledged(section: str) -> None:
    in_a_fresh_program(section, size=6)


@pytest.mark.slow
def test_what_is_held_and_how_long_is_measured() -> None:
    """How long is no business of the gate."""
    command = [sys.executable, "-m", "tests.torture", "--only", "holds", "--size", "400"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False).stdout

    for journal in ("wal", "delete"):
        assert f"a critical section of a search or a list, 400 messages, {journal}" in told
        assert f"write lock: a step of a repair, 400 messages, {journal}" in told


@pytest.mark.slow
@pytest.mark.peer("HERMES_019_PYTHON")
def test_hermes_and_we_on_one_file_lose_nothing_of_either() -> None:
    in_a_fresh_program("peer", size=5)


@pytest.mark.slow
def test_the_store_does_what_a_dict_does() -> None:
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_recorders_do_what_their_agents_say() -> None:
    run_state_machine_as_test(
        RecorderMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_recorders_in_programs_of_their_own_lose_and_double_nothing() -> None:
    in_a_fresh_program("recorder", size=1)


@pytest.mark.slow
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_no_verb_drops_a_lock(tmp_path: Path, journal: str) -> None:
    """Whatever is read while this process writes, its write lock stays: no descriptor of the file is closed by us."""
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s1", builders.talk(30))
    database.close()
    sqlite_files.run(database.path, f"PRAGMA journal_mode = {journal}")
    database = SessionDB(database.path)
    held, go = threading.Event(), threading.Event()

    def write() -> None:
        def work(_: object) -> None:
            held.set()
            assert go.wait(60)

        database.store.write(work)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert held.wait(60)
        other = SessionDB(database.path, read_only=True)
        questions = (
            lambda: list(other.health()),
            lambda: list(other.search("message")),
            other.recent,
            lambda: other.heads("s1"),
            lambda: list(other.checks()),
            lambda: other.search_messages("message"),
            other.export_all,
            other.close,
        )
        for question in questions:
            question()
            assert lock_holders.write_lock_holder(database.path) is not None
    finally:
        go.set()
        thread.join()


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_has_its_guard(mutant: mutants.Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.guard) == 1
