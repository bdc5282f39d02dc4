"""Measurements of the ledger: rows that are run in turn, with CPU time beside wall time, and what is compared."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import inf
from typing import NamedTuple, TypeAlias

Action = Callable[[], object]
SHORT, LONG = 0.5, 4.0
"""Seconds that the runs of a row take at least, and after which it has no more than two."""
MOST = 25
"""Runs of a row at most."""


class Cells(NamedTuple):
    """A row of the table of RESULTS.md, as text."""

    what: str
    ours: str
    against: str
    ratio: str
    limit: str
    judgement: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is started anew for each run; its output is read and dropped."""

    arguments: Sequence[str]
    environ: dict[str, str]

    def __call__(self) -> None:
        """Run it once; a failure is no measurement."""
        subprocess.run(self.arguments, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation beside what it is compared with.

    Args:
        limit: How many times the CPU time of the other it may take; 0 where there is no target.
        other: What it is compared with; None where that is not installed, which `against` then says.
        note: Where either does more or less work.
        most: CPU milliseconds that it may take at most, where no other stands beside it; None where there is none.
        times: How often ours is done in a run, of which each is counted; for what takes less than a millisecond.
        once: The other takes so long that it is done once, and not before that.
    """

    name: str
    ours: Action
    against: str
    other: Action | None
    limit: float
    note: str = ""
    most: float | None = None
    times: int = 1
    once: bool = False


@dataclass(slots=True)
class Times:
    """CPU and wall milliseconds of the runs of one action."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def run(self, action: Action, times: int = 1) -> None:
        """Run an action once; the CPU time of programs that it waits for is its own."""
        began, used = time.perf_counter(), _cpu()
        for _ in range(times):
            action()
        self.cpu.append((_cpu() - used) * 1000 / times)
        self.wall.append((time.perf_counter() - began) * 1000 / times)

    @property
    def median(self) -> float:
        """The median of the CPU time."""
        return statistics.median(self.cpu)

    def as_text(self) -> str:
        """`12.3 (11.9 to 14.0), wall 15.1`: median, spread from the lowest to the highest, wall."""
        wall = statistics.median(self.wall)
        return f"{self.median:,.1f} ({min(self.cpu):,.1f} to {max(self.cpu):,.1f}), wall {wall:,.1f}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A row with its times."""

    row: Row
    ours: Times
    other: Times | None

    @property
    def ratio(self) -> float | None:
        """The median of our CPU time by that of the other right behind it; None without one."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def ratios(self) -> Sequence[float]:
        """Our CPU time by that of the other, run by run."""
        if self.other is None:
            return ()
        others = repeat(self.other.cpu[0]) if self.row.once else self.other.cpu
        return [ours / max(other, 0.001) for ours, other in zip(self.ours.cpu, others, strict=False)]

    @property
    def name(self) -> str:
        """What was measured."""
        return self.row.name

    @property
    def note(self) -> str:
        """Where either does more or less work."""
        return self.row.note

    @property
    def compared(self) -> Sequence[float]:
        """What two ledgers are compared by: the ratios, else the times."""
        return self.ratios or self.ours.cpu

    @property
    def judgement(self) -> str:
        """`met`, `missed`, or that nothing could be compared."""
        if self.row.most is not None:
            return "met" if self.ours.median <= self.row.most else "missed"
        if self.ratio is None or not self.row.limit:
            return "not compared" if self.ratio is None else "no target"
        return "met" if self.ratio <= self.row.limit else "missed"

    @property
    def cells(self) -> Cells:
        """The row of the table."""
        other = self.row.against if self.other is None else f"{self.row.against}: {self.other.as_text()}"
        ratio = "–"
        if self.ratio is not None:
            ratio = f"{_times(self.ratio)}× ({_times(min(self.ratios))} to {_times(max(self.ratios))})"
        limit = f"≤ {self.row.limit:g}×" if self.row.limit else "–"
        limit = limit if self.row.most is None else f"≤ {self.row.most:,g} ms"
        return Cells(self.row.name, self.ours.as_text(), other, ratio, limit, self.judgement)

    @property
    def short(self) -> Sequence[str]:
        """The row of the table of the README."""
        beside = self.row.against if self.ratio is None else f"{self.row.against}, {_times(self.ratio)}×"
        return (self.row.name, f"{self.ours.median:,.1f}", beside, self.cells.limit, self.judgement)

    @property
    def figures(self) -> dict[str, object]:
        """What was measured, for scripts."""
        other = self.other or Times()
        ours: dict[str, object] = {"ours_cpu_ms": self.ours.cpu, "ours_wall_ms": self.ours.wall}
        return ours | {"other_cpu_ms": other.cpu, "other_wall_ms": other.wall}


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of our own beside its limit; inf where it stands beside others for comparison.

    Args:
        values: One for each run, or for each part of one; none for a peer that is not installed, as the note says.
        whole: The figure of all parts together; their median without it.
    """

    name: str
    unit: str
    most: float
    values: Sequence[float]
    note: str = ""
    whole: float | None = None

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.values) if self.whole is None else self.whole

    @property
    def judgement(self) -> str:
        """`met`, `missed`, or that there is no limit."""
        if not self.values:
            return "not compared"
        if self.most == inf:
            return "for comparison"
        return "met" if self.median <= self.most else "missed"

    @property
    def compared(self) -> Sequence[float]:
        """What two ledgers are compared by."""
        return self.values

    @property
    def cells(self) -> Cells:
        """The row of the table."""
        if not self.values:
            return Cells(self.name, "–", self.note, "–", "–", self.judgement)
        low, high = min(*self.values, self.median), max(*self.values, self.median)
        spread = f"{self.median:,.1f} {self.unit} ({low:,.1f} to {high:,.1f})"
        limit = "–" if self.most == inf else f"≤ {self.most:,.0f} {self.unit}"
        return Cells(self.name, spread, "", "–", limit, self.judgement)

    @property
    def short(self) -> Sequence[str]:
        """The row of the table of the README."""
        figure = f"{self.median:,.1f} {self.unit}" if self.values else "–"
        return (self.name, figure, "" if self.values else self.note, self.cells.limit, self.judgement)

    @property
    def figures(self) -> dict[str, object]:
        """What was measured, for scripts."""
        return {"unit": self.unit, "values": list(self.values)}


