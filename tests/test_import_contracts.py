"""Mutants of the import contracts in pyproject.toml: each contract fails once somebody imports against it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("store", "hermes_tui")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

MUTANTS: dict[str, dict[str, str]] = {
    "store-layers": {"store/base/cancel.py": "from ..formats import titles"},
    "no-cycles": {
        "store/base/cancel.py": "from . import step_sizing",
        "store/base/step_sizing.py": "from . import cancel",
    },
    "store-without-terminal": {"store/base/cancel.py": "import rich"},
    "apsw-in-sqlite": {"store/files/home.py": "import apsw"},
    "psycopg-in-postgres": {"store/files/home.py": "import psycopg"},
    "engine-named-once": {"hermes_tui/cli/show.py": "from store.sqlite.base import backoff"},
    "app-layers": {"hermes_tui/render/text.py": "from hermes_tui.feed import answers"},
    "textual-in-widgets": {"hermes_tui/commands/model.py": "from textual.message import Message"},
    "rich-in-widgets": {"hermes_tui/render/text.py": "from rich.text import Text"},
    "verbs-without-textual": {"hermes_tui/cli/show.py": "from hermes_tui.widgets import choices"},
    "screens-apart": {"hermes_tui/screens/help.py": "from hermes_tui.screens import hidden"},
}
"""The line that each file gets at its end, by the id of the contract that forbids it."""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of both packages and of pyproject.toml."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """`lint-imports` on the packages of a folder; without `contracts` it checks all."""
    code = (
        "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    command = [sys.executable, "-c", code, "--no-logo", "--no-cache", *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_packages_keep_every_import_contract(sources: Path) -> None:
    result = lint(sources)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_every_import_contract_has_a_mutant() -> None:
    assert set(MUTANTS) == {contract["id"] for contract in CONTRACTS}


@pytest.mark.slow
@pytest.mark.parametrize("contract", MUTANTS)
def test_a_mutant_breaks_the_import_contract(sources: Path, contract: str) -> None:
    for name, line in MUTANTS[contract].items():
        with (sources / name).open("a") as file:
            file.write(f"{line}\n")
    result = lint(sources, contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "0 kept, 1 broken" in result.stdout
