"""The verb `show`: the messages of one session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TextIO

from hermes_tui.cli.follow import Follower, Removed
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, picked, remark
from hermes_tui.cli.printed_ids import ids_by_look_up
from hermes_tui.cli.stores import opened, session_named
from hermes_tui.render import message_kind
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText, safe, safe_lines
from hermes_tui.render.time import in_words, many
from store import Browser, Home, Message, Origin, Outline, Session, SessionReading
from store.base.late_dataclass import dataclass, replace
from store.browse.reading import in_state
from store.models import UNREADABLE

BODIES = 256
"""Messages that are read at once."""
INDENT = "    "


def show(home: Home, options: Options, streams: Streams) -> int:
    """Print the messages of one session, from the source that has more of them (a tie goes to SQLite).

    With `--follow` until ctrl+c: then what is new, what is changed once more, and what is gone as removed.
    """
    output, err = Output(streams.out), streams.err
    with opened(home) as db:
        printed = ids_by_look_up(home, db)
        session = session_named(db, options.ids[0])
        reading = db.reading(session.id)
        if reading.origin is not session.origin and reading.facts is not None:
            counts = f"JSONL has {many(reading.facts.messages, 'message')}, SQLite {in_words(session.messages)}"
            remark(f"{counts}: this is the JSONL", err)
        if reading.origin is Origin.SQLITE and (waiting := db.waiting(session.id)):
            remark(f"{many(len(waiting), 'message')} of these wait in the spool, not written into SQLite yet", err)
        if session.origin is Origin.SNAPSHOT:
            remark("only a JSON snapshot has this session, and snapshots lose messages", err)
        if session.problem:
            remark(session.problem, err)
        if not options.json:
            outline = db.outlines([session.id]).get(session.id)
            output.line(_heading(replace(session, id=printed(session.id)), outline, output))
        losses = Losses()
        if options.follow:
            printed_json = printed if options.json else None
            return _follow(Follower(db, session.id), output, printed_json, losses, err, plain=options.plain)
        for message in _messages(db, reading, asides=not options.json):
            losses.take(message)
            if options.json:
                output.json(_message_json(message, printed))
            else:
                (_print_plainly if options.plain else _print_message)(output, message)
    losses.say(err)
    return 0


@dataclass(slots=True)
class Losses:
    """Messages, of those that were printed, that could not be read whole."""

    unread: int = 0
    replaced: int = 0

    def take(self, message: Message) -> bool:
        """Count a message; True where it is the first of its kind."""
        before = bool(self.unread), bool(self.replaced)
        self.unread += message.role == UNREADABLE and not message.aside
        self.replaced += message.replaced
        return before != (bool(self.unread), bool(self.replaced))

    def say(self, err: TextIO) -> None:
        """Print a line of each kind that there is."""
        if self.replaced:
            remark(f"{many(self.replaced, 'message')} not in UTF-8: \ufffd stands for the bytes that are none", err)
        if self.unread:
            damage = f"{many(self.unread, 'message')} cannot be read, for pages of state.db are damaged"
            remark(f"{damage}; copy the folder before you try anything, then run `hermes sessions recover`", err)


def _follow(
    follower: Follower,
    output: Output,
    printed: Callable[[str], str] | None,
    losses: Losses,
    err: TextIO,
    *,
    plain: bool,
) -> int:
    """Print what changes until ctrl+c; `printed` names sessions in JSON, None for text."""
    with suppress(KeyboardInterrupt):
        for change in follower.follow():
            removed = isinstance(change, Removed)
            message = change.message if isinstance(change, Removed) else change
            if losses.take(message):
                losses.say(err)
            if printed is not None:
                fields = _message_json(message, printed)
                output.json({**fields, "removed": True} if removed else fields)
            elif removed:
                output.line(safe(f"{message.role}  {output.stamp(message.timestamp)}, removed"))
            else:
                (_print_plainly if plain else _print_message)(output, message)
            output.flush()
    return 0


def _messages(db: Browser, reading: SessionReading, *, asides: bool) -> Iterator[Message]:
    """Every message of the session alone, in order."""
    for piece in db.pieces(reading, chain=False, asides=asides):
        heads = {head.id: head for head in piece.heads}
        ids = list(heads)
        for start in range(0, len(ids), BODIES):
            for message in db.messages(ids[start : start + BODIES]):
                yield in_state(message, heads[message.id or 0])
        yield from piece.messages


def _message_json(message: Message, printed: Callable[[str], str]) -> dict[str, object]:
    return {
        "id": message.id,
        "session_id": printed(message.session_id),
        "role": message.role,
        "timestamp": message.timestamp,
        "text": message.text,
        "tool_calls": [picked(call, "id", "name", "arguments") for call in message.tool_calls],
        "tool_name": message.tool_name,
        "reasoning": message.reasoning,
        "active": message.active,
        "compacted": message.compacted,
        "origin": message.kept or message.origin,
    }


def _heading(session: Session, outline: Outline | None, output: Output) -> SafeText:
    title = title_of(session, outline) or "(no messages)"
    about = " · ".join(part for part in (session.source, session.model, session.id) if part)
    return safe(output.glyphs.words(f"{title}  {about}"))


def _print_message(output: Output, message: Message) -> None:
    """Role and time, then reasoning, text and calls, indented."""
    state = "" if message.active else ", compacted" if message.compacted else ", undone"
    name = f" {message.tool_name}" if message.tool_name else ""
    output.line(safe(""))
    output.line(safe(f"{message.role}{name}  {output.stamp(message.timestamp)}{state}"))
    for note in message_kind.notes(message):
        output.line(SafeText(INDENT + safe(output.glyphs.words(note))))
    for label, text in (("reasoning: ", message.reasoning), ("", message_kind.spoken(message))):
        for line in safe_lines(label + text) if text else ():
            output.line(SafeText(INDENT + line))
    for call in message.tool_calls:
        output.line(SafeText(INDENT + safe(f"{call.name} {call.arguments}")))


def _print_plainly(output: Output, message: Message) -> None:
    """Sentences for a screen reader: who, when, in which state; then each part, the kind of which is named."""
    state = "" if message.active else ", compacted" if message.compacted else ", undone"
    what = f"result of {message.tool_name}" if message.role == "tool" and message.tool_name else message.role
    output.line(safe(f"{what}, {output.stamp(message.timestamp)}{state}:"))
    parts = [*message_kind.notes(message)]
    parts += [f"reasoning: {message.reasoning}"] if message.reasoning else []
    parts += [spoken] if (spoken := message_kind.spoken(message)) else []
    parts += [f"calls {call.name} with {call.arguments}" for call in message.tool_calls]
    for part in parts:
        for line in safe_lines(part):
            if line.strip():
                output.line(SafeText(line.strip()))
