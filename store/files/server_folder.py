"""Folder of this machine for what belongs to a home elsewhere: messages that a server would not take."""

from __future__ import annotations

from pathlib import Path

from ..base.remote_address import RemoteAddress
from ..base.server_address import ServerAddress


def root_of(address: ServerAddress | RemoteAddress) -> Path:
    """The folder in place of a home's root; it is made where something has to be kept, and no name in it is secret."""
    import hashlib

    import platformdirs

    inside = address.dbname if isinstance(address, ServerAddress) else f"{address.user}/{address.path}"
    where = f"{address.host}:{address.port}/{inside}"
    digest = hashlib.sha256(where.encode()).hexdigest()[:16]
    return platformdirs.user_state_path("hermes-tui", appauthor=False) / "servers" / digest


def state_db_of(address: ServerAddress) -> Path:
    """Where the state.db of a schema would be, if it had one."""
    return root_of(address) / "profiles" / address.schema / "state.db"
