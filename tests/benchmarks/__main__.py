"""The ledger, `python -m tests.benchmarks [--size S|M|L] [--homes FOLDER]`: every operation of it beside its limit.

It makes seeded homes and writes the table into RESULTS.md, the figures into ledger.json, the growth into growth.svg.
A run of the size of the one before says which rows of both agree within their spread.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw

from tests.benchmarks import growth, odd_shapes, screen, store_rows
from tests.benchmarks.homes import Size, build
from tests.benchmarks.ledger import Gauge, Measured, agree, measure
from tests.benchmarks.operations import ROOT, Operations, write_files

RESULTS = Path(__file__).with_name("RESULTS.md")
README = ROOT / "README.md"
BEGIN, END = "<!-- ledger -->\n", "<!-- /ledger -->\n"
SEED = 7
SIZES = {"S": (100, 200, 400), "M": (2_500, 5_000, 10_000), "L": (5_000, 10_000, 20_000)}
"""Sessions of the homes of a size, five messages each; the last one has every row, the others the growth."""
MESSAGES = 5
SCREENS = 3
"""Runs of a row of the screen at most: each is a minute of keys."""
ODD = {"S": 300, "M": 3_000, "L": 20_000}
"""Sessions of the odd shapes."""


def made(folder: Path, sessions: int) -> Path:
    """A home of so many sessions, and in its folder `files` the same with JSONL files; made unless they are there."""
    place = folder / str(sessions)
    (place / "files").mkdir(parents=True, exist_ok=True)
    for home in (place, place / "files"):
        build(home, Size(sessions, sessions * MESSAGES, (sessions // 2,)), seed=SEED)
    write_files(place / "files")
    return place


Measurement = Measured | Gauge
Series = dict[str, list[tuple[float, float]]]


def run(size: str, homes: Path, runs: int) -> tuple[list[Measurement], Series]:
    """Every row of the largest home, and the growth from a quarter over a half to the whole."""
    with TemporaryDirectory() as caches:
        grown: Series = {"list": [], "the bare statement, printed": []}
        for sessions in SIZES[size]:
            operations = Operations(made(homes, sessions), Path(caches) / str(sessions))
            listed, share = measure(operations.listing(), runs), sessions / SIZES[size][-1]
            grown["list"].append((share, listed.ours.median))
            grown["the bare statement, printed"].append((share, listed.other.median if listed.other else 0.0))
        operations.remember()
        largest = made(homes, SIZES[size][-1])
        found: list[Measurement] = [measure(row, runs) for row in operations.rows()]
        found += [measure(row, runs) for row in store_rows.rows(largest, SIZES[size][-1])]
        found += [measure(row, runs) for row in screen.start(largest)]
        found += [measure(store_rows.drawn(size), 1), *store_rows.repaired(size)]
        found += screen.gauges(homes / "odd", size, min(runs, SCREENS), indexed=largest)
        gc.collect()
        gc.freeze()  # what was measured before is no cost of these
        halves = [measure(row, runs) for row in odd_shapes.rows(homes / "odd", ODD[size] // 2)]
        wholes = [measure(row, runs) for row in odd_shapes.rows(homes / "odd", ODD[size])]
        for half, whole in zip(halves, wholes, strict=True):
            if half.other is not None and whole.row.limit == odd_shapes.LINEAR:
                medians = (half.other.median, half.ours.median, whole.ours.median)
                grown[whole.row.name] = list(zip((0.25, 0.5, 1.0), medians, strict=True))
        return [*found, *wholes], grown


def table(size: str, rows: Sequence[Measurement], said: str) -> str:
    """The section of RESULTS.md."""
    sessions = SIZES[size][-1]
    notes = [f"- {measured.name}: {measured.note}." for measured in rows if measured.note]
    lines = [
        f"## Ledger, size {size}: {sessions:,} sessions, {sessions * MESSAGES:,} messages, as many JSONL files",
        "",
        f"Made by `python -m tests.benchmarks --size {size}`, seed {SEED}, {_circumstances()}.",
        "CPU milliseconds, else what the row says: the median and, as its spread, the lowest and the highest of all.",
        "Both sides run in turn, and a ratio is of two runs right behind each other.",
        said,
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


def compared(rows: Sequence[Measurement], before: dict[str, Any]) -> str:
    """The rows that agree with a ledger of the same size, and the names of those that do not."""
    known = {row["name"]: row.get("compared", []) for row in before.get("rows", ())}
    both = [row for row in rows if row.name in known]
    differ = [row.name for row in both if not agree(row.compared[1], known[row.name])]
    same = f"With the run before ({before.get('circumstances', 'none')}) {len(both) - len(differ)} of {len(both)} rows"
    told = f"; outside: {', '.join(differ)}" if differ else ""
    return f"{same} agree: their spreads overlap, or the medians are within a tenth{told}." if both else ""


def short(size: str, rows: Sequence[Measurement]) -> str:
    """The table of the README: what was measured beside its limit, and no more."""
    lines = ["| what | CPU ms, or as it says | against | limit | |", "|---|---|---|---|---|"]
    for row in rows:
        cells = [cell.strip() for cell in row.as_line().strip("|").split("|")]
        if isinstance(row, Gauge):
            figure, beside = f"{row.median:,.1f} {row.unit}", ""
        else:
            figure = f"{row.ours.median:,.1f}"
            beside = cells[2] if row.ratio is None else f"{row.row.against}, {row.ratio:.2f}×"
        lines.append(f"| {cells[0]} | {figure} | {beside} | {cells[4]} | {cells[5]} |")
    sessions = SIZES[size][-1]
    made_by = f"`python -m tests.benchmarks --size {size}`: {sessions:,} sessions, {sessions * MESSAGES:,} messages"
    return "\n".join([f"{made_by}, {_circumstances()}.", "", *lines, ""])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--homes", type=Path, help="keep the homes here, and take those that are there")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--screen", action="store_true", help="print the rows of the screen alone, and write nothing")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        if asked.screen:
            homes = asked.homes or Path(folder)
            indexed = made(homes, SIZES[asked.size][-1])
            for gauge in screen.gauges(homes / "odd", asked.size, asked.runs, indexed=indexed):
                print(gauge.as_line(), flush=True)
            return
        rows, grown = run(asked.size, asked.homes or Path(folder), asked.runs)
    ledger = RESULTS.with_name("ledger.json")
    before = json.loads(ledger.read_text()) if ledger.exists() else {}
    said = compared(rows, before) if before.get("size") == asked.size else ""
    RESULTS.write_text(replaced(RESULTS.read_text(), table(asked.size, rows, said)))
    README.write_text(replaced(README.read_text(), short(asked.size, rows)))
    figures = {"size": asked.size, "seed": SEED, "circumstances": _circumstances(), "growth": grown}
    figures["rows"] = [measured.as_object() for measured in rows]
    ledger.write_text(json.dumps(figures, indent=1) + "\n")
    RESULTS.with_name("growth.svg").write_text(growth.plot(grown))
    print("\n".join([*(measured.as_line() for measured in rows), said]))


if __name__ == "__main__":
    main()
