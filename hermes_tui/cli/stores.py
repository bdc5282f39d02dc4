"""Stores of the verbs: opened to read or to write, and a session by the name that was typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from store import Browser, Home, ReadOnly, Session, StoreError, StoreMissing, open_home
from store.files.home import LINK, id_of_link

if TYPE_CHECKING:
    from store import SessionDB

EVERY = "all profiles as one are only read; name the one to write to with --profile NAME"
"""Answer to a verb that would write into all profiles."""
NAMED = 3
"""Homes that could not be read, of which one sentence says why."""


def opened(home: Home, *, cache_dir: Path | None = None) -> closing[Browser]:
    """The store of a home, to read, closed on the way out.

    Args:
        cache_dir: Folder of the verdicts that the screen remembers; None to compare without them.
    """
    return closing(open_home(home, cache_dir=cache_dir))


@contextmanager
def opened_to_write(home: Home) -> Iterator[SessionDB]:
    """The same to write, and its WAL copied into its file at the end; all profiles as one have none.

    Raises:
        ReadOnly: The home is on a server or another machine, which people's verbs only read.
    """
    from store import SessionDB

    if home.elsewhere:
        raise ReadOnly(f"nothing was written: {home.elsewhere} is only read")
    with closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir)) as db:
        yield db
        db.store.engine.checkpoint()


def session_named(db: Browser, name: str) -> Session:
    """The session with this id, or that a link `@session:<profile>/<id>` names, or the only one whose id starts so.

    Raises:
        StoreError: There is none, or more than one.
    """
    session = None
    for own in dict.fromkeys((name.removeprefix(LINK), id_of_link(name))):
        with suppress(StoreMissing):
            session = session or db.session(db.resolve(own) or own)
    if session is None:
        if unread := db.problems():
            raise StoreError(f"no session “{name}” in what could be read; {'; '.join(unread[:NAMED])}")
        raise StoreError(f"no session “{name}” here, or more than one starts so; hermes-tui list prints every id")
    return session
