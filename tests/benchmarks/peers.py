"""Peers that the ledger is beside, each where it is installed: by the path, or in a folder of HERMES_PEERS."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERMES, AGENTSVIEW, RIPGREP, FZF = "hermes-agent 0.19.0", "agentsview", "ripgrep", "fzf"


def hermes() -> str | None:
    """The interpreter that has hermes-agent: HERMES_019_PYTHON, or in `HERMES_PEERS/0.19.0`."""
    return _existing(os.environ.get("HERMES_019_PYTHON", ""), "0.19.0/bin/python")


def agentsview() -> str | None:
    """The program: AGENTSVIEW, in `HERMES_PEERS/agentsview` (a virtual environment that has it), or on the path."""
    return _existing(os.environ.get("AGENTSVIEW", ""), "agentsview/bin/agentsview") or shutil.which("agentsview")


def ripgrep() -> str | None:
    """The program on the path."""
    return shutil.which("rg")


def fzf() -> str | None:
    """The program on the path."""
    return shutil.which("fzf")


def missing(name: str) -> str:
    """The words of a row whose peer is not there."""
    return f"{name} is not installed"


def versions() -> str:
    """The peers that are there with their versions, and those that are not."""
    found = {RIPGREP: ripgrep(), FZF: fzf(), AGENTSVIEW: agentsview()}
    said = [_version(name, path) if path else f"no {name}" for name, path in found.items()]
    return ", ".join([HERMES if hermes() else f"no {HERMES}", *said])


def _version(name: str, path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    words = done.stdout.split()
    numbers = (word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit())
    return f"{name} {next(numbers, 'of unknown version')}"


def _existing(named: str, place: str) -> str | None:
    folder = os.environ.get("HERMES_PEERS")
    candidates = (named, f"{folder}/{place}" if folder else "")
    return next((path for path in candidates if path and Path(path).exists()), None)
