"""Files of exports: new, of mode 0600, there whole or not at all, under names that lead out of no folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from hermes_tui.render.export.model import Format
from hermes_tui.render.safe import one_line
from store.base import safe_files

LONGEST_NAME = 100
"""Characters of a file's name before its suffix."""
_UNFIT = re.compile(r"[^\w .,()+-]+")


def file_name(name: str, form: Format) -> str:
    """A name for a file: the letters and digits of an id or a title, nothing that leads out of its folder."""
    fit = _UNFIT.sub("_", one_line(name))[:LONGEST_NAME].strip(" .")
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
