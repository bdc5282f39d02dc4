"""Folder of this machine for what belongs to a database on a server: messages that it would not take."""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

from ..base.server_address import ServerAddress


def root_of(address: ServerAddress) -> Path:
    """The folder in place of a home's root; it is made where something has to be kept, and no name in it is secret."""
    where = f"{address.host}:{address.port}/{address.dbname}"
    digest = hashlib.sha256(where.encode()).hexdigest()[:16]
    return platformdirs.user_state_path("hermes-tui", appauthor=False) / "servers" / digest


def state_db_of(address: ServerAddress) -> Path:
    """Where the state.db of a schema would be, if it had one."""
    return root_of(address) / "profiles" / address.schema / "state.db"
