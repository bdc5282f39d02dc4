"""The verb `import`: sessions of a JSONL export, ours or Hermes', into a store."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.stores import EVERY, opened_to_write
from hermes_tui.render.export.jsonl import INACTIVE, message_fields, session_fields
from hermes_tui.render.export.model import MANIFEST, About
from hermes_tui.render.safe import safe
from hermes_tui.render.time import many
from store import ColumnMissing, Home, ImportedSession, ReadOnly, SessionDB, StoreError
from store.base import safe_files
from store.base.late_dataclass import dataclass, field
from store.base.strict_json import BadJson, load
from store.formats.message_codec import identity, timestamp

DIFFERS = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    """A session in the file: where its line begins, and what it continues."""

    session_id: str
    parent: str | None
    offset: int


@dataclass(slots=True)
class _Outcome:
    imported: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


def import_file(home: Home, options: Options, streams: Streams) -> int:
    """Bring the sessions of a file into a store, each in one transaction, its parent first.

    A session that is there already with the same messages is left, and one with others is never written over.

    Returns:
        0; 1 where a session differs from the one that is there; 2 for a file that holds no sessions.
    """
    if options.read_only:
        raise ReadOnly("import writes, and --read-only was given; leave one of them out")
    if home.is_every:
        return complain(EVERY, streams.err)
    path = Path(os.path.realpath(options.files[0]))  # a link that a person names is followed
    try:
        entries = _in_order(list(_entries(path)))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return complain(f"{options.files[0]} cannot be imported, and nothing was: {reason}", streams.err)
    outcome = _Outcome()
    with opened_to_write(home) as db:
        for entry in entries:
            _take(db, _line_at(path, entry.offset), outcome)
    _print(outcome, Output(streams.out), streams, as_json=options.json)
    return DIFFERS if outcome.differing else 0


def _entries(path: Path) -> Iterator[_Entry]:
    """The sessions of the file by their lines.

    Raises:
        ValueError: A line holds none; nothing is imported then.
    """
    offset, seen = 0, set[str]()
    with safe_files.opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                value = _session(line, number)
                session_id = str(value["id"])
                if session_id in seen:
                    raise ValueError(f"line {number} repeats session {session_id}")
                seen.add(session_id)
                yield _Entry(session_id, _text(value.get("parent_session_id")), offset)
            offset += len(line)
    if not seen:
        raise ValueError("it holds no session")


def _session(line: bytes, number: int) -> dict[str, object]:
    try:
        value = load(line.decode("utf-8-sig"))
    except (BadJson, UnicodeDecodeError) as error:
        raise ValueError(f"line {number} is no JSON ({error})") from error
    if not isinstance(value, dict) or not _text(value.get("id")) or not isinstance(value.get("messages"), list):
        raise ValueError(f"line {number} holds no session with its messages")
    about = value.get(MANIFEST)
    if isinstance(about, dict) and about.get("only"):
        raise ValueError(f"line {number} holds only the {about['only']} of a session")
    if not all(isinstance(message, dict) for key in ("messages", INACTIVE) for message in _list(value.get(key))):
        raise ValueError(f"line {number} has a message that is no object")
    return value


def _in_order(entries: Sequence[_Entry]) -> list[_Entry]:
    """Parents before their children; the ends of a circle in the order of the file."""
    by_id = {entry.session_id: entry for entry in entries}
    ordered: dict[str, _Entry] = {}
    for entry in entries:
        line, at = [entry], entry
        while at.parent in by_id and by_id[at.parent] not in line:
            at = by_id[at.parent]
            line.append(at)
        ordered |= {ancestor.session_id: ancestor for ancestor in reversed(line) if ancestor.session_id not in ordered}
    return list(ordered.values())


def _line_at(path: Path, offset: int) -> dict[str, object]:
    with safe_files.opened(path) as file:
        file.seek(offset)
        return _session(file.readline(), 0)


def _take(db: SessionDB, value: Mapping[str, object], outcome: _Outcome) -> None:
    session_id = str(value["id"])
    messages = _messages(value)
    if db.get_session(session_id) is not None or db.message_count(session_id):
        is_same = _identities(db.get_messages(session_id)) == _identities(
            [message for message in messages if message.get("active", True)]
        )
        (outcome.known if is_same else outcome.differing).append(session_id)
        return
    fields = _fields(db, value, outcome)
    while not _is_written(db, ImportedSession(session_id, fields, messages), fields, outcome):
        pass
    outcome.imported.append(session_id)


def _is_written(db: SessionDB, session: ImportedSession, fields: dict[str, object], outcome: _Outcome) -> bool:
    """Write a session; without a field that this store has no column for, and False, where it has one."""
    try:
        db.import_sessions([session])
    except ColumnMissing as error:
        if fields.pop(error.column, None) is None:
            raise
        outcome.notes[f"without “{error.column}”, which this store has no column for"] += 1
        return False
    except ValueError as error:
        raise StoreError(f"session {session.id} was not imported: {error}") from error
    return True


def _fields(db: SessionDB, value: Mapping[str, object], outcome: _Outcome) -> dict[str, object]:
    """The fields of its row; without a parent that is nowhere, and with another title where its own is taken."""
    about = About(
        str(value["id"]),
        title=_text(value.get("title")) or "",
        model=_text(value.get("model")) or "",
        started_at=timestamp(value.get("started_at")) or _first_time(value) or time.time(),
        record=value,
    )
    fields = {name: cell for name, cell in session_fields(about).items() if name != "id" and cell not in (None, 0)}
    parent = fields.get("parent_session_id")
    if parent is not None and db.get_session(str(parent)) is None:
        del fields["parent_session_id"]
        outcome.notes["without their parent, which is not here"] += 1
    title = str(fields.get("title") or "")
    if title and db.get_session_by_title(title) is not None:
        fields["title"] = _free_title(db, title)
        outcome.notes["under another title, for theirs is taken"] += 1
    return fields


def _free_title(db: SessionDB, title: str) -> str:
    number, wanted = 1, f"{title} (imported)"
    while db.get_session_by_title(wanted) is not None:
        number += 1
        wanted = f"{title} (imported {number})"
    return wanted


def _messages(value: Mapping[str, object]) -> list[dict[str, object]]:
    """The messages in their order, those that do not stand in their places."""
    active, inactive = _list(value.get("messages")), _list(value.get(INACTIVE))
    begun = timestamp(value.get("started_at"))
    merged: list[dict[str, object]] = []
    place = 0
    for number, message in enumerate([*active, None]):
        while place < len(inactive) and (message is None or _after(inactive[place]) <= number):
            merged.append(inactive[place])
            place += 1
        if message is not None:
            merged.append(message)
    rows: list[dict[str, object]] = []
    for message in merged:
        row = message_fields(message, begun)
        begun = timestamp(row["timestamp"])
        rows.append({**row, "active": bool(message.get("active", True)), "compacted": bool(message.get("compacted"))})
    return rows


def _after(message: Mapping[str, object]) -> int:
    after = message.get("after")
    return after if isinstance(after, int) else 0


def _identities(messages: Sequence[Mapping[str, object]]) -> list[bytes]:
    names = ("role", "content", "tool_calls", "tool_call_id")
    return [identity(*(message.get(name) for name in names)) for message in messages]


def _first_time(value: Mapping[str, object]) -> float | None:
    times = (timestamp(message.get("timestamp")) for message in _list(value.get("messages")))
    return next((time for time in times if time is not None), None)


def _list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _print(outcome: _Outcome, output: Output, streams: Streams, *, as_json: bool) -> None:
    states = (("imported", outcome.imported), ("known", outcome.known), ("differs", outcome.differing))
    for state, ids in states:
        for session_id in ids:
            if as_json:
                output.json({"session_id": session_id, "state": state})
            else:
                output.line(safe(f"{state:<9} {session_id}"))
    for note, number in outcome.notes.items():
        remark(f"{many(number, 'session')} {note}", streams.err)
    if outcome.differing:
        remark(
            f"left alone, because the store has other messages: {many(len(outcome.differing), 'session')}",
            streams.err,
        )
