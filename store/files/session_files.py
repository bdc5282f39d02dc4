"""Removal of the files of deleted sessions, where an agent asked for it by naming their folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..base.errors import CannotOpen, UnsafeId
from .home import files_named, safe_id

_DUMP = "request_dump_"


def remove(folder: Path | None, session_ids: Collection[str]) -> None:
    """Remove `<id>.json`, `<id>.jsonl` and `request_dump_<id>_*.json` of some sessions.

    The sessions are gone already: what is missing or cannot be removed is passed over, and so is an id that must not
    become a path.

    Args:
        folder: None removes nothing.
    """
    if folder is None or not session_ids:
        return
    folder = Path(folder)
    names = {name for name in session_ids if _is_safe(name)}
    for path in [folder / f"{name}{suffix}" for name in names for suffix in (".json", ".jsonl")] + _dumps(
        folder, names
    ):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            pass  # as upstream does


def _dumps(folder: Path, names: Collection[str]) -> list[Path]:
    try:
        found = files_named(folder, _DUMP, ".json")
    except CannotOpen:
        return []
    return [file.path for stem, file in found.items() if any(stem[:end] in names for end in _ends(stem))]


def _ends(stem: str) -> list[int]:
    """Where an id may end that is followed by an underscore."""
    return [place for place, char in enumerate(stem) if char == "_"]


def _is_safe(name: str) -> bool:
    try:
        safe_id(name)
    except UnsafeId:
        return False
    return True
