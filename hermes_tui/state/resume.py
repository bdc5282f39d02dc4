"""Hand-over of a session to Hermes: the command, its folder and its home, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hermes_tui.render.bound_keys import bound
from store.base.late_dataclass import dataclass
from store.errors import UnsafeId
from store.files.home import safe_id
from store.models import Origin, Session

PROGRAM = "hermes"
FILE_ONLY = "only a file knows this session: Hermes resumes what is in SQLite, {} brings it there"
NOT_FOUND = "there is no hermes on the PATH: install it, or copy the command with {}"


@dataclass(frozen=True, slots=True)
class HandOver:
    """A program to start."""

    command: tuple[str, ...]
    home: Path
    """Its HERMES_HOME."""
    folder: Path
    """Where it starts."""
    missing: str = ""
    """The session's own folder, where that is not there any more."""
    live: bool = False
    """The session may be open elsewhere."""
    title: str = ""
    """The name that the list has for the session."""


def hand_over(
    session: Session,
    *,
    home: Path | str,
    which: Callable[[str], str | None],
    is_folder: Callable[[Path], bool],
    here: Path,
) -> HandOver | str:
    """The program that goes on with a session, or the reason why there is none.

    Args:
        home: The folder of the home that is open; a sentence where sessions of it are not resumed from here.
        which: Finds a program on the PATH.
        is_folder: Whether a folder is there.
        here: The present folder, where the session's own is not there.
    """
    if isinstance(home, str):
        return home
    if session.origin is not Origin.SQLITE:
        return FILE_ONLY.format(bound("repair"))
    if (program := which(PROGRAM)) is None:
        return NOT_FOUND.format(bound("copy_resume"))
    try:
        command = (program, f"--resume={safe_id(session.id)}")
    except UnsafeId as error:
        return str(error)
    own = Path(session.cwd) if session.cwd and "\0" not in session.cwd else None
    found = own is not None and own.is_absolute() and is_folder(own)
    folder = own if own is not None and found else here
    return HandOver(command, home, folder, "" if found else session.cwd or "", session.live)