Measurement: TypeAlias = Measured | Gauge


def as_object(measured: Measurement) -> dict[str, object]:
    """A measurement for scripts, and the texts of its rows."""
    texts = {"cells": list(measured.cells), "short": list(measured.short), "note": measured.note}
    return {"name": measured.name, "compared": list(measured.compared), **texts, **measured.figures}


def agree(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the spreads of two ledgers overlap, or their medians are not further apart than a tenth."""
    if not one or not other:
        return one == other
    medians = statistics.median(one), statistics.median(other)
    low, high = max(min(one), min(other)), min(max(one), max(other))
    return low <= high or abs(medians[0] - medians[1]) <= max(medians) / 10


def measure(row: Row, runs: int) -> Measured:
    """Run both sides of a row in turn, after one run of each that is not counted unless it takes long.

    Args:
        row: What is measured.
        runs: How often; more where that takes no time, and two where it takes long.
    """
    ours, other, began = Times(), Times(), time.perf_counter()
    for number in range(-1, MOST):
        took = time.perf_counter() - began
        if number == 0 and took < LONG:
            ours, other, began = Times(), other if row.once else Times(), time.perf_counter()
        elif ((done := len(ours.cpu)) >= runs and took > SHORT) or (done > 1 and took > LONG):
            break
        ours.run(row.ours, row.times)
        if row.other is not None and not (row.once and other.cpu):
            other.run(row.other)
    print(f"{time.perf_counter() - began:7.1f} s  {row.name}", file=sys.stderr, flush=True)
    return Measured(row, ours, other if row.other is not None else None)


def _times(ratio: float) -> str:
    """A ratio with two digits that say something."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _cpu() -> float:
    """Seconds of CPU time of this process and of those that it waited for."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
