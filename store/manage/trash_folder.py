"""The folder of one deletion: `backups/hermes-tui/<operation>/` in the home, beside the backups of repairs.

`trash.json` describes it and is written last, so that a folder with it is complete; `rows-1.jsonl`, `rows-2.jsonl` …
have the rows, each line `{"table": …, "row": …}` with cells as `engine.raw_lines` says, where a later line of one row
is its later state; `files/` has the files. All are of mode 0600 and were read back before anything was removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from ..base import safe_files
from ..base.errors import BackupFailed
from ..base.late_dataclass import dataclass, field, replace
from ..base.strict_json import BadJson, load
from ..engine import raw_lines
from ..engine.managed import APPENDS, MESSAGES, SESSIONS, Image
from ..repair.backup import FOLDER, digest, make_folder, os_errors_mapped, write_verified
from . import session_files
from .session_files import KeptFile

MANIFEST, FILES = "trash.json", "files"
_FORMAT = "hermes-tui trash 1"
MAX_MANIFEST = 64 << 20
"""Bytes of a description; a bigger one is not ours."""
_ROWS, _FILE = re.compile(r"rows-[0-9]{1,9}\.jsonl"), re.compile(r"[0-9]{1,9}\.jsonl?")
"""Names of files in the folder."""
_KEYS = {MESSAGES: "id", SESSIONS: "id", APPENDS: "operation"}
"""Tables of which a row has later states, by their key; of others each state is a row."""

Key = tuple[str, object]


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A file of rows."""

    name: str
    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Description of a folder."""

    operation: str
    session_id: str
    session_ids: tuple[str, ...]
    title: str | None
    messages: int
    rows: tuple[RowsFile, ...] = ()
    files: tuple[KeptFile, ...] = ()


@dataclass(slots=True)
class Rows:
    """Where the rows of a folder are, and what they were."""

    places: dict[Key, tuple[str, int, int]] = field(default_factory=dict)
    """Table and key, or table and digest -> file, offset, length of its last state."""
    digests: dict[Key, bytes] = field(default_factory=dict)

    def has(self, image: Image) -> bool:
        """True where the row was copied as it is now."""
        line = line_of(image)
        return self.digests.get(_key(image, line)) == _digest(line)

    def in_order(self) -> list[tuple[str, int, int]]:
        """Places in the order of an undo: prompts, sessions, messages by rising id, the rest; newest state first."""
        ranked = sorted(self.places.items(), key=lambda item: (_rank(item[0]), _newest_first(item[1])))
        return [place for _, place in ranked]

    def sizes(self) -> list[int]:
        """Bytes of the rows, in that order."""
        return [length for _, _, length in self.in_order()]

    @property
    def message_ids(self) -> list[int]:
        """Ids of the copied messages, rising."""
        return sorted(key for table, key in self.places if table == MESSAGES and isinstance(key, int))


class TrashFolder:
    """The folder of one deletion.

    Args:
        home: Folder of the state.db.
        operation: Its id.
    """

    def __init__(self, home: Path, operation: str) -> None:
        self.home, self.operation = home, operation
        self.folder = home / FOLDER / operation

    def create(self, manifest: Manifest, images: Iterable[Image], files: Iterable[Path]) -> tuple[Manifest, Rows]:
        """Write a new folder; nothing is left of it where that fails.

        Raises:
            DiskFull, NoPermission, BackupFailed: It cannot be written, or does not read back.
        """
        rows = Rows()
        with os_errors_mapped(self.folder):
            make_folder(self.folder)
            try:
                (self.folder / FILES).mkdir(mode=0o700)
                whole = self._with_files(self._with_rows(manifest, rows, images), files)
                self._write_manifest(whole)
            except BaseException:
                self.discard()
                raise
        return whole, rows

    def add(self, manifest: Manifest, rows: Rows, images: Iterable[Image], files: Iterable[Path] = ()) -> Manifest:
        """Add rows in a later state, and files."""
        with os_errors_mapped(self.folder):
            whole = self._with_files(self._with_rows(manifest, rows, images), files)
            self._write_manifest(whole)
        return whole

    def manifest(self) -> Manifest:
        """The description.

        Raises:
            BackupFailed: It is missing or cannot be read.
        """
        try:
            data = safe_files.read_bytes(self.folder / MANIFEST, max_bytes=MAX_MANIFEST) or b""
            return _manifest_of(load(data.decode("utf-8")))
        except (OSError, UnicodeDecodeError, BadJson, TypeError, KeyError, ValueError) as error:
            raise BackupFailed(f"{self.folder / MANIFEST} cannot be read or is not ours; put it back") from error

    def rows(self, manifest: Manifest) -> Rows:
        """Where the rows are, after every file was compared with its digest.

        Raises:
            BackupFailed: A file is missing, or not as it was written.
        """
        found = Rows()
        for part in manifest.rows:
            path = self.folder / part.name
            try:
                if digest(path) != part.sha256:
                    raise BackupFailed(f"{path} is not as it was written; put it back")
                with safe_files.opened(path) as lines:
                    self._index(found, part.name, lines)
            except OSError as error:
                raise BackupFailed(f"{path} cannot be read ({error.strerror}); put it back") from error
        return found

    def images(self, rows: Rows) -> Iterator[Image]:
        """Every row in the order of an undo; see `Rows.in_order`."""
        with ExitStack() as stack:
            opened: dict[str, BinaryIO] = {}
            for name, offset, length in rows.in_order():
                file = opened.get(name) or stack.enter_context(safe_files.opened(self.folder / name))
                opened[name] = file
                file.seek(offset)
                yield image_of(file.read(length))

    def place(self, kept: KeptFile, sessions_dir: Path) -> Path:
        """The place of a file in the home, or in the folder of its sessions.

        Raises:
            BackupFailed: It is none where a session has files.
        """
        place = self.home / kept.path
        inside = any(_is_below(place.absolute(), folder.absolute()) for folder in (self.home, sessions_dir))
        if not inside or place.suffix not in (".json", ".jsonl"):
            raise BackupFailed(
                f"{self.folder / MANIFEST} names a place where no session has files; nothing was changed"
            )
        return place

    def verify_files(self, manifest: Manifest, sessions_dir: Path, *, begun: bool) -> None:
        """Compare every copied file with its digest.

        Args:
            begun: Some may be back in their places: an undo was stopped.

        Raises:
            BackupFailed: One is missing, not as it was written, or would go where no session has files.
        """
        for kept in manifest.files:
            copy, place = self.copy(kept), self.place(kept, sessions_dir)
            try:
                if not session_files.is_copied(copy, kept):
                    raise BackupFailed(f"{copy} is not as it was written; put it back")
            except FileNotFoundError as error:
                if not begun and not os.path.lexists(place):
                    raise BackupFailed(f"{copy} is missing; put it back") from error
            except OSError as error:
                raise BackupFailed(f"{copy} cannot be read ({error.strerror}); put it back") from error

    def copy(self, kept: KeptFile) -> Path:
        """The place of a file in this folder."""
        return self.folder / FILES / kept.name

    def n_bytes(self) -> int:
        """Size of all files in it."""
        return sum(path.lstat().st_size for path in self.folder.rglob("*") if path.is_file())

    def discard(self) -> None:
        """Remove it; what cannot be removed stays."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _with_rows(self, manifest: Manifest, rows: Rows, images: Iterable[Image]) -> Manifest:
        name = f"rows-{len(manifest.rows) + 1}.jsonl"
        (self.folder / name).unlink(missing_ok=True)  # of an addition that was killed before it was in the manifest
        added = Rows()
        lines = self._counted(added, name, images)
        sha256 = write_verified(self.folder / name, lines)
        if not added.places:
            (self.folder / name).unlink()
            return manifest
        rows.places |= added.places
        rows.digests |= added.digests
        messages = sum(table == MESSAGES for table, _ in rows.places)
        part = RowsFile(name, len(added.places), sha256)
        return replace(manifest, rows=(*manifest.rows, part), messages=messages)

    def _counted(self, rows: Rows, name: str, images: Iterable[Image]) -> Iterator[bytes]:
        offset = 0
        for image in images:
            line = line_of(image)
            _note(rows, name, offset, image, line)
            offset += len(line)
            yield line

    def _index(self, rows: Rows, name: str, lines: Iterable[bytes]) -> None:
        offset = 0
        for line in lines:
            _note(rows, name, offset, image_of(line), line)
            offset += len(line)

    def _with_files(self, manifest: Manifest, files: Iterable[Path]) -> Manifest:
        known = {kept.path: kept for kept in manifest.files}
        for path in files:
            relative = str(path.relative_to(self.home)) if path.is_relative_to(self.home) else str(path.absolute())
            name = known[relative].name if relative in known else f"{len(known) + 1}{path.suffix}"
            (self.folder / FILES / name).unlink(missing_ok=True)
            state = path.stat()
            sha256 = write_verified(self.folder / FILES / name, session_files.pieces(path))
            size = (self.folder / FILES / name).stat().st_size
            known[relative] = KeptFile(name, relative, size, sha256, state.st_mtime_ns, stat.S_IMODE(state.st_mode))
        safe_files.sync(self.folder / FILES)
        return replace(manifest, files=tuple(known.values()))

    def _write_manifest(self, manifest: Manifest) -> None:
        text = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1)
        safe_files.replace(self.folder / MANIFEST, [text.encode()])
        if self.manifest() != manifest:
            raise BackupFailed(f"{self.folder / MANIFEST} does not read back as it was written; nothing was changed")


