"""Homes elsewhere: on a PostgreSQL server, by URL or by the configuration of a home, and on other machines by ssh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hermes_tui.cli.options import Options
from store import Home, StoreError
from store.base.late_dataclass import replace
from store.files.home import ALL_PROFILES, DEFAULT_PROFILE

ADVICE = "a password in a URL can be seen by others; PGPASSWORD or ~/.pgpass keeps it out of the command line"


def has_password(url: str) -> bool:
    """True where a URL on the command line has a password in it, which earns advice."""
    from store.base.server_address import parse_address

    return bool(parse_address(url).password)


_MERGED = (None, "list", "show", "search")
"""What shows the homes of the config together with the user's own; other verbs have that alone."""


def members_of(options: Options) -> list[tuple[str, Path | str | None]]:
    """Names and places of the homes that are read: those of the command line, else the user's own and the config's.

    Empty for one folder, or the user's own alone.
    """
    if options.homes:
        return (
            [] if len(options.homes) == 1 and isinstance(options.home, Path) else [("", home) for home in options.homes]
        )
    if options.verb not in _MERGED or options.profile is not None:
        return []
    from hermes_tui import config

    others = config.load(config.locate()).homes
    return [("", None), *others.items()] if others else []


def without_secret(place: str) -> str:
    """An address of the config file as it may be printed."""
    from store.base.server_address import is_like_address, is_server, parse_address

    if is_server(place):
        try:
            return parse_address(place).name
        except StoreError:
            return "postgresql://"
    return "postgresql://" if is_like_address(place) else place


def remote_home(url: str) -> Home:
    """The home on another machine, by an address of ssh.

    Raises:
        StoreError: The address is wrong.
    """
    from store.base.remote_address import parse_remote
    from store.files import server_folder

    address = parse_remote(url)
    return Home(server_folder.root_of(address), address.name, remote=address)


def merged(homes: Sequence[tuple[str, Home]]) -> Home:
    """Some homes as one, each with the name that it was given or one of its own; a single one is itself."""
    if len(homes) == 1:
        return homes[0][1]
    taken = {DEFAULT_PROFILE: 1}
    named: list[Home] = []
    for name, home in homes:
        own = (name or home.name).replace("/", "-")  # a slash ends the name in an id of the list
        taken[own] = number = taken.get(own, 0) + 1 if named else 1
        named.append(replace(home, label=own if number == 1 else f"{own}-{number}"))
    return Home(homes[0][1].root, ALL_PROFILES, members=tuple(named))


def followed(
    home: Home, options: Options, environ: Mapping[str, str], *, ask: Callable[[str], bool] | None = None
) -> Home:
    """The home itself, or the one on the server that its configuration chooses.

    The user's own home is followed of itself; another one's where `--connect` was given or the user says yes.

    Raises:
        StoreError: Another home's server was not agreed to, or cannot be reached.
    """
    from store.files.configured_server import configured_server

    own = options.home is None and not options.demo
    found = None if home.is_every else configured_server(home, environ, own=own)
    if found is None:
        return home
    from store.base.server_address import parse_address
    from store.open import locate_server

    name = parse_address(found.url).of_schema("").name
    if not (
        own or options.connect or (ask is not None and ask(f"{home.folder} keeps its sessions on {name}. Connect?"))
    ):
        raise StoreError(f"{home.folder} keeps its sessions on a server, {name}; --connect goes there")
    profile = None if options.profile in (None, home.profile) else options.profile
    return locate_server(found.url, profile=profile, likely=found.schema, beside=home.state_db)
