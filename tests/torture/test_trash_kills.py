"""A small version of the torture; the full size is `python -m tests.torture --only trash --full`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_deletions_and_undos_killed_at_any_moment_lose_and_double_nothing() -> None:
    command = [sys.executable, "-m", "tests.torture", "--only", "trash", "--size", "6", "--seed", "7"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 0 |" in done.stdout
