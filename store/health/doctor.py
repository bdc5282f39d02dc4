"""Health of a store, check by check; a check that fails reports why, and the others continue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.errors import CannotOpen, DiskFull, Interrupted, StoreError, StoreMissing
from ..base.models import Finding
from ..files import home, outbox
from ..files.gateway import Gateway, GatewayState

if TYPE_CHECKING:
    from ..engine.ports import Health

QUICK = 2
"""Checks before those of what lies beside the store."""


def findings(health: Health, path: Path, *, gateway: Callable[[], Gateway], cancel: Cancel) -> Iterator[Finding]:
    """Every check, the quick ones first; nothing is changed, and no writer waits.

    What cannot be opened is said once, as the check `store`; of a store that is not there nothing more is looked at.

    Args:
        gateway: Looks for the home's gateway.

    Raises:
        Interrupted: The request was cancelled.
    """
    checks = [*health.checks(cancel).items()]
    beside: dict[str, Callable[[], Finding | Iterable[Finding]]] = {
        "spool": lambda: spool(path),
        "gateway": lambda: owner(gateway()),
        "saved": lambda: saved(path),
    }
    checks[QUICK:QUICK] = beside.items()
    reported: dict[str, str] = {}
    for name, check in checks:
        raise_if_cancelled(cancel)
        try:
            found = check()
            yield from [found] if isinstance(found, Finding) else found
        except Interrupted:
            raise
        except DiskFull as error:
            yield Finding(name, None, f"there was no room for this check: {error}")
        except CannotOpen as error:
            if reported.setdefault(str(error), name) == name:
                yield Finding(name if name in beside else "store", False, str(error))
            if isinstance(error, StoreMissing):
                return
        except StoreError as error:
            first = reported.setdefault(str(error), name)
            yield Finding(name, False, str(error) if first == name else f"for the same reason as {first}")
        except OSError as error:
            yield Finding(name, False, f"the system refuses to look ({error.strerror}: {error.filename})")


def owner(gateway: Gateway) -> Finding:
    """Whether a gateway runs, which owns the sessions of the home."""
    if gateway.state is GatewayState.UNKNOWN:
        return Finding("gateway", None, "it left its files here; whether it runs cannot be seen without /proc/locks")
    if gateway.state is GatewayState.NONE:
        return Finding("gateway", True, "none runs")
    which = gateway.backend or (f"pid {gateway.pid}" if gateway.pid else "pid unknown")
    effect = "it may hold sessions in memory, and sees rows that are written beside it after /resume or a restart"
    return Finding("gateway", True, f"runs ({which}): {effect}")


def saved(path: Path) -> list[Finding]:
    """What `/save` wrote into files of their own; nothing where it wrote none."""
    number = len(home.files_named(path.parent / "sessions" / "saved", "", ".json"))
    said = f"{number} conversation{'' if number == 1 else 's'} of /save in sessions/saved; Hermes does not list them"
    return [Finding("saved", True, f"{said}, hermes-tui does")] if number else []


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
