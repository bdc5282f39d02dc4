"""One ssh connection to a home on another machine: requests out and answers in as JSON lines, for many threads.

`ssh` runs without a terminal, a password prompt and any forwarding, in a process group of its own, and its remote
command is constant; host, user and port were checked and stand after `--` (`base.remote_address`).
"""

from __future__ import annotations

import atexit
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

from ..base import errors, strict_json
from ..base.cancel import Cancel
from ..base.errors import Interrupted, StoreError, Unreachable
from ..base.remote_address import RemoteAddress
from . import wire

CONNECT_SECONDS = 10
HELLO_SECONDS = CONNECT_SECONDS + 20.0
"""Seconds until the other side has said who it is."""
SILENCE_SECONDS = 20.0
"""Seconds without a line after which a running request is given up; the other side says every five that it lives."""
RETRY_SECONDS = 15.0
"""Seconds after a failure in which no other connection is tried."""
END_SECONDS = 2.0
MOST_LATE = 10_000
"""Lines in a row that may come of cancelled requests, or say that the other side lives."""
MOST_TEXT = 500
"""Characters of an error of the other side that are shown."""
_MISSING = 127
"""Exit code of a shell that does not find a program."""

COMMAND = "hermes-tui serve-stdio"
_OPTIONS = (
    *("-T", "-a", "-x", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"),
    *("-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no"),
    *("-o", "Tunnel=no", "-o", "RequestTTY=no", "-o", "RemoteCommand=none", "-o", "ControlMaster=no"),
)


def command(address: RemoteAddress) -> list[str]:
    """The command line of `ssh`."""
    return ["ssh", *_OPTIONS, "--", address.destination, COMMAND]


Answer = dict[str, object]


class RemoteConnection:
    """Connects with the first request, and again with a later one after a failure."""

    def __init__(self, address: RemoteAddress) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._link: _Link | None = None
        self._failure: tuple[float, Unreachable] | None = None
        self._closed = False
        atexit.register(self.close)

    def request(self, verb: str, args: dict[str, object], cancel: Cancel | None = None) -> Iterator[object]:
        """The values of the answer, as JSON has them.

        Raises:
            Unreachable: The other machine does not answer, or answers something else.
            StoreError: The error that the verb raised there.
        """
        link = self._linked()
        try:
            yield from link.values(verb, args, cancel)
        except Unreachable as error:
            with self._lock:
                if self._link is link:
                    self._link, self._failure = None, (time.monotonic(), error)
            link.end()
            raise

    def close(self) -> None:
        """End the connection; may be called twice."""
        self._closed = True
        atexit.unregister(self.close)
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            link.end()

    def _linked(self) -> _Link:
        with self._lock:
            if self._closed:
                raise StoreError(f"{self.address.name} was closed; open it again")
            if self._link is None:
                if self._failure is not None and time.monotonic() - self._failure[0] < RETRY_SECONDS:
                    raise self._failure[1]
                try:
                    self._link = _Link(self.address)
                except Unreachable as error:
                    self._failure = time.monotonic(), error
                    raise
            return self._link


class _Link:
    """A running `ssh`, after both sides said which protocol they speak."""

    def __init__(self, address: RemoteAddress) -> None:
        self._name = address.name
        self._waiting: dict[int, queue.SimpleQueue[Answer | StoreError]] = {0: queue.SimpleQueue()}
        self._lock = threading.Lock()
        self._last = 0
        self._complaint = b""
        self._failure: Unreachable | None = None
        self._heard = time.monotonic()
        self._process = self._started(address)
        self._complaints = threading.Thread(target=self._read_complaints, daemon=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        for thread in (self._complaints, self._reader):
            thread.start()
        try:
            self._send({"protocol": wire.VERSION, "home": address.path})
            self._check(self._waiting[0].get(timeout=HELLO_SECONDS))
            del self._waiting[0]
        except queue.Empty:
            self.end()
            raise Unreachable(f"{self._name} did not answer within {HELLO_SECONDS:.0f} s") from None
        except StoreError as error:
            self.end()
            raise error if isinstance(error, Unreachable) else Unreachable(f"{self._name}: {error}") from None

    def _started(self, address: RemoteAddress) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command(address),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(f"ssh cannot be started: {error.strerror}") from error

    def _check(self, hello: Answer | StoreError) -> None:
        if isinstance(hello, StoreError):
            raise hello
        if hello.get("protocol") != wire.VERSION:
            raise Unreachable(
                f"hermes-tui on {self._name} speaks another protocol than this one; install the same version on both"
            )
        if "error" in hello:
            raise _error_of(hello)

    def values(self, verb: str, args: dict[str, object], cancel: Cancel | None) -> Iterator[object]:
        """Send a request and wait for its values."""
        answers: queue.SimpleQueue[Answer | StoreError] = queue.SimpleQueue()
        with self._lock:
            self._last += 1
            number = self._last
            self._waiting[number] = answers
        if self._failure is not None:
            raise self._failure
        cancel = cancel or Cancel()
        self._heard = time.monotonic()
        try:
            with cancel.interrupting(lambda: answers.put(Interrupted("the request was cancelled"))):
                self._send({"id": number, "verb": verb, "args": args})
                while "end" not in (answer := self._next(answers)):
                    yield answer.get("value")
        finally:
            if self._waiting.pop(number, None) is not None and self._failure is None:
                self._send({"id": number, "cancel": True}, quiet=True)

    def _next(self, answers: queue.SimpleQueue[Answer | StoreError]) -> Answer:
        while True:
            try:
                answer = answers.get(timeout=1.0)
            except queue.Empty:
                if time.monotonic() - self._heard > SILENCE_SECONDS:
                    raise Unreachable(f"{self._name} has not answered for {SILENCE_SECONDS:.0f} s") from None
                continue
            if isinstance(answer, StoreError):
                raise answer
            if "error" in answer:
                raise _error_of(answer)
            return answer

    def _send(self, message: dict[str, object], *, quiet: bool = False) -> None:
        stream = self._stream(self._process.stdin)
        try:
            with self._lock:
                stream.write(wire.line(message))
                stream.flush()
        except (OSError, ValueError):
            if not quiet:
                self._reader.join(END_SECONDS)  # what it said before it ended is the reason
                raise self._failure or self._ended() from None

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise ValueError("no pipe")
        return stream

    def _read(self) -> None:
        """Hand every line to the request that it answers, until the other side ends or sends something else."""
        stream = self._stream(self._process.stdout)
        is_first, unasked = True, 0
        try:
            while line := stream.readline(wire.MAX_BYTES + 1):
                answer = _answer_of(line)
                number = 0 if is_first else answer.get("id") if answer else None
                asked = number if isinstance(number, int) and not isinstance(number, bool) else -1
                waiting = self._waiting.get(asked)
                unasked = 0 if waiting is not None else unasked + 1
                is_wrong = not 0 <= asked <= self._last or unasked > MOST_LATE
                if answer is None or is_wrong or (is_first and "protocol" not in answer):
                    self._fail(Unreachable(self._other(line, is_first=is_first)))
                    return
                self._heard = time.monotonic()
                is_first = False
                if waiting is not None:
                    waiting.put(answer)
        except (OSError, ValueError):
            pass
        self._fail(self._ended())

    def _other(self, line: bytes, *, is_first: bool) -> str:
        if len(line) > wire.MAX_BYTES:
            return f"{self._name} sent a line over 16 MB; the connection was ended"
        if is_first:
            return f"no hermes-tui on {self._name}: it answered something else"
        return f"{self._name} sent something that is no answer; the connection was ended"

    def _ended(self) -> Unreachable:
        """Why `ssh` ended, from its exit code and its last line."""
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            code = 0
        self._complaints.join(END_SECONDS)
        if code == _MISSING:
            return Unreachable(
                f"no hermes-tui on {self._name}; install it there, in the PATH of a login without a terminal"
            )
        said = self._complaint.decode("utf-8", "replace").strip().splitlines()
        return Unreachable(f"{self._name} cannot be reached: {said[-1][:300] if said else 'the connection ended'}")

    def _read_complaints(self) -> None:
        stream = self._stream(self._process.stderr)
        try:
            while piece := stream.read1(4096):  # type: ignore[attr-defined]
                self._complaint = (self._complaint + piece)[-4096:]
        except (OSError, ValueError):
            pass

    def _fail(self, failure: Unreachable) -> None:
        self._failure = self._failure or failure
        for waiting in list(self._waiting.values()):
            waiting.put(self._failure)

    def end(self) -> None:
        """End `ssh` with its group."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):
                break
            try:
                self._process.wait(END_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        for thread in (self._complaints, self._reader):
            if thread is not threading.current_thread():
                thread.join(END_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                self._stream(stream).close()
            except OSError:  # what was not sent goes nowhere
                pass


def _answer_of(line: bytes) -> Answer | None:
    if len(line) > wire.MAX_BYTES or not line.endswith(b"\n"):
        return None
    try:
        value = strict_json.load(line.decode("ascii"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _error_of(answer: Answer) -> StoreError:
    """The error of the other side; an unknown class is a StoreError."""
    kind: Any = getattr(errors, str(answer["error"]), StoreError)
    known = isinstance(kind, type) and issubclass(kind, StoreError) and kind is not errors.ColumnMissing
    return (kind if known else StoreError)(" ".join(str(answer.get("text", "")).split())[:MOST_TEXT])
