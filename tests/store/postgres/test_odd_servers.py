"""Servers that are too old, fall silent or talk nonsense: a typed error soon, without a secret in it."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import closing, suppress

import pytest

from hermes_tui.__main__ import main
from store.base.cancel import Cancel
from store.base.errors import Interrupted
from store.base.server_address import parse_address
from store.postgres import connection, reader
from store.postgres.reader import Reader
from store.postgres.schema_probe import layouts_of

SECRET = "s3cret-in-the-url"
SSL_REQUEST = 80_877_103


class StandIn:
    """A server that lets everybody in, says its version and never answers a query.

    Args:
        version: What it says it is.
        last_words: What it sends in place of an answer; it ends the connection after that.
    """

    def __init__(self, version: str, last_words: bytes | None = None) -> None:
        self._version, self._last_words = version, last_words
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Its URL."""
        port = self._listening.getsockname()[1]
        return f"postgresql://me:{SECRET}@127.0.0.1:{port}/db?connect_timeout=2"

    def close(self) -> None:
        """Listen no longer."""
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listening.accept()[0],), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer, suppress(OSError, struct.error):
            while struct.unpack("!ii", peer.recv(8, socket.MSG_WAITALL))[1] == SSL_REQUEST:
                peer.sendall(b"N")
            peer.recv(4096)
            said = (("server_version", self._version), ("client_encoding", "UTF8"))
            parameters = b"".join(_message(b"S", f"{name}\0{value}\0".encode()) for name, value in said)
            peer.sendall(_message(b"R", bytes(4)) + parameters + _message(b"Z", b"I"))
            while peer.recv(4096):
                self.asked.set()
                if self._last_words is not None:
                    peer.sendall(self._last_words)
                    return


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


READY = _message(b"Z", b"I")


def _one_cell(cell: bytes, oid: int = 25) -> bytes:
    """An answer with one row of one cell."""
    described = struct.pack("!h", 1) + b"name\0" + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0)
    row = struct.pack("!hi", 1, len(cell)) + cell
    return _message(b"T", described) + _message(b"D", row) + _message(b"C", b"SELECT 1\0")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of tenths of a second in place of many."""
    for name in ("STATEMENT_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(reader, name, 0.1)
    for module in (reader, connection):
        monkeypatch.setattr(module, "MARGIN", 0.2)
    monkeypatch.setattr(connection, "_CANCEL_TIMEOUT", 0.1)


@pytest.mark.parametrize(
    ("version", "last_words", "said"),
    [
        ("16.9", None, "runs PostgreSQL 16; 17 or later is needed"),
        ("9.6.24", None, "runs PostgreSQL 9; 17 or later is needed"),
        ("18.0", None, "did not answer in time"),
        ("18.0", b"", "cannot be reached, or the connection was lost"),
        ("18.0", b"HTTP/1.1 400 Bad Request\r\n\r\n", "not PostgreSQL's"),
        ("18.0", READY, "not PostgreSQL's"),
        ("18.0", _one_cell(b"schema") + READY, "not PostgreSQL's"),
        ("18.0", _one_cell(b"1") + _one_cell(b"\xff") + READY, "not PostgreSQL's"),
        ("18.0", _one_cell(b"1") + _one_cell(b"no number", 20) + READY, "not PostgreSQL's"),
        ("18.0", _one_cell(b"1") + _one_cell(b"{", 3802) + READY, "not PostgreSQL's"),
        ("18.0", _one_cell(b"1") + _one_cell(b"../../outside") + READY, "no schema with sessions"),
        ("18.0", _message(b"E", f"SFATAL\0C57P01\0M{SECRET}\0\0".encode()), "cannot be reached, or the connection"),
        ("18.0", _message(b"E", f"SERROR\0CXX000\0M{SECRET}\0\0".encode()), "refused a statement (InternalError_"),
    ],
)
def test_a_server_that_is_old_silent_or_odd_is_one_line(
    version: str, last_words: bytes | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutants: no look at the version; an answer to one statement of two; a cell that is none; any name of a schema."""
    with closing(StandIn(version, last_words)) as server:
        for verb in ("list", "search"):
            assert main(["--home", server.url, verb, *(["words"] if verb == "search" else [])]) == 2
            out, err = capsys.readouterr()
            lines = [line for line in err.splitlines() if "PGPASSWORD or ~/.pgpass keeps" not in line]
            assert (out, len(lines)) == ("", 1), err
            assert said in lines[0]
            assert SECRET not in err


def test_a_search_on_a_silent_server_ends_when_it_is_cancelled() -> None:
    """Mutant: nothing but the cancellation is sent, to which nobody answers."""
    with closing(StandIn("18.0")) as server, closing(Reader(parse_address(f"{server.url}&schema=s"))) as asking:
        cancel = Cancel()

        def _search() -> None:
            with pytest.raises(Interrupted):
                asking.rows("SELECT 1", cancel=cancel, seconds=600.0)
            ended.set()

        ended = threading.Event()
        threading.Thread(target=_search, daemon=True).start()
        server.asked.wait()
        cancel.cancel()
        assert ended.wait(20)


def test_rows_that_are_no_answer_to_the_look_at_a_schema_are_left_out() -> None:
    """Mutants: rows of another length, of another schema, and columns that are none are taken apart."""
    columns = '["id", ["role", "text"], ["content", "text", true]]'
    known: tuple[object, ...] = ("s", "messages", "r", False, False, 1.0, [], columns)
    rows = [(), ("s",), ("other", *known[1:]), known, ("s", "sessions", *known[2:7], "1")]
    [found] = layouts_of(["s"], rows).values()
    assert found.columns == {"messages": ("content",), "sessions": ()}
