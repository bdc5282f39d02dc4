"""One ssh connection to a home on another machine: requests out and answers in as JSON lines, for many threads.

`ssh` runs without a terminal, a password prompt and any forwarding, in a process group of its own, and its remote
command is constant; host, user and port were checked and stand after `--` (`base.remote_address`).
"""

from __future__ import annotations

import atexit
import errno
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

from ..base import errors, strict_json
from ..base.cancel import Cancel
from ..base.errors import Damaged, Interrupted, StoreError, Unreachable
from ..base.remote_address import RemoteAddress
from . import wire

CONNECT_SECONDS = 10
HELLO_SECONDS = CONNECT_SECONDS + 20.0
"""Seconds until the other side has said who it is."""
SILENCE_SECONDS = 20.0
"""Seconds without a line after which a running request is given up; the other side says every five that it lives."""
RETRY_SECONDS = 15.0
"""Seconds after a failure in which no other connection is tried."""
FIRST_SECONDS = 0.5
"""Seconds after the first attempt began in which requests wait for it that do not wait for all of it."""
END_SECONDS = 2.0
MOST_LATE = 10_000
"""Lines in a row that may come of cancelled requests, or say that the other side lives."""
MOST_TEXT = 500
"""Characters of an error of the other side that are shown."""
_OF_READING = (errors.CannotOpen, Damaged, errors.Locked, errors.SessionMissing, errors.QueryInvalid, errors.UnsafeId)
_MISSING = 127
"""Exit code of a shell that does not find a program."""

COMMAND = "hermes-tui serve-stdio"
_OPTIONS = (
    *("-T", "-a", "-x", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"),
    *("-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no"),
    *("-o", "Tunnel=no", "-o", "RequestTTY=no", "-o", "RemoteCommand=none", "-o", "ControlMaster=no"),
    *("-o", "ServerAliveInterval=15", "-o", "Compression=yes"),
)


_GUARD = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15);"  # PR_SET_PDEATHSIG, SIGTERM
    " os.getppid() == int(sys.argv[1]) and os.execvp(sys.argv[2], sys.argv[2:])"
)


def _with_us() -> list[str]:
    """What has Linux end `ssh` where this program is killed; a machine that does not answer would keep it."""
    return [sys.executable, "-IS", "-c", _GUARD, str(os.getpid())] if sys.platform == "linux" else []


def command(address: RemoteAddress) -> list[str]:
    """The command line of `ssh`."""
    port = ["-p", str(address.port)] if address.is_ipv6 and address.port is not None else []
    return ["ssh", *_OPTIONS, *port, "--", address.destination, COMMAND]


Answer = dict[str, object]


class RemoteConnection:
    """Connects with `start` or the first request, and again with a later one after a failure.

    Args:
        waits: Requests wait until the other machine has answered; else they fail until it has.
    """

    def __init__(self, address: RemoteAddress, *, waits: bool = True) -> None:
        self.address = address
        self.missed = ""
        """Why a request failed, the last one for which the other machine did not answer."""
        self.not_yet = f"{address.name} has not answered yet"
        self._waits = waits
        self._lock = threading.Lock()
        self._link: _Link | None = None
        self._failure: tuple[float, Unreachable] | None = None
        self._closed = False
        self._until = 0.0
        atexit.register(self.close)

    def start(self) -> None:
        """Begin to connect, and do not wait for it."""
        with self._lock:
            if self._link is None and not self._closed:
                self._connect()

    def request(self, verb: str, args: dict[str, object], cancel: Cancel | None = None) -> Iterator[object]:
        """The values of the answer, as JSON has them.

        Raises:
            Unreachable: The other machine does not answer, or answers something else.
            StoreError: The error that the verb raised there.
        """
        try:
            link = self._linked()
            try:
                yield from link.values(verb, args, cancel)
            except Unreachable as error:
                self._lose(link, error)
                raise
        except Unreachable as error:
            self.missed = str(error)
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
            rests = self._failure is not None and time.monotonic() - self._failure[0] < RETRY_SECONDS
            if self._link is None and not rests:
                self._connect()
            link, before = self._link, self._failure
        if link is None or not link.greeted.wait(None if self._waits else max(0.0, self._until - time.monotonic())):
            raise before[1] if before else Unreachable(self.not_yet)
        if link.refusal is not None:
            raise link.refusal
        return link

    def _connect(self) -> None:
        self._until = self._until or time.monotonic() + FIRST_SECONDS
        try:
            self._link = link = _Link(self.address)
        except Unreachable as error:
            self._failure = time.monotonic(), error
        else:
            threading.Thread(target=self._greet, args=(link,), daemon=True).start()

    def _greet(self, link: _Link) -> None:
        try:
            link.greet()
        except Unreachable as error:
            link.refusal = error
            self._lose(link, error)
        finally:
            link.greeted.set()

    def _lose(self, link: _Link, error: Unreachable) -> None:
        with self._lock:
            if self._link is link:
                self._link, self._failure = None, (time.monotonic(), error)
        link.end()


