"""Address of a home on another machine: `ssh://user@host:port/PATH` taken apart and checked."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from .errors import CannotOpen
from .late_dataclass import dataclass
from .late_pattern import late_pattern

SCHEME = "ssh://"
_HOST = late_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\]")
_USER = late_pattern(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
_PATH = late_pattern(r"[^\x00-\x1f\x7f-\x9f]{0,4096}")


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """A home on another machine."""

    host: str
    """A name, or an address of IPv6 in brackets."""
    user: str = ""
    port: int | None = None
    path: str = ""
    """Of the home there; "" for the default home. It is sent to the other machine and used nowhere else."""

    @property
    def destination(self) -> str:
        """What `ssh` takes as its destination; it takes no URL of an IPv6 address, whose port is an option then."""
        user = f"{self.user}@" if self.user else ""
        if self.is_ipv6:
            return f"{user}{self.host[1:-1]}"
        return f"{SCHEME}{user}{self.host}" + ("" if self.port is None else f":{self.port}")

    @property
    def is_ipv6(self) -> bool:
        """The host is an address of IPv6."""
        return self.host.startswith("[")

    @property
    def name(self) -> str:
        """`host` or `user@host`: what the screen and errors say."""
        return f"{self.user}@{self.host}" if self.user else self.host


def is_remote(text: object) -> bool:
    """True for a text that begins like the address of a home on another machine."""
    return isinstance(text, str) and text.lower().startswith(SCHEME)


def parse_remote(url: str) -> RemoteAddress:
    """The address in a URL.

    Raises:
        CannotOpen: It is no such URL, or a part of it could be taken for an option.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise CannotOpen("the address cannot be understood; write ssh://user@host:port/PATH") from None
    if not is_remote(url) or parts.query or parts.fragment or parts.password is not None:
        raise CannotOpen("the address must be ssh://user@host:port/PATH, without a password, “?” and “#”")
    place, _, named = parts.netloc.rpartition("@")
    host = named if named.endswith("]") or ":" not in named else named.rpartition(":")[0]
    if not _HOST.fullmatch(host):
        raise CannotOpen("the host in ssh:// must be letters, digits, dots, dashes and underscores, no dash first")
    if place and not _USER.fullmatch(place):
        raise CannotOpen("the user in ssh:// must be letters, digits and . + - _, no dash first")
    if port == 0:
        raise CannotOpen("the port in ssh:// must be a number from 1 to 65535")
    path = unquote(parts.path, errors="surrogateescape")
    if not _PATH.fullmatch(path):
        raise CannotOpen("the path in ssh:// is too long or has a control character")
    return RemoteAddress(host, place, port, path.removeprefix("/") if path.startswith("/~") else path.rstrip("/"))
