"""Networks of machines that push: a namespace of their own where the user may make one, else a socket of their own.

A machine in a namespace is cut off by its link: packets vanish, and neither side is told. Behind a socket nothing is
handed on any more, and what was open ends.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

MAC = "02:00:00:00:00:01"
"""Of a bridge."""
_SOCKET = ".s.PGSQL.5432"


class Network(Protocol):
    """The network of one machine."""

    address: str
    """Host, database and parameters of a URL by which the machine reaches the server."""
    prefix: Sequence[str]
    """Words before a command that runs on the machine."""

    def cut(self) -> None:
        """Cut the machine off."""

    def join(self) -> None:
        """Connect it again."""

    def close(self) -> None:
        """Take it away."""


class Relay:
    """The network of a machine: a socket that hands everything on to the server's, until it is cut.

    Args:
        server: Folder of the server's socket.
    """

    def __init__(self, server: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hermes-tui-net-"))
        """Of the socket; its name must be short."""
        self._server = server / _SOCKET
        self._cut = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / _SOCKET))
        self._listening.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        self.address = f"/postgres?host={quote(str(self.folder), safe='')}"
        self.prefix: Sequence[str] = ()

    def cut(self) -> None:
        """Hand nothing on."""
        self._cut.set()

    def join(self) -> None:
        """End what was open, and hand on what comes from now on."""
        self._cut.clear()

    def close(self) -> None:
        """Take nobody any more."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # it was closed
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with ExitStack() as carried, suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            while self._cut.is_set():
                time.sleep(0.05)
            server.connect(str(self._server))
            chosen = carried.enter_context(selectors.DefaultSelector())
            chosen.register(client, selectors.EVENT_READ, server)
            chosen.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in chosen.select():
                    if self._cut.is_set():
                        while self._cut.is_set():
                            time.sleep(0.05)
                        return
                    data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)


class Bridge:
    """A bridge of this machine, at whose address the server listens, and the namespaces that it connects.

    Raises:
        OSError, subprocess.CalledProcessError: The user may not make one, or there is no `ip`.
    """

    def __init__(self) -> None:
        number = os.getpid() % 250 + 1
        self.name, self._net = f"htui{number}", f"10.213.{number}"
        self.address = f"{self._net}.1"
        """Of the server."""
        _ip("link", "add", self.name, "address", MAC, "type", "bridge")
        try:
            _ip("addr", "add", f"{self.address}/24", "dev", self.name)
            _ip("link", "set", self.name, "up")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Take it away."""
        _ip("link", "del", self.name)

    def namespace(self, number: int) -> Namespace:
        """The network of a machine."""
        return Namespace(self, number, f"{self._net}.{number + 2}")


class Namespace:
    """The network of a machine: a namespace of its own with a link to the bridge.

    Args:
        address: Of the machine.
    """

    def __init__(self, bridge: Bridge, number: int, address: str) -> None:
        self._bridge, self._name = bridge.name, f"{bridge.name}-{number}"
        self.address = f"{bridge.address}/postgres?sslmode=disable"
        _ip("netns", "add", self._name)
        self.prefix: Sequence[str] = ("ip", "netns", "exec", self._name)
        own = f"02:00:00:00:00:{number + 2:02x}"
        _ip("link", "add", self._name, "type", "veth", "peer", "name", "eth0", "address", own, "netns", self._name)
        _ip("-n", self._name, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", self._name, "link", "set", "eth0", "up")
        _ip("link", "set", self._name, "master", bridge.name, "up")
        # both know each other as by a router, which does not notice either
        _ip("neigh", "replace", address, "lladdr", own, "dev", bridge.name, "nud", "permanent")
        _ip("-n", self._name, "neigh", "replace", bridge.address, "lladdr", MAC, "dev", "eth0", "nud", "permanent")

    def cut(self) -> None:
        """Take the link out of the bridge: what is sent vanishes, and nobody is told."""
        _ip("link", "set", self._name, "nomaster")

    def join(self) -> None:
        """Put it back."""
        _ip("link", "set", self._name, "master", self._bridge)

    def close(self) -> None:
        """Take it away, with its link."""
        _ip("netns", "del", self._name)


def can_be_made() -> bool:
    """True where the user may make networks of their own."""
    try:
        with closing(Bridge()) as bridge:
            bridge.namespace(0).close()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