def _is_below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts


def _manifest_of(value: object) -> Manifest:
    """The description that a file has; ValueError, TypeError or KeyError for anything that we do not write."""
    if not isinstance(value, dict) or value.pop("format") != _FORMAT:
        raise ValueError("another format")
    rows = tuple(RowsFile(**kept) for kept in value["rows"])
    files = tuple(KeptFile(**kept) for kept in value["files"])
    found = Manifest(**{**value, "rows": rows, "files": files, "session_ids": tuple(value["session_ids"])})
    texts = (found.operation, found.session_id, *found.session_ids, found.title or "")
    texts += tuple(text for part in rows for text in (part.name, part.sha256))
    texts += tuple(text for kept in files for text in (kept.name, kept.path, kept.sha256))
    numbers = (found.messages, *(number for kept in files for number in (kept.size, kept.mtime_ns, kept.mode)))
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise TypeError("a value of another type")
    if not all(_ROWS.fullmatch(part.name) for part in rows) or not all(_FILE.fullmatch(kept.name) for kept in files):
        raise ValueError("a name of another form")
    return found


def line_of(image: Image) -> bytes:
    """A row with its table as one line.

    Raises:
        BackupFailed: It would not read back as the row.
    """
    line = json.dumps({"table": image.table, "row": raw_lines.plain(image.row)}).encode() + b"\n"
    if image_of(line) != image:
        raise BackupFailed(f"a row of {image.table} cannot be written down as it is; nothing was changed")
    return line


