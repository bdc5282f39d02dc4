"""System calls that fail as they are told, under SQLite's own VFS: so a WAL keeps its shared memory.

A VFS in Python has none (`disk.py`), and a repair needs it, because it reads beside its writing.
What SQLite calls without a table, a sync above all, cannot be failed here; `disk.py` does that.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from tests.torture.disk import Disk, Fault

_INT, _SIZE, _OFFSET, _TEXT = ctypes.c_int, ctypes.c_size_t, ctypes.c_longlong, ctypes.c_char_p
_POINTER, _COUNT = ctypes.c_void_p, ctypes.c_ssize_t

_CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "open": ("open", (_INT, _TEXT, _INT, _INT)),
    "fstat": ("size", (_INT, _INT, _POINTER)),
    "ftruncate": ("truncate", (_INT, _INT, _OFFSET)),
    "fcntl": ("lock", (_INT, _INT, _INT, _POINTER)),
    "pread64": ("read", (_COUNT, _INT, _POINTER, _SIZE, _OFFSET)),
    "pwrite64": ("write", (_COUNT, _INT, _POINTER, _SIZE, _OFFSET)),
    "unlink": ("delete", (_INT, _TEXT)),
    "mmap": ("map", (_POINTER, _POINTER, _SIZE, _INT, _INT, _INT, _OFFSET)),
}
"""What SQLite calls, what `Disk` calls that, the types of what comes back and of what goes in."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_NUMBERS = {Fault.EIO: errno.EIO, Fault.FULL: errno.ENOSPC, Fault.SHORT: errno.ENOSPC, Fault.LOCK: errno.ENOLCK}
_kept: list[object] = []


@contextmanager
def under(disk: Disk, *hooks: Callable[[apsw.Connection], None]) -> Iterator[None]:
    """Every connection of this process goes through `disk` in the block, and `hooks` see those that are opened."""
    vfs = apsw.VFS("calls", "unix")
    _kept.append(vfs)  # SQLite asks for what is set here as long as the process lives
    apsw.connection_hooks.extend(hooks)
    for name in _CALLS:
        callback = _failing(name, disk)
        _kept.append(callback)
        pointer = ctypes.cast(callback, ctypes.c_void_p).value
        assert pointer is not None
        assert vfs.xSetSystemCall(name, pointer), name
    try:
        yield
    finally:
        for name in _CALLS:
            vfs.xSetSystemCall(name, 0)
        for hook in hooks:
            apsw.connection_hooks.remove(hook)


def _failing(name: str, disk: Disk) -> Any:
    """The system call of that name, and what happens when it is its turn to fail."""
    kind, (result, *arguments) = _CALLS[name]
    real = getattr(_LIBC, name)
    real.restype, real.argtypes = result, tuple(arguments)

    def call(*given: Any) -> Any:
        if _is_meant(name, given) and disk.strikes(kind):
            if disk.fault is Fault.SHORT:
                real(given[0], given[1], given[2] // 2, given[3])
            ctypes.set_errno(_NUMBERS[disk.fault] if disk.fault else 0)
            return -1
        done = real(*given)
        return (done or 0) if result is _POINTER else done

    return ctypes.CFUNCTYPE(result, *arguments, use_errno=True)(call)


def _is_meant(name: str, given: tuple[Any, ...]) -> bool:
    """Only locks that are taken can fail: nothing could be done about one that is not given back."""
    if name != "fcntl":
        return True
    kind = ctypes.cast(given[2] or 0, ctypes.POINTER(ctypes.c_short)) if given[2] else None
    return given[1] == fcntl.F_SETLK and kind is not None and kind[0] != fcntl.F_UNLCK
