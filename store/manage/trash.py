"""The trash of a home: its entries, and what emptying it removes for good."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..base.errors import BackupFailed, NoPermission, StoreMissing
from ..engine.managed import TrashHeader
from ..home_store import HomeStore
from ..repair.backup import FOLDER
from ..repair.model import State
from .copies_left import repair_backups
from .model import EmptyPlan, TrashEntry
from .trash_folder import FILES, MANIFEST, TrashFolder


def entries(store: HomeStore) -> tuple[TrashEntry, ...]:
    """Every deletion in the journal, the last started first; none where there is no database."""
    try:
        return tuple(_entry(store, header) for header in store.managed.operations())
    except StoreMissing:
        return ()


def _entry(store: HomeStore, header: TrashHeader) -> TrashEntry:
    folder = TrashFolder(store.path.parent, header.operation)
    try:
        manifest = folder.manifest()
        title, messages, files = manifest.title, manifest.messages, len(manifest.files)
    except BackupFailed:
        title, messages, files = None, sum(number for _, number in header.spans), 0
    return TrashEntry(
        id=header.operation,
        session_id=header.session_id,
        state=State(header.state),
        started_at=header.started_at,
        session_ids=header.session_ids,
        title=title,
        messages=messages,
        files=files,
        folder=folder.folder,
        n_bytes=folder.n_bytes(),
    )


def plan_emptying(store: HomeStore) -> EmptyPlan:
    """What emptying removes: all that is finished or undone, and what was killed before it began."""
    found = entries(store)
    closed = tuple(entry for entry in found if entry.state in (State.DONE, State.UNDONE))
    gone = {session_id for entry in closed if entry.state is State.DONE for session_id in entry.session_ids}
    gone = {session_id for session_id in gone if not store.engine.sessions.has(session_id)}
    names = {entry.folder.name for entry in found}
    folders = sorted((store.path.parent / FOLDER).glob(f"*/{FILES}"))
    return EmptyPlan(
        entries=closed,
        repair_backups=tuple(repair_backups(store.path.parent, gone)),
        leftovers=tuple(path.parent for path in folders if path.parent.name not in names),
        stopped=tuple(entry.id for entry in found if entry not in closed),
    )


def empty(store: HomeStore, plan: EmptyPlan) -> int:
    """Remove what a plan names, the folder before its entry in the journal; the number of entries.

    Raises:
        NoPermission: A folder cannot be removed; what was removed before stays so.
    """
    store.refuse_to_write_if_read_only()
    known = {entry.id: entry for entry in plan_emptying(store).entries}
    for entry in plan.entries:
        if known.get(entry.id) == entry:
            _remove(entry.folder)
            gone = [own for own in entry.session_ids if not store.engine.sessions.has(own)]
            store.managed.forget(entry.id, gone)
    for folder in (*plan.repair_backups, *plan.leftovers):
        _remove(folder)
    return len(plan.entries)


def _remove(folder: Path) -> None:
    """Remove a folder of ours, its description last, so that a stopped removal is seen; of a link, the link."""
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        for path in sorted(folder.glob("*"), key=lambda path: path.name == MANIFEST):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        if folder.exists():
            folder.rmdir()
    except OSError as error:
        raise NoPermission(f"{folder} cannot be removed ({error.strerror}); remove it") from error
