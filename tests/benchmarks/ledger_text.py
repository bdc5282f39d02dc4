"""Texts of the ledger: its sections of RESULTS.md and README.md, what it was measured with, what agrees with before."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from tests.benchmarks import peers
from tests.benchmarks.homes import SIZES
from tests.benchmarks.ledger import Measurement, agree

ROOT = Path(__file__).parents[2]
README = "ledger"
"""The name of the section of README.md; those of RESULTS.md have that of their size with it."""
SEED = 7

Ledger = Mapping[str, Any]
"""A run as it is kept in ledger.json."""


def circumstances() -> str:
    """Versions, peers, commit, load, and whether bytecode was there."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    compiled = Path(importlib.util.cache_from_source(str(ROOT / "store" / "session_db.py"))).exists()
    facts = (
        f"seed {SEED}",
        f"commit {commit}",
        f"Python {platform.python_version()}",
        f"SQLite {apsw.sqlite_lib_version()}",
        peers.versions(),
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        f"bytecode {'' if compiled else 'not '}compiled",
    )
    return ", ".join(facts)


def title(size: str) -> str:
    """`size M: 10,000 sessions, 200,000 messages`."""
    return f"size {size}: {SIZES[size].sessions:,} sessions, {SIZES[size].messages:,} messages"


def table(size: str, ledger: Ledger) -> str:
    """The section of RESULTS.md."""
    lines = [
        f"## Ledger, {title(size)}",
        "",
        f"Made by `python -m tests.benchmarks --size {size}` in {ledger['minutes']:.1f} minutes:",
        f"{ledger['circumstances']}.",
        "CPU milliseconds, else what the row says: the median and, as its spread, the lowest and the highest of all;",
        "a percentile is that of all keys, and its spread that of thirds of them.",
        "Both sides run in turn, and a ratio is of two runs right behind each other.",
        ledger["said"],
        "",
        "| what | ours | against | ratio | limit | |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(row['cells'])} |" for row in ledger["rows"]),
        "",
        *(f"- {row['name']}: {row['note']}." for row in ledger["rows"] if row["note"]),
        "",
    ]
    return "\n".join(lines)


def short(size: str, ledger: Ledger) -> str:
    """The table of the README: what was measured beside its limit, and no more."""
    lines = [
        f"`python -m tests.benchmarks --size {size}`, {title(size)}; {ledger['circumstances']}.",
        "",
        "| what | CPU ms, or as it says | against | limit | |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row['short'])} |" for row in ledger["rows"]),
        "",
    ]
    return "\n".join(lines)


def compared(rows: Sequence[Measurement], before: Ledger) -> str:
    """The rows that agree with a ledger of the same size, and the names of those that do not."""
    known = {(row["name"], _is_alone(row["cells"])): row["compared"] for row in before.get("rows", ())}
    pairs = [(row, known.get((row.name, _is_alone(row.cells)))) for row in rows if row.compared]
    both = [(row, values) for row, values in pairs if values]
    differ = [row.name for row, values in both if not agree(row.compared, values)]
    same = f"With the run before ({before.get('circumstances', 'none')}) {len(both) - len(differ)} of {len(both)} rows"
    told = f"; outside: {', '.join(differ)}" if differ else ""
    return f"{same} agree: their spreads overlap, or the medians are within a tenth{told}." if both else ""


def _is_alone(cells: Sequence[str]) -> bool:
    """Whether a row has no ratio, because nothing stands beside it or the peer is missing."""
    return cells[3] == "–"


def replaced(text: str, name: str, section: str) -> str:
    """A document with another section of a name; everything else stays."""
    begin, end = marks(name)
    before, found, rest = text.partition(begin)
    after = rest.partition(end)[2] if found else ""
    return f"{before.rstrip()}\n\n{begin}{section}{end}{after}"


def marks(name: str) -> tuple[str, str]:
    """The lines around a section."""
    return f"<!-- {name} -->\n", f"<!-- /{name} -->\n"


def largest(ledgers: Mapping[str, Ledger]) -> str:
    """The size that the README shows."""
    return max(ledgers, key=list(SIZES).index)
