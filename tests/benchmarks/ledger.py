"""Measurements of the ledger: rows that are run in turn, with CPU time beside wall time, and what is compared."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
        limit: How many times the CPU time of the other it may take.
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

    @property
    def spread(self) -> float:
        """Half of the distance between the quartiles of the CPU time."""
        quartiles = statistics.quantiles(self.cpu, n=4) if len(self.cpu) > 1 else [0.0, 0.0, 0.0]
        return (quartiles[2] - quartiles[0]) / 2

    def as_text(self) -> str:
        """`12.3 ± 0.4 (15.1)`: median, spread, wall."""
        return f"{self.median:.1f} ± {self.spread:.1f} ({statistics.median(self.wall):.1f})"


@dataclass(frozen=True, slots=True)
class Measured:
    """A row with its times."""

    row: Row
    ours: Times
    other: Times | None

    @property
    def ratio(self) -> float | None:
        """Our CPU time by that of the other; None without one."""
        return None if self.other is None else self.ours.median / max(self.other.median, 0.001)

    @property
    def judgement(self) -> str:
        """`met`, `missed`, or that nothing could be compared."""
        if self.row.most is not None:
            return "met" if self.ours.median <= self.row.most else "missed"
        if self.ratio is None:
            return "not compared"
        return "met" if self.ratio <= self.row.limit else "missed"

    def as_line(self) -> str:
        """The row of the table."""
        other = self.row.against if self.other is None else f"{self.row.against}: {self.other.as_text()}"
        ratio = "–" if self.ratio is None else f"{self.ratio:.1f}×"
        limit = f"≤ {self.row.limit:g}×" if self.row.most is None else f"≤ {self.row.most:g} ms"
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
            "limit": self.row.limit,
            "most_cpu_ms": self.row.most,
            "judgement": self.judgement,
            "note": self.row.note,
        }


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
