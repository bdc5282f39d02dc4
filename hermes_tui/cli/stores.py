"""Stores of the verbs: opened to read or to write, and a session by the name that was typed."""

from __future__ import annotations

from contextlib import closing

from store import CannotOpen, Damaged, Home, Session, SessionDB, StoreError, StoreMissing, open_home


def opened(home: Home) -> closing[SessionDB]:
    """The store of a home, to read, closed on the way out."""
    return closing(open_home(home))


def opened_to_write(home: Home) -> closing[SessionDB]:
    """The same to write; all profiles as one have none."""
    return closing(SessionDB(home.state_db, sessions_dir=home.sessions_dir))


def session_named(db: SessionDB, name: str) -> Session:
    """The session with this id, or the only one whose id starts so.

    Raises:
        StoreError: There is none, or more than one.
    """
    problem: StoreError | None = None
    session = None
    try:
        session = db.session(db.resolve_session_id(name) or name)
    except StoreMissing:
        pass
    except (CannotOpen, Damaged) as error:
        problem = error
    if session is None:
        starting = [session for session in db.file_sessions() if name and session.id.startswith(name)]
        exact = [session for session in starting if session.id == name]
        session = (exact or starting)[0] if exact or len(starting) == 1 else None
    if session is None and problem is not None:
        raise problem
    if session is None:
        raise StoreError(f"no session “{name}” here, or more than one starts so; hermes-tui list prints every id")
    return session
