"""Sessions that the screen begins with, by the words of the command line: `ID` or `ID:MESSAGE`."""

from __future__ import annotations

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams, complain
from hermes_tui.cli.stores import opened, session_named
from store import Home, Session, StoreError

NO_TERMINAL = "open needs a terminal; hermes-tui show ID prints the session"


def named_place(home: Home, name: str) -> tuple[Session, int | None]:
    """A session, and the id of a message in it, None for none; ids of sessions may have colons themselves.

    Raises:
        StoreError: There is no such session, or it has no such message.
    """
    before, colon, number = name.rpartition(":")
    with opened(home) as db:
        if not (colon and number.isdecimal()):
            return session_named(db, name), None
        session = session_named(db, before)
        found = db.messages([int(number)])
        if not any(message.session_id in db.chain(session.id) for message in found):
            raise StoreError(f"{session.id} has no message with the id {number}; hermes-tui show --json prints them")
        return session, int(number)


def open_session(home: Home, options: Options, streams: Streams) -> int:  # noqa: ARG001  a verb's arguments
    """Where there is no terminal: say so; on one the program opens the screen itself."""
    return complain(NO_TERMINAL, streams.err)
