"""Stream of one session's export: read piece by piece, masked, rendered, digested; nothing of it is held."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from hermes_tui.render.drift_banner import banner_content
from hermes_tui.render.export.html import HtmlWriter
from hermes_tui.render.export.json import JsonWriter
from hermes_tui.render.export.jsonl import JsonlWriter
from hermes_tui.render.export.markdown import MarkdownWriter
from hermes_tui.render.export.model import (
    About,
    ExportOptions,
    Format,
    MessageWriter,
    Only,
    Record,
    RecordWriter,
    Totals,
    Writer,
)
from hermes_tui.render.export.redactor import Redactor
from hermes_tui.render.export.text import TextWriter
from hermes_tui.render.secrets import SecretKind
from hermes_tui.render.time import many
from store import Browser, Cancel, Message, Origin, Piece, Session, SessionReading, StoreError
from store.base.cancel import raise_if_cancelled
from store.base.late_dataclass import dataclass
from store.browse.reading import in_state
from store.models import UNREADABLE

BODIES = 256
"""Messages that are read at once."""
TOGETHER = 32
"""Messages that are looked through for likely secrets at once."""

_OF_MESSAGES: dict[Format, type[MarkdownWriter | HtmlWriter | TextWriter]] = {
    Format.MARKDOWN: MarkdownWriter,
    Format.HTML: HtmlWriter,
    Format.TEXT: TextWriter,
}
_OF_RECORDS: dict[Format, type[JsonWriter | JsonlWriter]] = {Format.JSON: JsonWriter, Format.JSONL: JsonlWriter}


@dataclass(slots=True)
class _Tally:
    """What was written so far."""

    messages: int = 0
    undone: int = 0
    compacted: int = 0
    unreadable: int = 0

    def add(self, *, is_active: bool, is_compacted: bool, role: object) -> None:
        self.messages += 1
        self.undone += not is_active and not is_compacted
        self.compacted += not is_active and is_compacted
        self.unreadable += role == UNREADABLE


class SessionExport:
    """The export of one session, or of its chain as one reading.

    Args:
        db: The store.
        session_id: Its id.
        options: Format, choice of messages, masking.
        until: Digest of the first so many messages, kept for a comparison with a file that has no more.
    """

    def __init__(self, db: Browser, session_id: str, options: ExportOptions, *, until: int = 0) -> None:
        self._db, self._options, self._until = db, options, until
        self.reading = db.reading(session_id)
        self._redactor = Redactor(options.redact)
        self._tally = _Tally()
        self._digest = hashlib.sha256()
        self._undigested: list[str] = []
        self.beginning = ""
        """Digest of the first `until` messages; "" where there are fewer."""
        self.about = self._redactor.about(_about(db, self.reading, options))

    @property
    def secrets(self) -> Counter[SecretKind]:
        """Number of likely secrets so far, by kind."""
        return self._redactor.counts

    @property
    def totals(self) -> Totals:
        """What was written so far."""
        tally = self._tally
        self._add_to_digest()
        return Totals(tally.messages, tally.undone, tally.compacted, tally.unreadable, self._digest.hexdigest())

    def chunks(self, *, progress: Callable[[int], None] | None = None, cancel: Cancel | None = None) -> Iterator[str]:
        """The text of the file, in order; it can be taken once.

        Args:
            progress: Called with the number of messages, after each batch.

        Raises:
            Interrupted: It was cancelled between two batches.
            StoreError: The session cannot be read on.
        """
        writer: Writer
        if (form := self._options.format) in _OF_RECORDS:
            writer = of_records = _OF_RECORDS[form]()
            batches = partial(self._records, writer=of_records)
        else:
            writer = of_messages = _OF_MESSAGES[form]()
            batches = partial(self._messages, writer=of_messages)
        yield writer.head(self.about)
        yield from self._read(writer, batches, progress, cancel)
        yield from writer.tail(self.about, self.totals, self._options)

    def looked_through(self) -> Iterator[int]:
        """The number of messages that were looked through for likely secrets, after each batch; nothing is rendered.

        Raises:
            StoreError: The session cannot be read on.
        """
        read = self._records if self._options.format in _OF_RECORDS else self._messages
        for _ in self._read(None, partial(read, writer=None)):
            yield self._tally.messages

    def _read(
        self,
        writer: Writer | None,
        batches: Callable[[Piece], Iterator[str]],
        progress: Callable[[int], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[str]:
        as_rows = self._options.format is Format.JSONL  # what another store is to replay, rows and their states
        chain = self._options.lineage and not as_rows
        records = self._options.format in _OF_RECORDS
        for piece in self._db.pieces(self.reading, chain=chain, asides=not records, copies=as_rows, records=records):
            if writer and piece.first and piece.sections > 1:
                yield writer.seam(piece.section_id, piece.place, piece.sections)
            for batch in batches(piece):
                yield batch
                if progress:
                    progress(self._tally.messages)
                raise_if_cancelled(cancel)

    def _messages(self, piece: Piece, *, writer: MessageWriter | None) -> Iterator[str]:
        for batch in _bodies(self._db, piece):
            wanted = [message for message in batch if _is_wanted(message, self._options.only)]
            text = "".join(
                self._written(writer, cleaned, message)
                for some in _groups(wanted)
                for cleaned, message in zip(self._redactor.messages(some), some, strict=True)
            )
            self._add_to_digest()
            yield text

    def _written(self, writer: MessageWriter | None, cleaned: Message, message: Message) -> str:
        text = writer.message(cleaned) if writer else ""
        if not message.aside:
            self._count(text, is_active=message.active, is_compacted=message.compacted, role=message.role)
        return writer.put(text, is_active=message.active or message.aside) if writer else ""

    def _records(self, piece: Piece, *, writer: RecordWriter | None) -> Iterator[str]:
        wanted = self._db.records(piece)
        if only := self._options.only:
            wanted = (record for record in wanted if _is_wanted_record(record, only))
        while some := list(islice(wanted, TOGETHER)):
            texts = []
            for cleaned, record in zip(self._redactor.records(some), some, strict=True):
                text = writer.record(cleaned) if writer else ""
                active = bool(record.get("active", 1))
                self._count(text, is_active=active, is_compacted=bool(record.get("compacted")), role=record.get("role"))
                texts.append(writer.put(text, is_active=active) if writer else "")
            self._add_to_digest()
            yield "".join(texts)

    def _count(self, text: str, *, is_active: bool, is_compacted: bool, role: object) -> None:
        self._tally.add(is_active=is_active, is_compacted=is_compacted, role=role)
        self._undigested.append(text)
        if self._tally.messages == self._until:
            self._add_to_digest()
            self.beginning = self._digest.hexdigest()

    def _add_to_digest(self) -> None:
        """Take in what was counted since the last time: one long text costs less than many short ones."""
        self._digest.update("".join(self._undigested).encode("utf-8", "surrogatepass"))
        self._undigested.clear()


def sections_of(db: Browser, session_id: str, options: ExportOptions) -> tuple[str, ...]:
    """The sessions that are exported for one: in JSONL every section of its chain is one, where that is asked for."""
    if options.lineage and options.format is Format.JSONL:
        return db.chain(session_id)
    return (session_id,)


def _bodies(db: Browser, piece: Piece) -> Iterator[Sequence[Message]]:
    """The messages of a piece, some at a time."""
    heads = {head.id: head for head in piece.heads}
    ids = list(heads)
    for start in range(0, len(ids), BODIES):
        yield [in_state(message, heads[message.id or 0]) for message in db.messages(ids[start : start + BODIES])]
    for start in range(0, len(piece.messages), BODIES):
        yield piece.messages[start : start + BODIES]


def _groups(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), TOGETHER):
        yield messages[start : start + TOGETHER]


def _is_wanted(message: Message, only: Only | None) -> bool:
    match only:
        case None:
            return True
        case Only.PROMPTS:
            return message.role == "user"
        case Only.REPLIES:
            return message.role == "assistant" and bool(message.text.strip())
        case Only.TOOLS:
            return message.role == "tool" or bool(message.tool_calls)


def _is_wanted_record(record: Record, only: Only) -> bool:
    match only:
        case Only.PROMPTS:
            return record.get("role") == "user"
        case Only.REPLIES:
            return record.get("role") == "assistant" and bool(record.get("content"))
        case Only.TOOLS:
            return record.get("role") == "tool" or bool(record.get("tool_calls"))


def _about(db: Browser, reading: SessionReading, options: ExportOptions) -> About:
    session = reading.session
    chain = db.chain(session.id) if options.lineage else ()
    return About(
        id=session.id,
        title=session.title or "",
        source=session.source,
        model=session.model or "",
        cwd=session.cwd or "",
        started_at=session.started_at,
        sections=chain if len(chain) > 1 else (),
        notes=tuple(_notes(db, reading)),
        record=db.session_record(session.id) or {},
    )


def _notes(db: Browser, reading: SessionReading) -> Iterator[str]:
    """What a reader of the file has to know: which source it is, and what another has or cannot be read."""
    session, facts = reading.session, reading.facts
    if session.problem:
        yield session.problem
    if reading.origin is not session.origin and facts is not None:
        yield f"JSONL has {many(facts.messages, 'message')}, SQLite {session.messages}: this is the JSONL"
    elif sentence := _drift(db, session, reading):
        yield sentence
    if facts is not None and facts.bad_lines:
        yield f"{many(facts.bad_lines, 'line')} of the JSONL file cannot be read"
    if session.origin is Origin.SQLITE and (waiting := db.waiting(session.id)):
        yield f"{many(len(waiting), 'message')} of these wait in the spool, not written into SQLite yet"


def _drift(db: Browser, session: Session, reading: SessionReading) -> str:
    """The sentence of the banner over the transcript, "" where the sources agree or cannot be compared."""
    check = None
    try:
        drift = db.drift(session, reading.facts)
        if drift is not None and reading.facts is not None:
            check = db.check(session.id)
    except StoreError:
        drift = None
    sentences, _ = banner_content(session, drift, reading.facts, check, None)
    return sentences[0] if sentences else ""
