"""The ledger, `python -m tests.benchmarks [--size S|M] [--homes FOLDER]`: every operation of it beside its limit.

It makes seeded homes and writes the table into RESULTS.md, the figures into ledger.json, the growth into growth.svg.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw

from tests.benchmarks import growth
from tests.benchmarks.homes import Size, build
from tests.benchmarks.ledger import Measured, measure
from tests.benchmarks.operations import ROOT, Operations, write_files

RESULTS = Path(__file__).with_name("RESULTS.md")
BEGIN, END = "<!-- ledger -->\n", "<!-- /ledger -->\n"
SEED = 7
SIZES = {"S": (100, 200, 400), "M": (2_500, 5_000, 10_000)}
"""Sessions of the homes of a size, five messages each; the last one has every row, the others the growth."""
MESSAGES = 5


def made(folder: Path, sessions: int) -> Path:
    """A home of so many sessions, and in its folder `files` the same with JSONL files; made unless they are there."""
    place = folder / str(sessions)
    (place / "files").mkdir(parents=True, exist_ok=True)
    for home in (place, place / "files"):
        build(home, Size(sessions, sessions * MESSAGES, (sessions // 2,)), seed=SEED)
    write_files(place / "files")
    return place


def run(size: str, homes: Path, runs: int) -> tuple[list[Measured], list[tuple[int, Measured]]]:
    """Every row of the largest home, and `list` on each."""
    with TemporaryDirectory() as caches:
        grown = []
        for sessions in SIZES[size]:
            operations = Operations(made(homes, sessions), Path(caches) / str(sessions))
            grown.append((sessions, measure(operations.listing(), runs)))
        operations.remember()
        return [measure(row, runs) for row in operations.rows()], grown


def table(size: str, rows: Sequence[Measured]) -> str:
    """The section of RESULTS.md."""
    sessions = SIZES[size][-1]
    notes = [f"- {measured.row.name}: {measured.row.note}." for measured in rows if measured.row.note]
    lines = [
        f"## Ledger, size {size}: {sessions:,} sessions, {sessions * MESSAGES:,} messages, as many JSONL files",
        "",
        f"Made by `python -m tests.benchmarks --size {size}`, seed {SEED}, {_circumstances()}.",
        "CPU milliseconds, median ± half of the distance of the quartiles, wall time in brackets; both sides in turn.",
        "",
        "| what | ours | against | ratio | limit | |",
        "|---|---|---|---|---|---|",
        *(measured.as_line() for measured in rows),
        "",
        *notes,
        "",
        "![growth](growth.svg)",
        "",
    ]
    return "\n".join(lines)


def _circumstances() -> str:
    """Versions, commit, load, and whether bytecode was there."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    compiled = Path(importlib.util.cache_from_source(str(ROOT / "store" / "session_db.py"))).exists()
    facts = (
        f"commit {commit}",
        f"Python {platform.python_version()}",
        f"SQLite {apsw.sqlite_lib_version()}",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        f"bytecode {'' if compiled else 'not '}compiled",
    )
    return ", ".join(facts)


def replaced(text: str, section: str) -> str:
    """The results with another ledger; what other benchmarks wrote stays."""
    before, found, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if found else ""
    return f"{before.rstrip()}\n\n{BEGIN}{section}{END}{after}"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--homes", type=Path, help="keep the homes here, and take those that are there")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        rows, grown = run(asked.size, asked.homes or Path(folder), asked.runs)
    RESULTS.write_text(replaced(RESULTS.read_text(), table(asked.size, rows)))
    figures = {"size": asked.size, "seed": SEED, "rows": [measured.as_object() for measured in rows]}
    RESULTS.with_name("ledger.json").write_text(json.dumps(figures, indent=1) + "\n")
    points = [(sessions, measured.ours.median) for sessions, measured in grown]
    bare = [(sessions, measured.other.median) for sessions, measured in grown if measured.other is not None]
    RESULTS.with_name("growth.svg").write_text(growth.plot({"list": points, "bare statement": bare}))
    print("\n".join(measured.as_line() for measured in rows))


if __name__ == "__main__":
    main()
