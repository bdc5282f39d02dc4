"""Whole-session snapshots, `session_<id>.json` and those of `/save`, the last source: they lose messages.

Format: docs/format.md §5.2.

A gateway overwrote one on every turn with that turn's messages alone; a killed program left one cut off.
They are never written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..base.errors import CannotOpen, Damaged
from ..base.late_dataclass import dataclass
from ..base.late_pattern import late_pattern
from ..base.models import Message, Origin, Session
from ..base.strict_json import BadJson, load, load_or
from ..formats import message_codec
from . import home, jsonl_reader
from .listing import Listing

_MESSAGES = late_pattern(r'"messages"\s*:\s*\[')
_GAP = late_pattern(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Contents of one snapshot."""

    stat: home.FileStat
    session: Session
    messages: tuple[Message, ...]
    """Their ids are positions in the list, from 1."""
    unread: bool = False
    """The system did not let us read it."""


class Snapshots:
    """The snapshots of a home; every method may be called from any thread.

    Args:
        folder: `sessions/` of a home.
        profile: Of their sessions.
    """

    def __init__(self, folder: Path, *, profile: str) -> None:
        self._folder = folder
        self._profile = profile
        self._known: dict[str, Snapshot] = {}
        self._ids: dict[home.FileStat, str] = {}
        self._unread: dict[Path, str] = {}
        self._listing = Listing(lambda: self._saved() | home.files_named(self._folder, "session_", ".json"))

    def files(self) -> Mapping[str, home.FileStat]:
        """Every snapshot by session id; only those that `/save` wrote are read, for their names have no id."""
        return self._listing.files()

    def get(self, session_id: str) -> Snapshot | None:
        """The snapshot of a session, None without one; an unchanged file is not read again.

        One that is cut off has the messages before the cut, an unreadable one none; `session.problem` says so.
        """
        stat = self.files().get(session_id)
        if stat is None:
            return None
        known = self._known.get(session_id)
        if known is None or known.stat != stat or known.unread:
            known = self._known[session_id] = self._read(session_id, stat)
        return known

    def unread(self) -> tuple[str, ...]:
        """A sentence for each file of `/save` that cannot be read: nobody knows whose it is."""
        self.files()
        return tuple(self._unread.values())

    def saved_files(self) -> dict[Path, str]:
        """Every file of `/save` with its session."""
        return {stat.path: self._ids[stat] for stat in self._listed_saved()}

    def _saved(self) -> dict[str, home.FileStat]:
        """The snapshots of `/save`, the newest of each session."""
        return {self._ids[stat]: stat for stat in sorted(self._listed_saved(), key=lambda stat: stat.mtime_ns)}

    def _listed_saved(self) -> list[home.FileStat]:
        """The files `saved/hermes_conversation_<time>.json`; the sessions of all are known then."""
        found = home.files_named(self._folder / "saved", "", ".json")
        for stem, stat in found.items():
            if stat not in self._ids or stat.path in self._unread:
                parts = _parts(stat)
                own = parts.fields.get("session_id")
                self._ids[stat] = own if isinstance(own, str) and own else stem
                self._unread.pop(stat.path, None)
                self._unread |= {stat.path: parts.problem} if parts.unread else {}
        return list(found.values())

    def _read(self, session_id: str, stat: home.FileStat) -> Snapshot:
        parts = _parts(stat)
        values, fields = parts.values, parts.fields
        messages = tuple(
            message_codec.message_of_record(value, session_id=session_id, line=place, origin=Origin.SNAPSHOT)
            for place, value in enumerate(values, 1)
            if isinstance(value, dict)
        )
        begun = message_codec.timestamp(fields.get("session_start")) or message_codec.time_of_id(session_id)
        last = message_codec.timestamp(fields.get("last_updated")) or begun
        session = Session(
            id=session_id,
            source=str(fields.get("platform") or ""),
            model=str(fields["model"]) if fields.get("model") else None,
            started_at=begun,
            last_active=message_codec.timestamp(stat.mtime_ns / 1e9) if last is None else last,
            messages=len(messages),
            profile=self._profile,
            origin=Origin.SNAPSHOT,
            problem=parts.problem,
        )
        return Snapshot(stat, session, messages, parts.unread)


class _Parts(NamedTuple):
    """Contents of a file."""

    values: list[object]
    """Its messages."""
    fields: dict[str, object]
    problem: str = ""
    unread: bool = False


def _parts(stat: home.FileStat) -> _Parts:
    """Messages, other fields and problem of a file."""
    try:
        raw = jsonl_reader.read_raw(stat.path)
    except (CannotOpen, Damaged) as error:
        return _Parts([], {}, str(error), unread=True)
    text = raw.decode("utf-8-sig", "replace")
    try:
        value = load(text)
    except BadJson as error:
        values, fields = _salvaged(text)
        problem = "empty" if not text.strip() else f"cut off or damaged ({error})"
        return _Parts(values, fields, f"{stat.path.name} is {problem}")
    fields = value if isinstance(value, dict) else {}
    listed = fields.get("messages")
    if not isinstance(listed, list):
        return _Parts([], fields, f"{stat.path.name} has no list of messages")
    if "\ufffd" in text and text.encode() not in raw:  # which may have a byte order mark
        return _Parts(listed, fields, f"{stat.path.name} is not in UTF-8: \ufffd stands for the bytes that are none")
    return _Parts(listed, fields)


def _salvaged(text: str) -> tuple[list[object], dict[str, object]]:
    """Messages and fields before the place where a snapshot is cut off."""
    opening = _MESSAGES.search(text)
    if opening is None:
        return [], {}
    values: list[object] = []
    place = opening.end()
    while True:
        place = _GAP.match(text, place).end()  # type: ignore[union-attr]
        try:
            _, end = json.JSONDecoder().raw_decode(text, place)
            values.append(load(text[place:end]))
        except (ValueError, RecursionError):
            break
        place = end
    fields = load_or(text[: opening.start()].rstrip().rstrip(",") + "}", None)
    return values, fields if isinstance(fields, dict) else {}
