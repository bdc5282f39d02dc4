"""Address of a schema on a PostgreSQL server: a URL taken apart and checked, and its name without any secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from .errors import CannotOpen
from .late_dataclass import dataclass, field, replace
from .late_pattern import late_pattern

SCHEMES = ("postgresql://", "postgres://")
PARAMETERS = (*("host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "connect_timeout", "schema"),)
"""Names that a URL may have after its `?`, as libpq has them, and the schema."""
CONNECT_TIMEOUT = 10
"""Seconds that a connection may take where the URL has no other number."""
_MODES = ("disable", "require", "verify-ca", "verify-full")
_MEANT = late_pattern(r"(?i)^\W*(?:jdbc:)?postgres\w*[:/].*@|\b(?:password|service|dbname)\s*=")
_WORD = late_pattern(r"[^\s“”'\"]+")
_SCHEME = late_pattern(r"(?i)postgres[\w+]{0,16}(?::/{0,2}|/{1,2})")
_PASSWORD = late_pattern(r"(?i)\b(password)(\s*=\s*)[^\s&;“”'\"]+")
_SCHEMA = late_pattern(r"[a-z_][a-z0-9_]{0,62}")
_NAME = late_pattern(r"[^\x00-\x1f\x7f]{0,255}")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A database on a server, and maybe one schema of it."""

    host: str
    """A name, an address, the folder of a socket, or "" for the default socket."""
    port: int = 5432
    dbname: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    sslmode: str = ""
    """"" for what the host needs: `require` away from this machine."""
    sslrootcert: str = ""
    connect_timeout: int = CONNECT_TIMEOUT
    """Seconds."""
    schema: str = ""
    """"" for whatever schemas hold sessions."""

    @property
    def name(self) -> str:
        """`host/db#schema`: what screen, files and errors may say."""
        host = "local" if self.is_socket else self.host
        return f"{host}/{self.dbname}" + (f"#{self.schema}" if self.schema else "")

    @property
    def is_socket(self) -> bool:
        """True for a Unix socket."""
        return not self.host or self.host.startswith("/")

    @property
    def is_local(self) -> bool:
        """True where nothing leaves this machine."""
        if self.is_socket or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def is_unencrypted(self) -> bool:
        """True where the URL turned TLS off for a server on another machine."""
        return self.sslmode == "disable" and not self.is_local

    def of_schema(self, schema: str) -> ServerAddress:
        """The same database with a schema."""
        return replace(self, schema=schema)

    def parameters(self) -> dict[str, str | int]:
        """Arguments of a connection by libpq's names; the schema is none of them.

        Host and options are given even where they are empty: PGHOST, PGHOSTADDR and PGOPTIONS, which count otherwise,
        could lead to another machine than the one that `is_local` looked at.
        """
        given: Mapping[str, str | int] = {
            "host": self.host,
            "port": self.port,
            "dbname": self.dbname,
            "user": self.user,
            "password": self.password,
            "sslmode": self.sslmode or ("prefer" if self.is_local else "require"),
            "sslrootcert": self.sslrootcert,
            "connect_timeout": self.connect_timeout,
        }
        return {"hostaddr": "", "options": ""} | {
            name: value for name, value in given.items() if value != "" or name == "host"
        }


def is_server(text: object) -> bool:
    """True for a text that begins like the URL of a PostgreSQL server."""
    return isinstance(text, str) and text.lower().startswith(SCHEMES)


def is_like_address(text: str) -> bool:
    """True for what was meant as the address of a server, in whatever form, and may have a password in it."""
    return bool(_MEANT.search(text))


def without_passwords(text: str) -> str:
    """A text without what may be the password in an address of a server."""
    return _PASSWORD.sub(r"\1\2…", _WORD.sub(_without_user, text)) if "@" in text or "=" in text else text


def _without_user(word: re.Match[str]) -> str:
    """A word without what stands between the scheme and the last “@” in it, where that has a password."""
    before, at, host = word[0].rpartition("@")
    scheme = _SCHEME.search(before)
    if scheme is None or ":" not in before[scheme.end() :]:
        return word[0]
    return f"{before[: scheme.end()]}…{at}{host}"


def is_schema(name: str) -> bool:
    """True for the name of a schema as Hermes writes them."""
    return bool(_SCHEMA.fullmatch(name)) and not name.startswith("pg_")


def with_password(url: str, password: str) -> str:
    """The URL with a password, where it has none."""
    if parse_address(url).password:
        return url
    return f"{url}{'&' if '?' in url else '?'}password={quote(password, safe='')}"


def parse_address(url: str) -> ServerAddress:
    """The address in a URL.

    Raises:
        CannotOpen: It is no such URL, or a parameter is unknown or wrong; the message has no part of the URL but the
            parameter's name.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise CannotOpen("the server's URL cannot be understood; write postgresql://user@host:port/db") from None
    if not is_server(url):
        raise CannotOpen("the server's URL must begin with postgresql://")
    if parts.fragment:
        raise CannotOpen("the server's URL has a “#”; write %23 in a password, and the schema as ?schema=NAME")
    given = _given(parts)
    values: dict[str, str] = {
        "host": unquote(parts.hostname or ""),
        "port": "" if port is None else str(port),
        "dbname": unquote(parts.path.removeprefix("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        **given,
    }
    return _checked(values)


def _given(parts: SplitResult) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        shown = name if re.fullmatch(r"[a-z_]{1,30}", name) else "?"
        if name not in PARAMETERS:
            raise CannotOpen(f"the server's URL has the parameter “{shown}”; only {', '.join(PARAMETERS)} are taken")
        if name in given:
            raise CannotOpen(f"the server's URL has the parameter “{name}” twice; leave one out")
        given[name] = value
    return given


def _checked(values: Mapping[str, str]) -> ServerAddress:
    for name in ("host", "dbname", "user", "password", "sslrootcert"):
        if not _NAME.fullmatch(values.get(name, "")):
            raise CannotOpen(f"“{name}” in the server's URL is too long or has a control character")
    if "," in values["host"]:
        raise CannotOpen("the server's URL names more than one host; name one")
    if values.get("sslmode", "") not in ("", *_MODES):
        raise CannotOpen(f"“sslmode” in the server's URL must be one of {', '.join(_MODES)}")
    if (schema := values.get("schema", "")) and not is_schema(schema):
        raise CannotOpen(
            "“schema” in the server's URL is no schema: small letters, digits and _, at most 63, not pg_ at its start"
        )
    if not values["dbname"]:
        raise CannotOpen("the server's URL names no database; write postgresql://user@host:port/db")
    return ServerAddress(
        host=values["host"],
        port=_whole(values, "port", 5432),
        dbname=values["dbname"],
        user=values.get("user", ""),
        password=values.get("password", ""),
        sslmode=values.get("sslmode", ""),
        sslrootcert=values.get("sslrootcert", ""),
        connect_timeout=_whole(values, "connect_timeout", CONNECT_TIMEOUT),
        schema=schema,
    )


def _whole(values: Mapping[str, str], name: str, otherwise: int) -> int:
    text = values.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:6]) < 65_536:
        raise CannotOpen(f"“{name}” in the server's URL must be a number from 1 to 65535")
    return int(text)
