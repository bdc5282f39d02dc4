"""Identity of this machine and of a home on it, by which a schema on a server knows whose copy it is."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from pathlib import Path

import platformdirs

from ..base.errors import CannotOpen
from ..engine.push_target import HomeIdentity
from ..files.home import Home

_LONGEST = 28
_ID = re.compile(r"[0-9a-f]{32}")


def identity(home: Home, *, name: str | None = None) -> HomeIdentity:
    """Whose copy a home's schema is; the id of the machine is made with the first one.

    Args:
        name: For people, in place of the host's.

    Raises:
        CannotOpen: The id cannot be kept.
    """
    path = str(home.state_db.resolve())
    machine = _machine()
    digest = hashlib.sha256(f"{machine} {path}".encode(errors="surrogateescape")).hexdigest()[:32]
    return HomeIdentity(machine, digest, name or socket.gethostname(), home.profile)


def schema_of(identity: HomeIdentity) -> str:
    """The schema of a home's copy; two profiles of a machine never share one."""
    return f"m_{_slug(identity.host)[:28]}_{_profile(identity.profile)}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", text.lower()) or "_"


def _profile(name: str) -> str:
    """The profile's name, with a digest where it cannot stand as it is."""
    if (slug := _slug(name)) == name and len(name) <= _LONGEST:
        return name
    return f"{slug[: _LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _machine() -> str:
    path = platformdirs.user_state_path("hermes-tui", appauthor=False) / "machine"
    try:
        if not path.exists():
            _make(path)
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotOpen(f"the id of this machine cannot be kept in {path}") from error
    if not _ID.fullmatch(found):
        raise CannotOpen(f"{path} holds no id of this machine; remove it, and say --take-over with the next push")
    return found


def _make(path: Path) -> None:
    """Write the id whole or not at all; that of another push of this machine which was faster stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    new.write_text(secrets.token_hex(16), encoding="ascii")
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
