"""How a store is, check by check; one that cannot be made says why, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..base.cancel import Cancel
from ..base.errors import Interrupted, StoreError
from ..base.models import Finding
from ..files import outbox
from ..sqlite import health
from ..sqlite.connect.reader import Reader


def findings(reader: Reader, *, cancel: Cancel) -> Iterator[Finding]:
    """Look at everything, the quick things first; nothing is changed, and no writer waits.

    Raises:
        Interrupted: `cancel` was withdrawn.
    """
    path = reader.path
    checks: tuple[tuple[str, Callable[[], Finding | Iterable[Finding]]], ...] = (
        ("sqlite", health.library),
        ("mount", lambda: health.mount(path)),
        ("spool", lambda: spool(path)),
        ("permissions", lambda: health.permissions(path)),
        ("schema", lambda: health.schema(reader)),
        ("journal", lambda: health.journal(reader)),
        ("wal", lambda: health.wal(path)),
        ("lock", lambda: health.lock(path)),
        ("operations", lambda: health.operations(reader)),
        ("index", lambda: health.coverage(reader)),
        ("integrity", lambda: health.integrity(reader, cancel)),
    )
    for name, check in checks:
        if cancel.cancelled:
            raise Interrupted("the question was withdrawn")
        try:
            found = check()
            yield from [found] if isinstance(found, Finding) else found
        except Interrupted:
            raise
        except StoreError as error:
            yield Finding(name, False, str(error))
        except OSError as error:
            yield Finding(name, False, f"the system refuses to look ({error.strerror}: {error.filename})")


def spool(path: Path) -> Finding:
    """Whether messages wait in files that the store would not take."""
    folder = outbox.folder_of(path)
    told, advice, sessions, unknown = [], [], set(), []
    for one in outbox.pending_files(folder):
        try:
            sessions.add(outbox.read_pending(one).session_id)
        except StoreError as error:
            unknown.append(str(error))
    if sessions:
        told.append(f"messages wait that the store would not take, of {', '.join(sorted(sessions))}")
        advice.append("hermes-tui doctor --replay writes them")
    if theirs := len(list(folder.glob("pending-*.json"))):
        told.append(f"{theirs} file{'' if theirs == 1 else 's'} of Hermes' own")
        advice.append("Hermes' next start writes its own")
    return Finding("spool", not (told or unknown), "; ".join([*told, *unknown]) or "nothing waits", ", ".join(advice))
