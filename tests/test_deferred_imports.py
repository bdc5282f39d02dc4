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
HEAVY = ["dataclasses", "inspect", "hashlib", "shutil", "tempfile", "platformdirs", "rich", "secrets", "string"]
"""Modules of others that a search of plain text has no use for, a third of its start."""
PROBE = f"""
import re, sys
import store
loaded = {{name for name in sys.modules if name.startswith("store.")}}
assert not loaded, loaded
from hermes_tui.__main__ import main
main(["--home", sys.argv[1], "search", "word"])
loaded = set({SELDOM_USED}) & sys.modules.keys()
assert not loaded, loaded
assert "store.search.stream" in sys.modules
from store.base import models
unused = [name for name, value in vars(models).items() if getattr(value, "__init__", None).__name__ == "_first"]
assert len(unused) > 10, unused
assert not {set(HEAVY)} & sys.modules.keys(), {set(HEAVY)} & sys.modules.keys()
own = [name for name in sys.modules if name.startswith(("store", "hermes_tui"))]
assert len(own) <= 150 and len(re._cache) <= 22, (len(own), len(re._cache))
"""

AGENT = """
import sys
from store import SessionDB
database = SessionDB(sys.argv[1] + "/state.db")
database.create_session("one", "cli")
database.append_message("one", "user", "said")
unused = {"dataclasses", "inspect", "store.browse.browser", "store.search.stream", "store.repair.apply",
    "store.sqlite.search.newest_first", "store.manage.trash", "store.engine.statistics"}
assert not unused & sys.modules.keys(), unused & sys.modules.keys()
own = [name for name in sys.modules if name.startswith("store")]
assert len(own) <= 130, len(own)
assert database.session("one").messages == 1
assert "store.browse.browser" in sys.modules
"""


@pytest.mark.slow
def test_an_agent_that_writes_loads_nothing_that_browses_repairs_deletes_or_counts(tmp_path: Path) -> None:
    """Mutants: `HomeBrowser` imported by session_db.py; `from .apply import Repair` at the top of repair/repairs.py."""
    result = subprocess.run(
        [sys.executable, "-c", AGENT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_import_store_loads_one_module_and_a_search_nothing_that_writes_repairs_or_compares(tmp_path: Path) -> None:
    """Mutants: `from . import undo` at the top of repair/plans.py; the library's `dataclass` in base/models.py."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