def image_of(line: bytes) -> Image:
    """The row of a line.

    Raises:
        BackupFailed: It is no line of ours.
    """
    try:
        value = load(line.decode("utf-8"))
    except (BadJson, UnicodeDecodeError) as error:
        raise BackupFailed("a line of the trash is no JSON; it was changed since") from error
    if not isinstance(value, dict) or not isinstance(row := value.get("row"), dict):
        raise BackupFailed("a line of the trash has no row; it was changed since")
    return Image(str(value.get("table")), raw_lines.row_of(row))


def _note(rows: Rows, name: str, offset: int, image: Image, line: bytes) -> None:
    key = _key(image, line)
    rows.places[key] = name, offset, len(line)
    rows.digests[key] = _digest(line)


def _key(image: Image, line: bytes) -> Key:
    column = _KEYS.get(image.table)
    return image.table, _digest(line) if column is None else image.row.get(column)


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


_ORDER: Mapping[str, int] = {"system_prompts": 0, SESSIONS: 1, MESSAGES: 2, APPENDS: 3}


def _rank(key: Key) -> tuple[int, int, str]:
    table, own = key
    return _ORDER.get(table, len(_ORDER)), own if isinstance(own, int) else 0, table


def _newest_first(place: tuple[str, int, int]) -> tuple[int, int]:
    name, offset, _ = place
    return -int(name.removeprefix("rows-").removesuffix(".jsonl")), offset
