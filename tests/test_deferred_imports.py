"""Rooms are imported when they are used: what a start costs follows what the program does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SELDOM_USED = [
    *(
        "store.session_db",
        "store.profiles.browser",
        "store.agent.messages",
        "store.repair.planner",
        "store.repair.undo",
    ),
    *("store.health.doctor", "store.drift.survey", "store.formats.comparison", "store.sqlite.health"),
    *("store.sqlite.writes", "store.sqlite.records", "store.sqlite.connect.writer", "store.sqlite.journal.append_keys"),
]
PROBE = f"""
import sys, tempfile
import store
loaded = {{name for name in sys.modules if name.startswith("store.")}}
assert not loaded, loaded
from hermes_tui.__main__ import main
main(["--home", tempfile.mkdtemp(), "search", "word"])
loaded = set({SELDOM_USED}) & sys.modules.keys()
assert not loaded, loaded
assert "store.search.stream" in sys.modules
from store.base import models
unused = [name for name, value in vars(models).items() if getattr(value, "__init__", None).__name__ == "_make"]
assert len(unused) > 10, unused
"""


@pytest.mark.slow
def test_import_store_loads_one_module_and_a_search_nothing_that_writes_repairs_or_compares() -> None:
    """Mutants: `from . import undo` at the top of repair/plans.py; the library's `dataclass` in base/models.py."""
    result = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
