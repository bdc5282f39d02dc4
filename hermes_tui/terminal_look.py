"""Abilities of a terminal by the environment of the program: more than ASCII, more than 16 colours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_STARTED_WITH = Path("/proc/self/environ")
"""The environment as the program was started with it: in the C locale Python sets LC_CTYPE to C.UTF-8 before `main`."""
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def shows_unicode(environ: Mapping[str, str], *, encoding: str) -> bool:
    """Whether more than ASCII is shown (docs/look.md §4): not on the Linux console, not where the encoding is another
    one, and not where the first of LC_ALL, LC_CTYPE and LANG that is set is C or POSIX; C.UTF-8 and none are UTF-8.

    Args:
        environ: The environment that the program was started with.
        encoding: Of the standard output.
    """
    named = next((value for name in _LOCALE if (value := environ.get(name))), "")
    return "utf" in encoding.lower() and environ.get("TERM") != "linux" and named not in ("C", "POSIX")


def has_few_colours(environ: Mapping[str, str]) -> bool:
    """Whether a terminal gets 16 colours: nothing says that it has more."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    return environ.get("TERM", "").rpartition("-")[2] not in ("256color", "kitty", "direct")


def started_with() -> Mapping[str, str]:
    """The environment that the program was started with, as far as it can be read."""
    with suppress(OSError):
        cells = _STARTED_WITH.read_bytes().decode(errors="replace").split("\0")
        return dict(cell.split("=", 1) for cell in cells if "=" in cell)
    return os.environ
