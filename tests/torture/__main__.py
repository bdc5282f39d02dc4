"""`python -m tests.torture [--full]`: everything, as a Markdown table with seed and commit; exit code 1 for a find."""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from tests.torture import (
    crowd,
    exhaustion,
    forks,
    holds,
    hostile_files,
    interrupts,
    kills,
    linear,
    mutants,
    peer,
    power,
    programs,
    recorder_crowd,
    repair_kills,
    strangers,
    sweep,
    trash_kills,
)
from tests.torture.history import run as history

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

ROOT = Path(__file__).parents[2]

LARGE_ROUNDS = 5
"""Rounds from which a crowd is measured on a large store."""

Row = tuple[str, str, str, int]
"""What was done, its size, what was found, and how many things were wrong."""


def main() -> int:
    """Run the sections, print a row as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="the sizes that are published: about half an hour on two cores"
    )
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--size", type=int, help="kills, images, seconds or examples, in place of the usual number")
    parser.add_argument("--seed", type=int, default=20_260_401)
    given = parser.parse_args()
    began = time.time()
    print(
        f"Commit `{commit()}`, seed {given.seed}, SQLite {apsw.sqlite_lib_version()}, Python {sys.version.split()[0]}\n"
    )
    print("| what | size | found | wrong |\n|---|---|---|---|", flush=True)
    wrong = 0
    for name in [given.only] if given.only else SECTIONS:
        small, full, section = SECTIONS[name]
        size = given.size or (full if given.full else small)
        for what, much, found, bad in section(size, given.seed):
            print(f"| {what} | {much} | {found} | {bad} |", flush=True)
            wrong += bad
    print(f"\n{time.time() - began:.0f} seconds, {wrong} wrong")
    return 1 if wrong else 0


def commit() -> str:
    """What is tested."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def _sweep(step: int, seed: int) -> Iterator[Row]:
    del seed
    for name, journal, tally in sweep.run(step=step):
        found = f"{tally.typed} typed errors, {tally.survived} went through all the same"
        yield f"every I/O operation failed: {name}, {journal}", f"{tally.cases} faults", found, len(tally.wrong)


