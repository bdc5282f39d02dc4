"""Ids as the verbs print them: of one of several profiles, the session's own id where that is enough.

The list of all profiles names a session `<profile>/<id>`; the verbs take that name, and an own id that one session
alone has. In a list of several machines each id keeps the machine's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache

from store import Browser, Home, Session


def ids_of_all(sessions: Iterable[Session]) -> Callable[[str], str]:
    """A function from ids to what is printed, where every session of a list of all profiles is known."""
    names = {session.id: session.id.removeprefix(f"{session.profile}/") for session in sessions}
    n_named = Counter(names.values())
    return lambda session_id: own if n_named[own := names.get(session_id, session_id)] == 1 else session_id


def ids_by_look_up(home: Home, db: Browser) -> Callable[[str], str]:
    """The same where few are printed: an own id is enough where it leads back to its session."""
    if not is_profiles(home):
        return str

    @cache
    def _printed(session_id: str) -> str:
        _, slash, own = session_id.partition("/")
        return own if slash and db.resolve(own) == session_id else session_id

    return _printed


def is_profiles(home: Home) -> bool:
    """True for all profiles of one root."""
    return home.is_every and home.server is None and not home.members
