"""Places where copies of deleted sessions remain (docs/format.md §1.2, §12)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ..base import safe_files
from ..base.strict_json import BadJson, load
from ..files import gateway_index
from ..home_store import HomeStore
from ..repair.backup import FOLDER, SESSION
from .model import CopyKind, CopyLeft

_MAX_BYTES = 64 << 20
_COPIES = ("state.db.malformed-backup-*", "state.db.zeroed-*", "state-snapshots/*", "checkpoints/*")
_MANIFEST = "*/manifest.json"
"""Of a captured WAL (docs/format.md §1.2)."""


def copies_left(store: HomeStore, session_ids: Collection[str]) -> tuple[CopyLeft, ...]:
    """Places in the home, each only where it is there; they are not read but for our own and the gateway's index."""
    home = store.path.parent
    found = [CopyLeft(CopyKind.PAGES, store.path)] if store.path.exists() else []
    for pattern in (*_COPIES, _MANIFEST):
        found += [CopyLeft(CopyKind.SNAPSHOT, path) for path in sorted(home.glob(pattern))]
    archives = sorted(path for path in (home / "backups").glob("*") if path != home / FOLDER)
    found += [CopyLeft(CopyKind.ARCHIVE, path) for path in archives]
    found += [CopyLeft(CopyKind.REPAIR, path) for path in repair_backups(home, session_ids)]
    index = store.sessions_dir / gateway_index.INDEX
    if is_routed(store, session_ids):
        found.append(CopyLeft(CopyKind.ROUTE, index))
    return tuple(found)


def is_routed(store: HomeStore, session_ids: Collection[str]) -> bool:
    """True where the gateway's index names one of the sessions as the present one of a chat."""
    entries = gateway_index.entries(store.sessions_dir / gateway_index.INDEX)
    return any(entry.get("session_id") in session_ids for entry in entries.values())


def repair_backups(home: Path, session_ids: Collection[str]) -> Iterator[Path]:
    """Folders of backups of repairs of some sessions."""
    for path in sorted((home / FOLDER).glob(f"*/{SESSION}")):
        try:
            value = load((safe_files.read_bytes(path, max_bytes=_MAX_BYTES) or b"").decode("utf-8"))
        except (OSError, UnicodeDecodeError, BadJson):
            continue
        if isinstance(value, dict) and value.get("session_id") in session_ids:
            yield path.parent
