"""Homes on a PostgreSQL server: by their URL, or by the configuration of a home, which is asked for first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_tui.cli.options import Options
from store import Home, StoreError
from store.base.server_address import parse_address
from store.files.configured_server import configured_server
from store.open import locate_server

ADVICE = "a password in --home can be seen by others; PGPASSWORD or ~/.pgpass keeps it out of the command line"


def has_password(url: str) -> bool:
    """True where a URL on the command line has a password in it, which earns advice."""
    return bool(parse_address(url).password)


def followed(
    home: Home, options: Options, environ: Mapping[str, str], *, ask: Callable[[str], bool] | None = None
) -> Home:
    """The home itself, or the one on the server that its configuration chooses.

    The user's own home is followed of itself; another one's where `--connect` was given or the user says yes.

    Raises:
        StoreError: Another home's server was not agreed to, or cannot be reached.
    """
    own = options.home is None and not options.demo
    found = None if home.is_every else configured_server(home, environ, own=own)
    if found is None:
        return home
    name = parse_address(found.url).of_schema("").name
    if not (
        own or options.connect or (ask is not None and ask(f"{home.folder} keeps its sessions on {name}. Connect?"))
    ):
        raise StoreError(f"{home.folder} keeps its sessions on a server, {name}; --connect goes there")
    profile = None if options.profile in (None, home.profile) else options.profile
    return locate_server(found.url, profile=profile, likely=found.schema, beside=home.state_db)
