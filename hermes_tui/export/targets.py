"""Files that sessions are exported to: one each in a folder, one alone, or standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from hermes_tui.export.file import file_name
from hermes_tui.render.export.model import ExportOptions, Format
from hermes_tui.render.export.redactor import Redactor
from store import Browser
from store.base.late_dataclass import dataclass

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Target:
    """A file to write, standard output where it has no path, and the sessions that go there."""

    path: Path | None
    sessions: tuple[str, ...]
    replaces: bool = False
    """What has its name may go: somebody was asked."""

    @property
    def is_there(self) -> bool:
        """Something has its name."""
        return self.path is not None and (self.path.exists() or self.path.is_symlink())


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Sessions to export, how, and where to."""

    session_ids: tuple[str, ...]
    options: ExportOptions
    output: str = ""
    """A file or a folder; "" for the folder that the program runs in."""
    by_title: bool = False


def without_sections(db: Browser, ids: Sequence[str]) -> list[str]:
    """The sessions without those whose chain another one of them stands for."""
    return list({db.chain(session_id): session_id for session_id in ids}.values())


def format_of(output: str) -> Format | None:
    """The format that the ending of a file names."""
    ending = Path(output).suffix[1:].lower()
    return next((form for form in Format if form == ending), None)


def targets_of(
    db: Browser, ids: Sequence[str], options: ExportOptions, output: str, *, by_title: bool = False
) -> tuple[Target, ...]:
    """The files of some sessions; nothing is made.

    Args:
        output: A file, which gets the format's ending where it has none and nothing is there, a folder, `-` for
            standard output, "" for the folder that the program runs in.
        by_title: Name the files by title.

    Raises:
        ValueError: The sentence says why these sessions cannot go there.
    """
    is_one_file = len(ids) == 1 or options.format is Format.JSONL
    if output == STANDARD_OUTPUT:
        if not is_one_file:
            raise ValueError("several sessions go into a folder: -o DIR")
        return (Target(None, tuple(ids)),)
    given = Path(output).expanduser() if output else Path()
    if output and not given.is_dir() and not output.endswith("/") and is_one_file:
        has_ending = given.suffix or os.path.lexists(given)
        return (Target(given if has_ending else given.with_name(f"{given.name}.{options.format}"), tuple(ids)),)
    if not given.is_dir() and (given.exists() or (format_of(output) and not output.endswith("/"))):
        raise ValueError(f"{given} is a file, and several sessions go into a folder: -o DIR, or -f jsonl")
    return tuple(_in_folder(db, given, ids, options, by_title))


def _in_folder(
    db: Browser, folder: Path, ids: Sequence[str], options: ExportOptions, by_title: bool
) -> Iterator[Target]:
    """A file for each session; of two with one name in any case the second has its id or a number, too."""
    taken: set[str] = set()
    for session_id in ids:
        session = db.session(session_id) if by_title else None
        title = session.title if session else None
        if title and options.redact:
            title = Redactor(is_masking=True).text(title)
        numbered = (f"{number} {title or session_id}" for number in count(2))  # in front: a long name is cut
        wanted = (title or session_id, *([f"{title} {session_id}"] if title else []))
        names = (file_name(name, options.format) for name in chain(wanted, numbered))
        name = next(name for name in names if name.casefold() not in taken)
        taken.add(name.casefold())
        yield Target(folder / name, (session_id,))
