"""The homes that parametrized tests run on: every generated one, and in the gate the real ones where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.homes.build import ERAS

REAL = {path.name.removesuffix(".tar.xz"): path for path in sorted(Path(__file__).parents[3].glob("*/homes/*.tar.xz"))}
"""Homes that Hermes itself wrote, by name, where a folder beside the checkout has them as archives."""

WITHOUT_WAL = "aug2026-v25"
"""The real home whose Hermes kept the journal of SQLite's DELETE mode."""

WITHOUT_LIVE_WAL = (WITHOUT_WAL, "jump-v10-to-v25", "newest-v31-reconstructed")
"""The real homes that hold no copy of a WAL taken while a writer had rows in it."""

FAST = ("v06", "v31")
"""The homes of the fast loop: the oldest layout, A, and the newest, C3."""

FEW = ("v01", "v25-c2", "v31", *list(REAL)[:2])
"""Some homes of different ages, for tests of a second or more on each."""

REAL_OR_GENERATED = ((*REAL,) or tuple(ERAS))[::3]
"""Every third home that Hermes itself wrote; where there are none, every third generated one."""


def homes(*, without: tuple[str, ...] = ()) -> list[ParameterSet]:
    """A parameter for each home: its name; those that are not for the fast loop are marked as slow."""
    names = [name for name in (*ERAS, *REAL) if name not in without]
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]
