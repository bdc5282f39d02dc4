"""Settings that a user may make in a file, and the folders of the user: configuration, state, cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from store.base import safe_files
from store.base.late_dataclass import dataclass, field, replace
from store.base.late_pattern import late_pattern

MAX_BYTES = 1 << 14
"""A bigger file is no configuration, and Python's parser takes a time that is quadratic in the length of a key."""
_TABLE = late_pattern(r"\s*\[\s*(\w+)\s*\]")
_SETTING = late_pattern(r"""\s*["']?([\w-]+)["']?\s*=""")
_VALUES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "theme": (lambda value: isinstance(value, str), "a name in quotes"),
    "ascii": (lambda value: isinstance(value, bool), "true or false"),
    "mouse": (lambda value: isinstance(value, bool), "true or false"),
    "start": (lambda value: value in ("search", "list"), '"search" or "list"'),
    "wrap": (lambda value: isinstance(value, bool), "true or false"),
    "history": (lambda value: isinstance(value, bool), "true or false"),
}
"""Settings, what each accepts, and how that is said."""
TUNING = {"ESCDELAY": "10", "TEXTUAL_FPS": "240", "TEXTUAL_ANIMATIONS": "none"}
"""Esc acts after 25 ms instead of 100, a frame is painted within 4 ms instead of 17, and nothing glides."""


class Start(StrEnum):
    """Place of the focus at the start."""

    SEARCH = "search"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of the config file; the defaults where there is none."""

    theme: str | None = None
    """Name of a theme of Textual, None for the default."""
    ascii: bool = False
    """Draw with ASCII characters alone."""
    mouse: bool = True
    start: Start = Start.SEARCH
    wrap: bool = True
    """Break long lines of code and outputs."""
    history: bool = True
    """Keep searches across runs."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys as people write them, by the ids of commands."""
    homes: Mapping[str, str] = field(default_factory=dict)
    """Addresses of homes elsewhere that are shown with the user's own, by names of the user's."""
    complaints: tuple[str, ...] = ()
    """A line about each thing in the file that could not be used."""
    file: str = "config.toml"
    """The name of the file."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each setting in the file, from 1; of a key as `keys.<id>`."""

    @property
    def complaint(self) -> str:
        """The first complaint, and how many more there are; "" where there is none."""
        more = len(self.complaints) - 1
        return "" if more < 0 else self.complaints[0] + (f" (and {more} more: hermes-tui config)" if more else "")

    def with_refused(self, refused: Mapping[str, str]) -> Config:
        """The same with keys that were refused, by the ids of their commands, as complaints."""
        said = (
            f"{self.file} line {self.lines.get(f'keys.{name}', 0)}: keys.{name}: {why}" for name, why in refused.items()
        )
        keys = {name: key for name, key in self.keys.items() if name not in refused}
        return replace(self, keys=keys, complaints=(*self.complaints, *said))


def _own_folder(variable: str, beside: str, kind: str) -> Path:
    """A folder of the user: on Linux by a variable of XDG, elsewhere as platformdirs has it, which takes 10 ms."""
    system: str = sys.platform
    if system == "linux":
        named = Path(os.environ.get(variable, ""))
        return (named if named.is_absolute() else Path.home() / beside) / "hermes-tui"
    import platformdirs

    return Path(getattr(platformdirs.PlatformDirs("hermes-tui", appauthor=False), f"user_{kind}_path"))


def _state_folder() -> Path:
    return _own_folder("XDG_STATE_HOME", ".local/state", "state")


def locate() -> Path:
    """The path of the config file; `HERMES_TUI_CONFIG` names the file itself. Nothing is looked at or created."""
    named = os.environ.get("HERMES_TUI_CONFIG")
    return Path(named) if named else _own_folder("XDG_CONFIG_HOME", ".config", "config") / "config.toml"


def searches_file() -> Path:
    """The path of the saved searches; nothing is looked at or created."""
    return _state_folder() / "searches.json"


def state_file() -> Path:
    """The path of what is kept across runs; nothing is looked at or created."""
    return _state_folder() / "state.json"


def runtime_dir() -> Path:
    """The folder of what ends with the login, else that of the state: never one that others can write to.

    Nothing is looked at or created.
    """
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(named) / "hermes-tui" if Path(named).is_absolute() else _state_folder()


def cache_dir() -> Path:
    """The folder of the remembered verdicts; nothing is looked at or created."""
    return _own_folder("XDG_CACHE_HOME", ".cache", "cache")


def load(path: Path) -> Config:
    """Read the file at `path`; a missing one is the defaults, one that is no TOML the defaults and a complaint.

    Of a wrong value the default holds, and a complaint has its key and line.
    Keys that are not known are left alone, so that a newer version's file can be read.
    """
    try:
        written = safe_files.read_own(path, max_bytes=MAX_BYTES)
    except FileNotFoundError:
        return Config()
    except OSError as error:
        return Config(complaints=(f"{path.name} was left out: {error.strerror}",))
    import tomllib

    try:
        text = written.decode("utf-8")
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Config(complaints=(f"{path.name} was left out: {error}",))
    lines = _lines(text)
    read: dict[str, Any] = {}
    complaints: list[str] = []
    for name, (accepts, wanted) in _VALUES.items():
        value = values.get(name)
        if value is not None and accepts(value):
            read[name] = Start(value) if name == "start" else value
        elif value is not None:
            complaints.append(f"{path.name} line {lines.get(name, 0)}: {name} must be {wanted}")
    keys, wrong_keys = _strings(values, "keys", "a key", lines)
    homes, wrong_homes = _strings(values, "homes", "an address", lines)
    complaints += [f"{path.name} {wrong}" for wrong in (*wrong_keys, *wrong_homes)]
    return Config(**read, keys=keys, homes=homes, complaints=tuple(complaints), file=path.name, lines=lines)


def _strings(
    values: Mapping[str, object], table: str, wanted: str, lines: Mapping[str, int]
) -> tuple[dict[str, str], list[str]]:
    """The strings of a table, and what is wrong with it: of wrong values the first."""
    given = values.get(table, {})
    if not isinstance(given, dict):
        return {}, [f"line {lines.get(table, 0)}: {table} must be a table: [{table}]"]
    found = {name: value for name, value in given.items() if isinstance(value, str)}
    wrong = [name for name in given if name not in found][:1]
    return found, [
        f"line {lines.get(f'{table}.{name}', 0)}: {table}.{name} must be {wanted} in quotes" for name in wrong
    ]


def _lines(text: str) -> dict[str, int]:
    """The line of each setting of a file that is TOML, of those in a table with its name before them."""
    table, found = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if (head := _TABLE.match(line)) is not None:
            table = f"{head[1]}."
        elif (setting := _SETTING.match(line)) is not None:
            found.setdefault(f"{table}{setting[1]}", number)
    return found


def tune(environ: MutableMapping[str, str]) -> None:
    """Set the variables that Textual reads when it is imported, where the user has not; called before that."""
    for name, value in TUNING.items():
        environ.setdefault(name, value)
