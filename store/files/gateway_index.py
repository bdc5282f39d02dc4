"""Gateway index of a home, `sessions/sessions.json`: chat columns of current sessions (docs/format.md §4.11)."""

from __future__ import annotations

from pathlib import Path

from ..base import safe_files
from ..base.strict_json import BadJson, load

INDEX = "sessions.json"
MAX_BYTES = 16 * 1024 * 1024

_ORIGIN = ("user_id", "chat_id", "chat_type", "thread_id")


def session_columns(sessions_dir: Path, session_id: str) -> dict[str, str]:
    """Columns of a session's row by the index; none where it lacks the session or cannot be read.

    It holds the current session of each chat only, so most old ones are not in it.
    """
    for key, entry in entries(sessions_dir / INDEX).items():
        if entry.get("session_id") == session_id:
            origin = entry.get("origin")
            known = {"session_key": key, "source": entry.get("platform"), "display_name": entry.get("display_name")}
            if isinstance(origin, dict):
                known |= {name: origin.get(name) for name in _ORIGIN}
            return {name: cell for name, cell in known.items() if isinstance(cell, str) and cell}
    return {}


def unread(index: Path) -> str:
    """Why an index that is there cannot be read; "" for one that can be, and for none."""
    try:
        safe_files.read_bytes(index, max_bytes=MAX_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{index} cannot be read ({error.strerror}); give yourself the right to, or check the disk"
    return ""


def entries(index: Path) -> dict[str, dict[str, object]]:
    """The entries of an index by routing key; none where it cannot be read."""
    try:
        data = safe_files.read_bytes(index, max_bytes=MAX_BYTES)
        value = load((data or b"").decode("utf-8-sig", "replace"))
    except (OSError, BadJson):  # it only adds to the session's own file
        return {}
    found = value.items() if isinstance(value, dict) else ()
    return {key: entry for key, entry in found if not key.startswith("_") and isinstance(entry, dict)}
