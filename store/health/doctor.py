"""Health of a store, check by check; a check that fails reports why, and the others continue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import Interrupted, StoreError
from ..base.models import Finding
from ..engine.ports import Health
from ..files import outbox

QUICK = 2
"""Checks before that of the spool."""


def findings(health: Health, path: Path, *, cancel: Cancel) -> Iterator[Finding]:
    """Every check, the quick ones first; nothing is changed, and no writer waits.

    Raises:
        Interrupted: The request was cancelled.
    """
    checks = [*health.checks(cancel).items()]
    checks.insert(QUICK, ("spool", lambda: spool(path)))
    for name, check in checks:
        raise_if_cancelled(cancel)
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
    found, advice, sessions, unknown = [], [], set(), []
    for pending_file in outbox.pending_files(folder):
        try:
            sessions.add(outbox.read_pending(pending_file).session_id)
        except StoreError as error:
            unknown.append(str(error))
    if sessions:
        found.append(f"messages wait that the store would not take, of {', '.join(sorted(sessions))}")
        advice.append("hermes-tui doctor --replay writes them")
    if theirs := len(list(folder.glob("pending-*.json"))):
        found.append(f"{theirs} file{'' if theirs == 1 else 's'} of Hermes' own")
        advice.append("Hermes' next start writes its own")
    return Finding("spool", not (found or unknown), "; ".join([*found, *unknown]) or "nothing waits", ", ".join(advice))
