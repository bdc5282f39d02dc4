"""Files of sessions: found by listings, copied, moved into the trash and back (docs/format.md §1.2, §5.5).

A path is never made from an id: a file belongs to a session because a listing has it under the session's name, or
because it names the session inside.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ..base import safe_files
from ..base.errors import CannotOpen, PlanChanged
from ..base.late_dataclass import dataclass
from ..files.home import files_named
from ..home_store import HomeStore

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a session in the trash, as it was when it was copied."""

    name: str
    """In the folder of the deletion."""
    path: str
    """Its place, relative to the home where it lies in it."""
    size: int
    sha256: str
    mtime_ns: int = 0
    mode: int = 0o600


def files_of(store: HomeStore, session_ids: Collection[str]) -> tuple[Path, ...]:
    """All files of some sessions: transcripts, snapshots, request dumps, the spool and our outbox.

    Raises:
        CannotOpen: A folder cannot be listed.
    """
    wanted = set(session_ids)
    folder = store.sessions_dir
    found = [stat.path for name, stat in files_named(folder, "", ".jsonl").items() if name in wanted]
    found += [
        stat.path
        for prefix in ("session_", "")
        for name, stat in files_named(folder, prefix, ".json").items()
        if name in wanted
    ]
    for stem, stat in files_named(folder, "request_dump_", ".json").items():
        if any(stem[:place] in wanted for place, char in enumerate(stem) if char == "_"):
            found.append(stat.path)
    snapshots = store.leftovers.snapshots
    found += [path for path, session_id in snapshots.saved_files().items() if session_id in wanted]
    found += [path for path, session_id in store.leftovers.spool.files().items() if session_id in wanted]
    return tuple(dict.fromkeys(found))


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a regular file, piece by piece; raises OSError as it comes."""
    with safe_files.opened(path) as file:
        while piece := file.read(_PIECE):
            yield piece


def is_copied(path: Path, kept: KeptFile) -> bool:
    """True where a file begins with what was copied of it; it may have grown since."""
    found, left = hashlib.sha256(), kept.size
    with safe_files.opened(path) as file:
        while left and (piece := file.read(min(_PIECE, left))):
            found.update(piece)
            left -= len(piece)
    return not left and found.hexdigest() == kept.sha256


def move(path: Path, copy: Path, kept: KeptFile) -> bool:
    """Move a file over its verified copy; False where it is not there any more.

    What a program appends to it through an open descriptor goes with it. On another device the file is removed, if it
    still has the size of the copy.

    Raises:
        PlanChanged: It is not the file that was copied; it stays.
    """
    try:
        if not is_copied(path, kept):
            raise PlanChanged(f"{path} changed while it was deleted; it stays where it is")
        path.replace(copy)
        copy.chmod(0o600)
        safe_files.sync(copy.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise CannotOpen(f"{path} cannot be moved ({error.strerror}); it stays where it is") from error
        if path.stat().st_size != kept.size:
            raise PlanChanged(f"{path} changed while it was deleted; it stays where it is") from error
        path.unlink()
    safe_files.sync(path.parent)
    return True


def put_back(copy: Path, target: Path, kept: KeptFile) -> bool:
    """Move a file back to its place; False where another is there, which is left alone."""
    if not copy.exists():
        return target.exists()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(copy, target)
    except FileExistsError:
        if not (target.samefile(copy) or is_copied(target, kept)):
            return False
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
            raise
        safe_files.write(target, pieces(copy))
        os.utime(target, ns=(kept.mtime_ns, kept.mtime_ns))
    if target.samefile(copy):
        target.chmod(kept.mode & 0o777)
    safe_files.sync(target.parent)
    copy.unlink()
    return True