class _Link:
    """A running `ssh`, by which both sides say first which protocol they speak."""

    def __init__(self, address: RemoteAddress) -> None:
        self._address, self._name = address, address.name
        self.greeted = threading.Event()
        """Set when the other side has said who it is, or `refusal` why there is no connection."""
        self.refusal: Unreachable | None = None
        self._waiting: dict[int, queue.SimpleQueue[Answer | StoreError]] = {0: queue.SimpleQueue()}
        self._lock = threading.Lock()
        self._last = 0
        self._complaint = b""
        self._failure: Unreachable | None = None
        self._heard = time.monotonic()
        self._is_known = threading.Event()
        started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
        self._complaints = threading.Thread(target=self._read_complaints, daemon=True)
        self._reader = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._unsent: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._reader.start()
        if isinstance(process := started.get(), OSError):
            raise Unreachable(f"ssh cannot be started: {process.strerror}")
        self._process = process
        self._complaints.start()
        self._writer.start()
        self._is_known.set()

    def greet(self) -> None:
        """Say which home is asked for, and wait until the other side has said who it is.

        Raises:
            Unreachable: It is another one, or does not answer.
        """
        try:
            self._unsent.put({"protocol": wire.VERSION, "home": self._address.path})
            self._check(self._waiting[0].get(timeout=HELLO_SECONDS))
            del self._waiting[0]
        except queue.Empty:
            raise Unreachable(f"{self._name} did not answer within {HELLO_SECONDS:.0f} s") from None
        except StoreError as error:
            raise error if isinstance(error, Unreachable) else Unreachable(f"{self._name}: {error}") from None

    def _run(self, started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError]) -> None:
        """Start `ssh` in the thread that reads it: the system ends a program with the thread that started it."""
        words, pipe = command(self._address), subprocess.PIPE
        try:
            if shutil.which(words[0]) is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            started.put(
                subprocess.Popen([*_with_us(), *words], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
            )
        except OSError as error:
            started.put(error)
            return
        self._is_known.wait()
        self._read()

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
                self._unsent.put({"id": number, "verb": verb, "args": args})
                while "end" not in (answer := self._next(answers)):
                    yield answer.get("value")
        finally:
            if self._waiting.pop(number, None) is not None and self._failure is None:
                self._unsent.put({"id": number, "cancel": True})

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

    def _write(self) -> None:
        """Send what is asked, in a thread of its own: a machine that does not read would stop who asks."""
        stream = self._stream(self._process.stdin)
        try:
            while message := self._unsent.get():
                stream.write(wire.line(message))
                stream.flush()
        except (OSError, ValueError):
            self._reader.join(END_SECONDS)  # what it said before it ended is the reason
            self._fail(self._ended())

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
        self._unsent.put(None)
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
        for thread in (self._complaints, self._reader, self._writer):
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
    """The error of the other side; one that is none of reading is of that home alone."""
    kind: Any = getattr(errors, str(answer["error"]), None)
    return (kind if isinstance(kind, type) and issubclass(kind, _OF_READING) else Damaged)(
        " ".join(str(answer.get("text", "")).split())[:MOST_TEXT]
    )
