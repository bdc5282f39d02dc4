"""Files of exports: new, of mode 0600, there whole or not at all, under names that lead out of no folder."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hermes_tui.render.export.model import Format
from hermes_tui.render.safe import one_line
from store.base import safe_files

LONGEST_NAME = 180
"""Bytes of a file's name before its suffix: with those of the hidden name it has at first it fits any file system."""
_UNFIT = re.compile(r"[^\w .,()+-]+")


def file_name(name: str, form: Format) -> str:
    """A name for a file: the letters and digits of an id or a title, nothing that leads out of its folder."""
    fit = _UNFIT.sub("_", one_line(name)).encode()[:LONGEST_NAME].decode("utf-8", "ignore")
    fit = fit.lstrip(" .-").rstrip(" .")  # neither hidden nor an option of a program
    return f"{fit or 'session'}.{form}"


def write_export(path: Path, chunks: Iterable[str], *, replace: bool = False) -> None:
    """Write a file whole, under another name until it is; where that fails or is interrupted, nothing is left.

    Args:
        path: Where nothing lies, unless `replace` says that it may go.
        chunks: Its text; what they raise comes out of here.

    Raises:
        FileExistsError: Something has that name; it is unchanged.
        OSError: It cannot be written.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(path)
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    try:
        safe_files.write(temporary, (chunk.encode("utf-8", "backslashreplace") for chunk in chunks))
        if not replace:
            safe_files.create(path).close()  # whoever made a file of that name meanwhile keeps it
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    safe_files.sync(path.parent)


class MadeFiles:
    """Files and folders that one run made: where it is stopped, they are taken away again."""

    def __init__(self) -> None:
        self._files: list[tuple[Path, int, int]] = []
        self._folders: list[Path] = []

    def write(self, path: Path, chunks: Iterable[str], *, replace: bool) -> None:
        """Write a file; its folder is made for the user alone. See `write_export`."""
        missing = [folder for folder in path.parents if not folder.exists()]
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError as error:  # of the folder, not of the file
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
        self._folders += reversed(missing)
        write_export(path, chunks, replace=replace)
        if not replace:
            made = path.lstat()
            self._files.append((path, made.st_dev, made.st_ino))

    def take_away(self) -> None:
        """Remove the files that are still those that were made, and the folders that are empty then."""
        for path, device, inode in self._files:
            with suppress(OSError):
                found = path.lstat()
                if (found.st_dev, found.st_ino) == (device, inode):
                    path.unlink()
        for folder in reversed(self._folders):
            with suppress(OSError):
                folder.rmdir()
