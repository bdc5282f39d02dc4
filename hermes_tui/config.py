"""Settings that a user may make in a file, and the folders of the user: configuration, state, cache."""

from __future__ import annotations

import os
import tomllib
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from store.base import safe_files

DIRS = PlatformDirs("hermes-tui", appauthor=False)
MAX_BYTES = 1 << 14
"""A bigger file is no configuration, and Python's parser takes a time that is quadratic in the length of a key."""
TUNING = {"ESCDELAY": "25", "TEXTUAL_FPS": "240", "TEXTUAL_ANIMATIONS": "none"}
"""Esc acts after 25 ms instead of 100, a frame is painted within 4 ms instead of 17, and nothing glides."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the config file; the defaults where there is none."""

    theme: str | None = None
    """Name of a theme of Textual, None for the default."""
    ascii: bool = False
    """Draw with ASCII characters alone."""
    complaint: str = ""
    """One line about a file that could not be used, "" where it could."""


def locate() -> Path:
    """The path of the config file; `HERMES_TUI_CONFIG` names the file itself. Nothing is looked at or created."""
    return Path(os.environ.get("HERMES_TUI_CONFIG") or DIRS.user_config_path / "config.toml")


def searches_file() -> Path:
    """The path of the saved searches; nothing is looked at or created."""
    return DIRS.user_state_path / "searches.json"


def state_file() -> Path:
    """The path of what is kept across runs; nothing is looked at or created."""
    return DIRS.user_state_path / "state.json"


def runtime_dir() -> Path:
    """The folder of what ends with the login, else that of the state: never one that others can write to.

    Nothing is looked at or created.
    """
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(named) / "hermes-tui" if Path(named).is_absolute() else DIRS.user_state_path


def cache_dir() -> Path:
    """The folder of the remembered verdicts; nothing is looked at or created."""
    return DIRS.user_cache_path


def load(path: Path) -> Config:
    """Read the file at `path`; a missing one is the defaults, a broken one the defaults and a complaint.

    Keys that are not known are left alone, so that a newer version's file can be read.
    """
    try:
        values = tomllib.loads(safe_files.read_own(path, max_bytes=MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError, RecursionError) as error:
        return Config(complaint=f"{path.name} was left out: {error}")
    theme, ascii_only = values.get("theme"), values.get("ascii", False)
    if theme is not None and not isinstance(theme, str):
        return Config(complaint=f"{path.name} was left out: theme must be a name in quotes")
    if not isinstance(ascii_only, bool):
        return Config(theme=theme, complaint=f"{path.name}: ascii must be true or false")
    return Config(theme=theme, ascii=ascii_only)


def tune(environ: MutableMapping[str, str]) -> None:
    """Set the variables that Textual reads when it is imported, where the user has not; called before that."""
    for name, value in TUNING.items():
        environ.setdefault(name, value)