def _power(images: int, seed: int) -> Iterator[Row]:
    for journal, share in (("wal", 0.8), ("delete", 0.2)):
        found = power.run(images=int(images * share), synchronous="FULL", journal=journal, seed=seed)
        told = f"{found.lost} lost, {found.doubled} doubled, {found.partial} partial, {found.corrupt} corrupt"
        bad = found.lost + found.doubled + found.partial + found.corrupt
        yield f"power lost, {journal}, FULL", f"{found.images} images", told, bad
    control = power.run(images=images // 10, synchronous="NORMAL", journal="wal", seed=seed)
    told = f"{control.lost} lost: so the test can see a loss"
    yield "the same with NORMAL, which must lose", f"{control.images} images", told, int(not control.lost)


def _kills(number: int, seed: int) -> Iterator[Row]:
    for writers in (1, 4, 16):
        for at_writes in (False, True):
            found = kills.run(kills=number // 6 + 1, writers=writers, at_writes=at_writes, seed=seed + writers)
            when = "in the middle of a write" if at_writes else "at random"
            told = (
                f"{found.acknowledged} acknowledged, {found.lost} lost, {found.doubled} doubled,"
                f" {found.checks} full checks, {len(found.faults)} complaints"
            )
            bad = found.lost + found.doubled + len(found.faults)
            yield f"kill -9 of {writers} appenders {when}", f"{found.kills} kills", told, bad
            for fault in found.faults[:3]:
                print(fault, file=sys.stderr)


def _crowd(seconds: int, seed: int) -> Iterator[Row]:
    found = crowd.run(seconds=seconds, seed=seed)
    told = (
        f"{found.appends} appends, {found.searches} searches, {found.kills} kills, {found.lost} lost,"
        f" {found.doubled} doubled, {found.errors} errors, WAL at most {found.largest_wal / 1e6:.1f} MB,"
        f" longest lock {found.longest_lock * 1000:.0f} ms"
    )
    bad = found.lost + found.doubled + found.errors + len(found.faults) + (found.largest_wal > 16e6)
    yield "8 appenders that think, 2 searchers, a browser, a killer", f"{seconds} s", told, int(bad)


def _peer(seconds: int, seed: int) -> Iterator[Row]:
    what = "hermes-agent 0.19.0 and we, who browse and repair too, on one file"
    if not peer.PYTHON:
        yield what, "left out", "HERMES_019_PYTHON names no interpreter", 0
        return
    found = peer.run(seconds=seconds, seed=seed)
    told = (
        f"{found.ours} of ours and {found.peers} of its appends, {found.repairs} repairs"
        f" ({found.gave_way} gave way to it), {found.kills} kills, {found.lost} lost for either,"
        f" {found.doubled} doubled, {found.errors} errors, {len(found.faults)} complaints"
    )
    for fault in found.faults[:3]:
        print(fault[:2000], file=sys.stderr)
    yield what, f"{seconds} s", told, found.lost + found.doubled + found.errors + len(found.faults)


def _interrupts(step: int, seed: int) -> Iterator[Row]:
    for found in interrupts.run(step=step, seed=seed):
        told = f"{found.written} written all the same, every next call right" if not found.wrong else str(found.wrong)
        for complaint, number in found.first.items():
            print(f"{found.what}, bytecode {number}: {complaint}", file=sys.stderr)
        every = step * interrupts.LONG.get(found.what, 1)
        which = "every bytecode" if every == 1 else f"every {every}th bytecode"
        what = f"an exception at {which} of {interrupts.CALLS[found.what]}"
        yield what, f"{found.interrupts} exceptions", told, found.wrong.total()


def _repairs(number: int, seed: int) -> Iterator[Row]:
    found = programs.answer(lambda: repair_kills.run(number, seed))
    told = (
        f"{found.midway} of them midway, {found.appended} appends of the agent beside it,"
        f" {found.finished} finished, {found.undone} undone"
    )
    yield "kill -9 of repairs and undos beside an agent", f"{found.kills} kills", told, len(found.wrong)
    for fault in found.wrong[:3]:
        print(fault[:2000], file=sys.stderr)


def _trash(number: int, seed: int) -> Iterator[Row]:
    found = programs.answer(lambda: trash_kills.run(number, seed))
    told = f"{found.midway} of them midway, {found.appended} appends of a writer beside it, {found.cycles} homes"
    yield "kill -9 of deletions and undos beside a writer", f"{found.kills} kills", told, len(found.wrong)
    for fault in found.wrong[:3]:
        print(fault[:2000], file=sys.stderr)


def _holds(rows: int, seed: int) -> Iterator[Row]:
    del seed
    for journal in ("wal", "delete"):
        for held in holds.run(rows=rows, journal=journal):
            lock = held.what if held.what.startswith("a critical") else f"write lock: {held.what}"
            told = (
                f"median {held.median * 1000:.1f} ms, p99 {held.p99 * 1000:.1f} ms,"
                f" longest {held.longest * 1000:.1f} ms ({held.by})"
            )
            late = held.what in holds.MAINTENANCE and held.p99 > holds.LONGEST_MAINTENANCE
            yield f"{lock}, {rows} messages, {journal}", f"{held.times} times", told, int(late)


def _machine(examples: int, seed: int) -> Iterator[Row]:
    steps = 40
    trouble = programs.answer(lambda: _states(examples, steps, seed))
    yield "hypothesis against a dict", f"{examples} runs of up to {steps} steps", trouble or "equal", int(bool(trouble))


def _states(examples: int, steps: int, seed: int) -> str:
    from tests.torture.machine import StoreMachine

    return _run_machine(StoreMachine, examples, steps, seed)


def _run_machine(machine: type[RuleBasedStateMachine], examples: int, steps: int, seed: int) -> str:
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    chosen = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=chosen)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
        return f"{type(error).__name__}: {error}"[:300]
    return ""


def _recorder(examples: int, seed: int) -> Iterator[Row]:
    steps = 30
    trouble = programs.answer(lambda: _agents(examples, steps, seed))
    what = "four recorders, a plain writer, locks, crashes, in one program, against what was said"
    yield what, f"{examples} runs of up to {steps} steps", trouble or "equal", int(bool(trouble))
    found = recorder_crowd.run(rounds=max(4, examples // 10), seconds=3 if examples > 1 else 1.5, seed=seed)
    told = (
        f"{found.messages} messages, {found.kills} kills, {found.refused} calls met a lock, {found.compactions}"
        f" compactions, {found.replays} files replayed, {len(found.faults)} agents with a message lost, doubled or out"
        " of order"
    )
    yield (
        "one to four recorders in programs of their own, a plain writer, a killer",
        f"{found.rounds} sessions",
        told,
        len(found.faults),
    )
    for fault in found.faults[:3]:
        print(fault[:2000], file=sys.stderr)


def _agents(examples: int, steps: int, seed: int) -> str:
    from tests.torture.recorder_machine import RecorderMachine

    return _run_machine(RecorderMachine, examples, steps, seed)


def _waits(rounds: int, seed: int) -> Iterator[Row]:
    """Ratios of one run; wrong is a wait longer than half of the peer's, and a median over three times that alone."""
    del seed
    from tests.benchmarks import contention

    large = rounds >= LARGE_ROUNDS
    kinds = ["ours", "jitter", "bare", *(["peer"] if peer.PYTHON else [])]
    with tempfile.TemporaryDirectory(prefix="waits-") as name:
        folder = Path(name)
        rows = 20_000 if large else 2_000
        programs.answer(lambda: crowd.seeded(folder / "seed" / "state.db", 8, rows=rows))
        crowds = contention.crowded(folder, kinds, rounds, 8, 100 if large else 20)
        middle = {
            kind: [statistics.median(column) for column in zip(*found, strict=True)] for kind, found in crowds.items()
        }
        for kind, (p50, p99, worst, rate) in middle.items():
            told = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms, {rate:.0f} appends/s"
            yield (
                f"8 writers that think, 2 searchers, {rows} messages: {contention.NAMES[kind]}",
                f"{rounds} rounds",
                told,
                0,
            )
        yield from _ratios(middle)
        shutil.rmtree(folder / "seed")
        rows = 200_000 if large else 2_000
        programs.answer(lambda: crowd.seeded(folder / "seed" / "state.db", 8, rows=rows))
        for kind in kinds[:1] + kinds[3:]:
            alone, beside = contention.besides(folder, kind, rounds, 40)
            told = f"median {alone:.2f} ms alone, {beside:.2f} ms beside a search: {beside / alone:.1f} times"
            what = f"an append beside a search of the commonest word, {rows} messages: {contention.NAMES[kind]}"
            yield what, f"{rounds} rounds", told, int(kind == "ours" and large and beside > 3 * alone)


def _ratios(middle: dict[str, list[float]]) -> Iterator[Row]:
    for kind in ("ours", "jitter"):
        wrong, told = 0, f"throughput {middle[kind][3] / middle['bare'][3]:.2f} of the bare loop's (target 1)"
        if "peer" in middle:
            p99, worst = (middle[kind][place] / middle["peer"][place] for place in (1, 2))
            told = f"p99 {p99:.2f} and worst {worst:.2f} of the peer's (target 0.5), {told}"
            wrong = int(kind == "ours" and max(p99, worst) > 0.5)
        yield f"the same as ratios: {'ours, with the queue' if kind == 'ours' else 'jitter alone'}", "", told, wrong


VISITS = {
    "between": "comes, goes, or comes and goes between our transactions",
    "beside": "comes and goes at any time beside them",
    "inside": "comes and goes inside one",
}


def _foreign(rounds: int, seed: int) -> Iterator[Row]:
    for found in strangers.run(rounds=rounds, seed=seed):
        told = (
            f"{found.acknowledged} acknowledged, {found.raised} raised, {found.missed} not noticed, {found.lost} lost,"
            f" {found.others_lost} of another agent's {found.others} lost, {len(found.faults)} complaints"
        )
        for fault in found.faults[:3]:
            print(fault, file=sys.stderr)
        wrong = found.missed + found.lost + found.others_lost + len(found.faults)
        yield f"another SQLite in our process {VISITS[found.when]}", f"{found.visits} visits", told, wrong


def _forks(number: int, seed: int) -> Iterator[Row]:
    found = forks.run(forks=number, seed=seed)
    told = (
        f"{found.acknowledged} acknowledged, {found.lost} lost, {found.refused} children refused where a connection was"
        f" in use, {found.wrong} wrong refusals, {len(found.faults)} complaints"
    )
    what = "forks of a parent that closes, dies, writes on, reads or writes"
    yield what, f"{found.forks} forks", told, found.lost + found.wrong + len(found.faults)


def _descriptors(moments: int, seed: int) -> Iterator[Row]:
    found = exhaustion.run(moments=moments, seed=seed)
    told = (
        f"{found.acknowledged} acknowledged, {found.lost} lost, {found.refused} typed errors meanwhile, {found.wrong}"
        f" other errors or failures later, {len(found.faults)} complaints"
    )
    what = f"0 to {exhaustion.FREE} descriptors left for a moment"
    yield what, f"{found.moments} times", told, found.lost + found.wrong + len(found.faults)


def _regex(size: int, seed: int) -> Iterator[Row]:
    del seed
    for what, tried, finalists in (("pattern", linear.patterns(), 0), ("function", linear.functions(), 2)):
        found = linear.run(tried, size=size, finalists=finalists)
        for fault in found.wrong:
            print(fault, file=sys.stderr)
        told = (
            f"{found.calls} runs of one piece, the time per character grew {found.worst:.1f} times at most from"
            f" {linear.SMALL:,} characters on, {len(found.wrong)} grew more than {linear.MOST:.0f} times"
        )
        yield f"every {what} that sees stored text", f"{found.subjects} on {size:,} characters", told, len(found.wrong)


def _hostile(number: int, seed: int) -> Iterator[Row]:
    del seed
    found = hostile_files.run([*hostile_files.FILES, *hostile_files.RAW][:number])
    told = (
        f"{found.verbs} verbs, {found.refused} refused with a line, the longest took {found.slowest:.1f} s of CPU, the"
        f" largest {found.largest} MB"
    )
    for fault in found.wrong:
        print(fault, file=sys.stderr)
    yield "crafted files under every verb", f"{found.files} files", told, len(found.wrong)


GUARDS = {
    "a foreign handle, a fork, used-up descriptors": (
        "tests/store/sqlite/base/test_descriptors.py",
        "tests/store/sqlite/base/test_foreign_handle_guard.py",
        "tests/store/sqlite/test_forks.py",
        "tests/store/sqlite/test_strangers.py",
    ),
    "a damaged index, each shadow table, layouts B, C1, C3": ("tests/store/sqlite/test_damaged_index.py",),
    "a file that was replaced, a spool, network mounts, a queue": (
        "tests/store/agent/test_keyed_append.py",
        "tests/store/files/test_outbox.py",
        "tests/store/sqlite/base/test_filesystems.py",
        "tests/store/sqlite/connect/test_writer_queue.py",
        "tests/store/sqlite/test_under_fire.py",
    ),
    "a file of ours opened by hermes-agent 0.19.0 without migration": ("tests/interop/test_hermes_019.py",),
}


def _guards(_: int, seed: int) -> Iterator[Row]:
    """What is no matter of numbers, as tests."""
    del seed
    for what, files in GUARDS.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        yield what, f"{len(files)} files", done.stdout.strip().splitlines()[-1].strip("= "), int(done.returncode != 0)


def _mutants(number: int, seed: int) -> Iterator[Row]:
    del seed
    chosen = mutants.MUTANTS[:number]
    alive = []
    for mutant in chosen:
        told = mutants.survives(mutant)
        if told is not None:
            alive.append(mutant.name)
            print(f"{mutant.name}: {told}", file=sys.stderr)
    found = f"{len(chosen) - len(alive)} caught" + (f", alive: {', '.join(alive)}" if alive else "")
    yield "guards taken away", f"{len(chosen)} mutants", found, len(alive)


def _history(sessions: int, seed: int) -> Iterator[Row]:
    found = history.run_all(sessions, seed)
    told = (
        f"{found.repaired} repaired and undone in files, {len(found.examples)} complaints,"
        f" {found.untold} in an order that nothing could tell"
    )
    for example in found.examples[:5]:
        print(example, file=sys.stderr)
    too_many = int(found.untold > sessions // 500)
    yield (
        "sessions of known conversations, compared",
        f"{found.sessions} sessions",
        told,
        len(found.examples) + too_many,
    )
    one_sided = f"{found.one_sided_refused} of {found.one_sided} refused"
    yield "those that only one side has more of", f"{found.one_sided} sessions", one_sided, found.one_sided_refused
    for loss, ordered in sorted(found.ordered.items()):
        share = found.refused[loss] / ordered
        told = f"{found.refused[loss]} refused ({share:.1%}; at most 15 %), of {found.two_sided[loss]} that diverged"
        yield f"ordered ones at losses of {loss:.0%} a side", f"{ordered} sessions", told, int(share > 0.15)


Section = Callable[[int, int], Iterator[Row]]

SECTIONS: dict[str, tuple[int, int, Section]] = {
    "sweep": (7, 1, _sweep),
    "power": (500, 10_000, _power),
    "kills": (96, 10_000, _kills),
    "interrupts": (503, 1, _interrupts),
    "repairs": (60, 1_000, _repairs),
    "trash": (20, 2_000, _trash),
    "crowd": (5, 60, _crowd),
    "peer": (5, 600, _peer),
    "foreign": (10, 1_000, _foreign),
    "forks": (20, 1_000, _forks),
    "descriptors": (30, 2_000, _descriptors),
    "hostile": (100, 100, _hostile),
    "regex": (16_384, 1_000_000, _regex),
    "machine": (20, 1_000, _machine),
    "recorder": (20, 1_000, _recorder),
    "holds": (2_000, 100_000, _holds),
    "waits": (1, LARGE_ROUNDS, _waits),
    "history": (1_000, 100_000, _history),
    "guards": (1, 1, _guards),
    "mutants": (3, len(mutants.MUTANTS), _mutants),
}
"""Its size small and full; of the sweep and the interrupts, every so many operations or bytecodes."""

if __name__ == "__main__":
    sys.exit(main())
