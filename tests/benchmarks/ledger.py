"""Measurements of the ledger: rows that are run in turn, with CPU time beside wall time, and what is compared."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

Action = Callable[[], object]


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
    """

    name: str
    ours: Action
    against: str
    other: Action | None
    limit: float
    note: str = ""
    most: float | None = None


@dataclass(slots=True)
class Times:
    """CPU and wall milliseconds of the runs of one action."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def run(self, action: Action) -> None:
        """Run an action once; the CPU time of programs that it waits for is its own."""
        began, used = time.perf_counter(), _cpu()
        action()
        self.cpu.append((_cpu() - used) * 1000)
        self.wall.append((time.perf_counter() - began) * 1000)

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
        return [ours / max(other, 0.001) for ours, other in zip(self.ours.cpu, self.other.cpu, strict=True)]

    @property
    def name(self) -> str:
        """What was measured."""
        return self.row.name

    @property
    def note(self) -> str:
        """Where either does more or less work."""
        return self.row.note

    @property
    def compared(self) -> tuple[str, Sequence[float]]:
        """What two ledgers are compared by: the ratios, else the times."""
        return ("×", self.ratios) if self.ratios else ("ms", self.ours.cpu)

    @property
    def judgement(self) -> str:
        """`met`, `missed`, or that nothing could be compared."""
        if self.row.most is not None:
            return "met" if self.ours.median <= self.row.most else "missed"
        if self.ratio is None or not self.row.limit:
            return "not compared" if self.ratio is None else "no target"
        return "met" if self.ratio <= self.row.limit else "missed"

    def as_line(self) -> str:
        """The row of the table."""
        other = self.row.against if self.other is None else f"{self.row.against}: {self.other.as_text()}"
        ratio = "–"
        if self.ratio is not None:
            ratio = f"{self.ratio:.2f}× ({min(self.ratios):.2f} to {max(self.ratios):.2f})"
        limit = f"≤ {self.row.limit:g}×" if self.row.limit else "–"
        limit = limit if self.row.most is None else f"≤ {self.row.most:,g} ms"
        return f"| {self.row.name} | {self.ours.as_text()} | {other} | {ratio} | {limit} | {self.judgement} |"

    def as_object(self) -> dict[str, object]:
        """The same for scripts."""
        return {
            "name": self.row.name,
            "ours_cpu_ms": self.ours.cpu,
            "ours_wall_ms": self.ours.wall,
            "against": self.row.against,
            "other_cpu_ms": None if self.other is None else self.other.cpu,
            "other_wall_ms": None if self.other is None else self.other.wall,
            "ratio": self.ratio,
            "compared": list(self.compared[1]),
            "limit": self.row.limit,
            "most_cpu_ms": self.row.most,
            "judgement": self.judgement,
            "note": self.row.note,
        }


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of our own, one for each run, beside its limit; inf where it stands beside others for comparison."""

    name: str
    unit: str
    most: float
    values: Sequence[float]
    note: str = ""

    @property
    def median(self) -> float:
        """The median of all runs."""
        return statistics.median(self.values)

    @property
    def judgement(self) -> str:
        """`met` or `missed`."""
        if self.most == inf:
            return "for comparison"
        return "met" if self.median <= self.most else "missed"

    @property
    def compared(self) -> tuple[str, Sequence[float]]:
        """What two ledgers are compared by."""
        return self.unit, self.values

    def as_line(self) -> str:
        """The row of the table."""
        spread = f"{self.median:,.1f} {self.unit} ({min(self.values):,.1f} to {max(self.values):,.1f})"
        limit = "–" if self.most == inf else f"≤ {self.most:,g} {self.unit}"
        return f"| {self.name} | {spread} |  | – | {limit} | {self.judgement} |"

    def as_object(self) -> dict[str, object]:
        """The same for scripts."""
        return {
            "name": self.name,
            "unit": self.unit,
            "compared": list(self.values),
            "most": None if self.most == inf else self.most,
            "judgement": self.judgement,
            "note": self.note,
        }


def agree(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the medians of two ledgers lie within each other's spread, or not further apart than a tenth."""
    if not one or not other:
        return one == other
    medians = statistics.median(one), statistics.median(other)
    low, high = max(min(one), min(other)), min(max(one), max(other))
    return low <= high or abs(medians[0] - medians[1]) <= max(medians) / 10


def measure(row: Row, runs: int) -> Measured:
    """Run both sides of a row in turn, after one run of each that is not counted."""
    ours, other = Times(), None if row.other is None else Times()
    row.ours()
    if row.other is not None:
        row.other()
    for _ in range(runs):
        ours.run(row.ours)
        if row.other is not None and other is not None:
            other.run(row.other)
    return Measured(row, ours, other)


def _cpu() -> float:
    """Seconds of CPU time of this process and of those that it waited for."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
