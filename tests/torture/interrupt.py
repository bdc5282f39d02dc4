"""An exception at one bytecode of some work, as a signal's handler could raise it there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class Stop(BaseException):
    """Like KeyboardInterrupt, and raised by nothing else."""


def interrupted(number: int, work: Callable[[], object]) -> bool:
    """Do some work; before its bytecode of that number `Stop` is raised.

    Bytecodes of every Python function that it calls count, in this thread.

    Returns:
        False where it has fewer; True where Python swallowed the exception, which it does in a callback of a weak
        reference.
    """
    left = number

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                raise Stop
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return left < 0
