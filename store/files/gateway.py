"""Signs of a running gateway, which owns the sessions of a home and may hold them in memory (docs/format.md §11).

They are looked at from outside: no lock is taken, not for an instant, because a gateway that starts in it would fail
its own; and nothing of Hermes' is written.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from ..base import safe_files
from ..base.late_dataclass import dataclass
from ..base.process_locks import PROC, locks_on, start_time
from ..base.strict_json import BadJson, load

_MAX_BYTES = 1 << 20
_KIND = "hermes-gateway"


class GatewayState(StrEnum):
    """Whether a gateway of a home runs."""

    NONE = "none"
    RUNNING = "running"
    UNKNOWN = "unknown"
    """It has left its files here, and this system does not show who holds locks."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway of a home."""

    state: GatewayState
    pid: int | None = None
    """Its process, as this system counts; None where that is unknown."""
    backend: str = ""
    """Its name in its heartbeats, where it runs on another machine or in another container."""


def find_gateway(home: Path, *, proc: Path = PROC) -> Gateway:
    """The gateway of a home, by its lock and its pid file.

    Args:
        home: The folder of state.db.
        proc: The system's /proc.
    """
    lock, pid_file = home / "gateway.lock", home / "gateway.pid"
    if not (_is_there(lock) or _is_there(pid_file)):
        return Gateway(GatewayState.NONE)
    if not (proc / "locks").exists():
        return Gateway(GatewayState.UNKNOWN)
    recorded = {_pid(_record(lock)), _pid(_record(pid_file))}
    for held in locks_on(lock, proc / "locks") or ():
        if held.kind == "FLOCK" and held.writes and not held.waits and (held.same_device or held.pid in recorded):
            return Gateway(GatewayState.RUNNING, held.pid if held.pid > 0 else None)
    pid = _living(_record(pid_file), proc)
    return Gateway(GatewayState.NONE if pid is None else GatewayState.RUNNING, pid)


def present(gateway: Gateway) -> Gateway | None:
    """The gateway, None where there surely is none."""
    return None if gateway.state is GatewayState.NONE else gateway


def _living(record: dict[str, object], proc: Path) -> int | None:
    """The process of gateway.pid; None where it ended, and another may have its number."""
    pid, started = _pid(record), record.get("start_time")
    if pid is None or record.get("kind") != _KIND or not isinstance(started, int | float):
        return None
    return pid if start_time(pid, proc) == started else None


def _pid(record: dict[str, object]) -> int | None:
    pid = record.get("pid")
    return pid if isinstance(pid, int) and not isinstance(pid, bool) and pid > 0 else None


def _record(path: Path) -> dict[str, object]:
    """The JSON object in a file; {} where it is missing, unreadable, or something else."""
    try:
        value = load((safe_files.read_bytes(path, max_bytes=_MAX_BYTES) or b"").decode("utf-8", "replace"))
    except (OSError, BadJson):
        return {}
    return value if isinstance(value, dict) else {}


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
