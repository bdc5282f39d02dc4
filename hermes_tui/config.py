"""The two things a user may settle in a file, where that file is, and where saved searches are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

TUNING = {"ESCDELAY": "25", "TEXTUAL_FPS": "240", "TEXTUAL_ANIMATIONS": "none"}
"""Esc acts after 25 ms instead of 100, a frame is painted within 4 ms instead of 17, and nothing glides."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the config file says; the defaults where there is none."""

    theme: str | None = None
    """Name of a theme of Textual, None for the default."""
    ascii: bool = False
    """Draw with ASCII characters alone."""
    complaint: str = ""
    """One line about a file that could not be used, "" where all is well."""


def locate(environ: Mapping[str, str], *, platform: str, user_home: Path) -> Path:
    """Where the config file would be; nothing is looked at or created.

    Args:
        environ: The process environment; `HERMES_TUI_CONFIG` names the file itself.
        platform: As `sys.platform`.
        user_home: The user's home folder.
    """
    if named := environ.get("HERMES_TUI_CONFIG"):
        return Path(named)
    if platform == "win32":
        base = Path(environ.get("APPDATA") or user_home / "AppData" / "Roaming")
    else:
        base = Path(environ.get("XDG_CONFIG_HOME") or user_home / ".config")
    return base / "hermes-tui" / "config.toml"


def searches_file(environ: Mapping[str, str], *, platform: str, user_home: Path) -> Path:
    """Where saved searches would be; nothing is looked at or created.

    Args:
        environ: The process environment.
        platform: As `sys.platform`.
        user_home: The user's home folder.
    """
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or user_home / "AppData" / "Local")
    else:
        base = Path(environ.get("XDG_STATE_HOME") or user_home / ".local" / "state")
    return base / "hermes-tui" / "searches.json"


def load(path: Path) -> Config:
    """Read the file at `path`; a missing one is the defaults, a broken one the defaults and a complaint.

    Keys that are not known are left alone, so that a newer version's file can be read.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Config(complaint=f"{path.name} was left out: {error}")
    theme, ascii_only = values.get("theme"), values.get("ascii", False)
    if theme is not None and not isinstance(theme, str):
        return Config(complaint=f"{path.name} was left out: theme must be a name in quotes")
    if not isinstance(ascii_only, bool):
        return Config(theme=theme, complaint=f"{path.name}: ascii must be true or false")
    return Config(theme=theme, ascii=ascii_only)


def tune(environ: MutableMapping[str, str]) -> None:
    """Settle what Textual reads when it is imported, where the user has not; so it is called before that."""
    for name, value in TUNING.items():
        environ.setdefault(name, value)
