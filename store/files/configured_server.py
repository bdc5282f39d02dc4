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

VARIABLE = "HERMES_DATABASE_URL"
_SECTION = late_pattern(
    r"(?m)^database:[ \t]*(?:\{(?P<inline>[^}\n]*)\}|(?P<block>(?:#.*)?\n(?:[ \t]+.*\n?|[ \t]*(?:#.*)?\n)*))"
)
_ENTRY = late_pattern(r"""(?m)(?:^|,)[ \t]*(?P<key>\w+):[ \t]*["']?(?P<value>[^"',#\n]*)""")
_SETTING = late_pattern(
    rf"""(?m)^[ \t]*(?:export[ \t]+)?{VARIABLE}[ \t]*=[ \t]*(?P<quote>["']?)(?P<value>.*?)(?P=quote)[ \t]*$"""
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
    section = _SECTION.search(written) if "postgres" in written else None
    if section is None:
        return None
    entries = _ENTRY.finditer(section["inline"] or section["block"])
    values = {entry["key"]: entry["value"].strip() for entry in entries}
    if values.get("backend") not in ("postgres", "postgresql"):
        return None
    setting = _SETTING.search(_read(home.folder / ".env"))
    url = (environ.get(VARIABLE, "").strip() if own else "") or (setting["value"] if setting else "")
    if not url:
        raise CannotOpen(
            f"{home.folder / 'config.yaml'} chooses PostgreSQL, and {VARIABLE} is not in {home.folder / '.env'};"
            " name the server with --home postgresql://…"
        )
    return ConfiguredServer(url, values.get("schema") or computed_schema(home))


def computed_schema(home: Home) -> str:
    """The schema that Hermes uses for a home without a configured one, on the machine that wrote it."""
    import hashlib

    slug = re.sub(r"[^a-z0-9_]", "_", home.profile.lower())[:35]
    path = os.path.normcase((home.folder / "state.db").resolve())
    return f"hermes_{slug}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def _read(path: Path) -> str:
    """A small text file; "" where there is none or it may not be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return ""
