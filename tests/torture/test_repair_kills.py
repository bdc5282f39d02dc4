"""A small version of the torture; the full size is `python -m tests.torture.repair_kills --kills 10000`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_repairs_killed_at_any_moment_leave_the_session_in_order() -> None:
    command = [sys.executable, "-m", "tests.torture.repair_kills", "--kills", "6", "--seed", "11"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
