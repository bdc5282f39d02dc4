"""Programs started by fork, so that thousands of them can be killed; nothing of the store is open at a fork."""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

import apsw

T = TypeVar("T")


def start(work: Callable[[], None]) -> int:
    """Do `work` in a program of its own; its id."""
    if apsw.connections():
        gc.collect()  # a store of an earlier test may be held by the frames of an exception
    assert not apsw.connections(), "a store is open, and no open store survives a fork"
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:  # noqa: BLE001  the program ends here, whatever it was
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def end(pid: int, *, kill: bool = True) -> int:
    """Kill it with -9 (or wait for it); its exit status, negative where a signal ended it."""
    if kill:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def answer(work: Callable[[], T]) -> T:
    """What `work` returns in a program of its own, which leaves nothing open here."""
    read, write = os.pipe()

    def tell() -> None:
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(work(), pipe)

    pid = start(tell)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    assert end(pid, kill=False) == 0, "the program failed"
    return pickle.loads(data)  # type: ignore[no-any-return]


_WRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_longlong)
_kept: list[object] = []


def die_at_write(number: int) -> None:
    """Kill this program in the middle of SQLite's next write but so many: half of it is done.

    The real VFS stays, with its shared memory; only its `pwrite` goes through here.
    """
    real = ctypes.CDLL(None, use_errno=True).pwrite64
    real.argtypes, real.restype = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_longlong), ctypes.c_ssize_t
    left = number

    def pwrite(descriptor: int, data: int, size: int, offset: int) -> int:
        nonlocal left
        left -= 1
        if left <= 0:
            real(descriptor, data, size // 2, offset)
            os.kill(os.getpid(), signal.SIGKILL)
        done = int(real(descriptor, data, size, offset))
        if done < 0:
            ctypes.set_errno(ctypes.get_errno() or errno.EIO)
        return done

    callback = _WRITE(pwrite)
    vfs = apsw.VFS("calls", "unix")
    _kept.extend((callback, vfs))
    pointer = ctypes.cast(callback, ctypes.c_void_p).value
    assert pointer is not None
    assert vfs.xSetSystemCall("pwrite64", pointer) or vfs.xSetSystemCall("pwrite", pointer)
    gc.freeze()
