"""The server that a home's configuration names in place of its state.db (docs/postgres.md §1)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..base.errors import CannotOpen
from ..base.late_dataclass import dataclass, field
from ..base.late_pattern import late_pattern
from .home import Home

VARIABLE, PASSWORD = "HERMES_DATABASE_URL", "PGPASSWORD"
_SECTION = late_pattern(
    r"""(?m)^["']?database["']?[ \t]*:[ \t]*"""
    r"""(?:\{(?P<inline>[^}]*)\}|(?P<block>(?:\#.*)?\n(?:[ \t]+.*\n?|[ \t]*(?:\#.*)?\n)*))"""
)
_ENTRY = late_pattern(r"""(?m)(?:^|,)(?P<indent>[ \t]*)["']?(?P<key>\w+)["']?[ \t]*:[ \t]*["']?(?P<value>[^"',#\n]*)""")
_NONE = ("", "~", "null")
_SETTING = late_pattern(
    r"""(?m)^[ \t]*(?:export[ \t]+)?(?P<name>\w+)[ \t]*=[ \t]*"""
    r"""(?:'(?P<single>[^']*)'[ \t]*(?:\#.*)?|"(?P<double>[^"]*)"[ \t]*(?:\#.*)?|(?P<bare>.*?)(?:[ \t]+\#.*)?)[ \t]*$"""
)
_MOST = 1 << 20
"""Bytes of a configuration that are read."""


@dataclass(frozen=True, slots=True)
class ConfiguredServer:
    """The server of a home."""

    url: str = field(repr=False)
    schema: str
    """As configured, else as Hermes computes it."""


def configured_server(home: Home, environ: Mapping[str, str], *, own: bool) -> ConfiguredServer | None:
    """The server that a home's config.yaml chooses; None where it keeps a state.db.

    Args:
        environ: For the process's own home HERMES_DATABASE_URL in it wins over the one in `.env`.
        own: It is the process's own home.

    Raises:
        CannotOpen: It chooses a server and names none.
    """
    written = _read(home.folder / "config.yaml")
    *_, section = (None, *_SECTION.finditer(written)) if "postgres" in written.lower() else (None,)
    if section is None:
        return None
    entries = [*_ENTRY.finditer(section["inline"] or section["block"])]
    deeper = entries[0]["indent"] + " " if entries and not section["inline"] else None
    values = {
        entry["key"]: entry["value"].strip()
        for entry in entries
        if deeper is None or not entry["indent"].startswith(deeper)
    }
    if values.get("backend", "").lower() not in ("postgres", "postgresql"):
        return None
    settings = {
        found["name"]: found["single"] or found["double"] or found["bare"] or ""
        for found in _SETTING.finditer(_read(home.folder / ".env"))
    }
    url = (environ.get(VARIABLE, "").strip() if own else "") or settings.get(VARIABLE, "")
    if not url:
        raise CannotOpen(
            f"{home.folder / 'config.yaml'} chooses PostgreSQL, and {VARIABLE} is not in {home.folder / '.env'};"
            " name the server with --home postgresql://…"
        )
    if (password := settings.get(PASSWORD)) and not environ.get(PASSWORD):
        from ..base.server_address import with_password

        url = with_password(url, password)
    schema = values.get("schema", "")
    return ConfiguredServer(url, computed_schema(home) if schema in _NONE else schema)


def computed_schema(home: Home) -> str:
    """The schema that Hermes uses for a home without a configured one, on the machine that wrote it."""
    import hashlib

    slug = re.sub(r"[^a-z0-9_]", "_", home.profile.lower())[:35]
    path = os.path.normcase((home.folder / "state.db").resolve())
    return f"hermes_{slug}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def _read(path: Path) -> str:
    """A small text file; "" where there is none, it is a pipe, or it may not be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""
