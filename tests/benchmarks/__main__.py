"""The ledger, `python -m tests.benchmarks [--size S|M|L] [--homes FOLDER]`: every operation of it beside its limit.

It makes seeded homes and writes the table of its size into RESULTS.md, the figures into ledger.json, and, for the
largest size that has been run, the short table into README.md and the growth into growth.svg.
A run of the size of the one before says which rows of both agree within their spread.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks import growth, ledger_text, odd_files, odd_shapes, screen, store_rows
from tests.benchmarks.homes import SIZES, Size, build
from tests.benchmarks.ledger import Measured, Measurement, as_object, measure
from tests.benchmarks.ledger_text import ROOT, SEED
from tests.benchmarks.odd_shapes import Shape
from tests.benchmarks.operations import Operations, write_files

RESULTS = Path(__file__).with_name("RESULTS.md")
LEDGER, PLOT = RESULTS.with_name("ledger.json"), RESULTS.with_name("growth.svg")
README = ROOT / "README.md"
FILES = {"S": 1_000, "M": 10_000, "L": 10_000}
"""JSONL files of the home that ripgrep reads, five messages each."""
FEW = 200
RUNS = 5
PARTS = ("operations", "start", "screen", "odd")


class Ledger:
    """One run.

    Args:
        size: S, M or L.
        homes: Where the homes are made, unless they are there.
        runs: How often a row is measured.
    """

    def __init__(self, size: str, homes: Path, runs: int) -> None:
        self._size, self._homes, self._runs = size, homes, runs
        self._odd = odd_shapes.SIZES[size]
        self.grown: growth.Series = {}
        """CPU milliseconds by what was done, for the sizes of homes and of odd shapes."""

    def rows(self, parts: Sequence[str]) -> Iterator[Measurement]:
        """Every row of some parts."""
        with TemporaryDirectory() as caches:
            if "operations" in parts:
                yield from self._operations(Path(caches))
        if "start" in parts:
            yield from self._measured(screen.start(self._home(self._size)))
            yield measure(store_rows.drawn(self._size), self._runs)
            yield from store_rows.repaired(self._size)
        if "screen" in parts:
            yield from screen.gauges(self._homes / "odd", self._odd, min(self._runs, 3), indexed=self._home(self._size))
        if "odd" in parts:
            yield from self._odd_shapes()

    def _operations(self, caches: Path) -> Iterator[Measurement]:
        """Rows of the largest home; some are measured in smaller ones before, which the plot shows."""
        for size in list(SIZES)[: list(SIZES).index(self._size) + 1]:
            home, sessions = self._home(size), SIZES[size].sessions
            operations = Operations(home, caches / size)
            for measured in self._measured((*operations.growing(), *store_rows.hits(home))):
                self.grown.setdefault(measured.name, []).append((sessions, measured.ours.median))
                if size == self._size:
                    yield measured
        few = self._made(str(FEW), Size(FEW, FEW * 5, (50,)))
        yield from self._measured(operations.rows(self._files(), few))
        yield from self._measured(store_rows.rows(home))

    def _odd_shapes(self) -> Iterator[Measurement]:
        gc.collect()
        gc.freeze()  # what was measured before is no cost of these
        folder = self._homes / "odd"
        for shape in (*odd_shapes.rows(folder, self._odd), *odd_files.rows(folder, self._odd.files)):
            yield from self._grown(shape)
        if self._odd.files > odd_files.SMALL:
            for shape in odd_files.rows(folder, odd_files.SMALL):
                yield from self._grown(shape)
        yield odd_files.noticed(folder, self._odd.files)

    def _grown(self, shape: Shape) -> Iterator[Measured]:
        rows, points = shape.measured(self._runs)
        self.grown[shape.name] = points
        yield from rows

    def _measured(self, rows: Iterator[Any] | Sequence[Any]) -> Iterator[Measured]:
        for row in rows:
            yield measure(row, self._runs)

    def _home(self, size: str) -> Path:
        return self._made(size, SIZES[size])

    def _made(self, name: str, size: Size) -> Path:
        folder, began = self._homes / name, time.perf_counter()
        folder.mkdir(parents=True, exist_ok=True)
        build(folder, size, seed=SEED)
        if (took := time.perf_counter() - began) > 0.1:
            print(f"{took:7.1f} s  to make {folder}", file=sys.stderr, flush=True)
        return folder

    def _files(self) -> Path:
        number = FILES[self._size]
        folder = self._made(f"files-{number}", Size(number, number * 5, (number // 2,)))
        write_files(folder)
        return folder


def _record(size: str, found: Ledger, rows: Sequence[Measurement], minutes: float) -> None:
    """Put a run into the ledgers, in the place of the one before."""
    ledgers = json.loads(LEDGER.read_text()) if LEDGER.exists() else {}
    figures = {"circumstances": ledger_text.circumstances(), "minutes": minutes, "growth": found.grown}
    figures["said"] = ledger_text.compared(rows, ledgers.get(size, {}))
    ledgers[size] = figures | {"rows": [as_object(row) for row in rows]}
    LEDGER.write_text(_in_lines(ledgers))
    print(figures["said"])


def _in_lines(ledgers: dict[str, Any]) -> str:
    """JSON with a line for each value that is no object, so that two runs can be compared."""
    text = json.dumps(ledgers, indent=1, ensure_ascii=False)
    lists = re.compile(r"\[\n[^][{}]*\]")
    return lists.sub(lambda found: re.sub(r"\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text) + "\n"


def _write() -> None:
    """Write the documents and the plot from the ledgers."""
    ledgers = json.loads(LEDGER.read_text())
    results, size = RESULTS.read_text(), ledger_text.largest(ledgers)
    for each, ledger in ledgers.items():
        results = ledger_text.replaced(results, f"ledger {each}", ledger_text.table(each, ledger))
    RESULTS.write_text(results)
    README.write_text(ledger_text.replaced(README.read_text(), "ledger", ledger_text.short(size, ledgers[size])))
    PLOT.write_text(growth.plot(ledgers[size]["growth"]))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--homes", type=Path, help="keep the homes here, and take those that are there")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--part", choices=PARTS, help="print the rows of one part alone, and write nothing")
    parser.add_argument("--write", action="store_true", help="write the documents again from ledger.json")
    asked = parser.parse_args()
    if asked.write:
        _write()
        return
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        found, rows = Ledger(asked.size, asked.homes or Path(folder), asked.runs), list[Measurement]()
        for row in found.rows([asked.part] if asked.part else PARTS):
            rows.append(row)
            print(f"| {' | '.join(row.cells)} |", flush=True)
    if asked.part is None:
        _record(asked.size, found, rows, (time.perf_counter() - began) / 60)
        _write()


if __name__ == "__main__":
    main()
