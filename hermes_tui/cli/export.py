"""The verb `export`: sessions as files, or one of them on standard output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Output, Streams, complain, remark
from hermes_tui.cli.progress import ProgressLine
from hermes_tui.cli.stores import opened, session_named
from hermes_tui.export.file import MadeFiles
from hermes_tui.export.stream import SessionExport, sections_of
from hermes_tui.export.targets import Target, format_of, targets_of, without_sections
from hermes_tui.render.export.model import ExportOptions, Format, Only
from hermes_tui.render.export.redactor import in_words
from hermes_tui.render.safe import safe
from hermes_tui.render.secrets import SecretKind
from hermes_tui.render.time import many
from store import Browser, Home
from store.base.late_dataclass import replace

EVERY_HIT = 1 << 40
"""Hits of a query: all of them."""
NOTHING = "nothing to export: name sessions by their ids, or find them with --query"


def export(home: Home, options: Options, streams: Streams) -> int:
    """Write sessions to files, or to standard output with `-o -`.

    Returns:
        0 where all were written; 2 where a file was not, or the command line could not be done.
    """
    wanted = ExportOptions(
        Format(options.format or format_of(options.output) or Format.MARKDOWN),
        Only(options.only) if options.only else None,
        options.redact,
        options.lineage,
    )
    with opened(home) as db:
        ids = list(dict.fromkeys(_sessions(db, options)))
        if not ids:
            return complain(NOTHING, streams.err)
        if options.lineage:  # two sections of a chain are one reading
            ids = without_sections(db, ids)
        try:
            targets = targets_of(db, ids, wanted, options.output, by_title=options.by_title)
        except ValueError as error:
            return complain(error, streams.err)
        if len(ids) > 1 and not options.yes and not (streams.ask and streams.ask(f"Export {len(ids)} sessions?")):
            return complain(f"{len(ids)} sessions were found, and nothing was written; --yes exports them", streams.err)
        run = _Run(db, wanted, streams, options.json)
        if run.asked_to_mask(targets):  # also in the names of the files
            targets = targets_of(db, ids, run.wanted, options.output, by_title=options.by_title)
        return run.write(targets)


def _sessions(db: Browser, options: Options) -> Iterator[str]:
    for name in options.ids:
        yield session_named(db, name).id
    if options.search:
        for batch in db.search(options.search, limit=EVERY_HIT):
            yield from (hit.session_id for hit in batch.hits)


class _Run:
    """One call of the verb."""

    def __init__(self, db: Browser, wanted: ExportOptions, streams: Streams, as_json: bool) -> None:
        self._db, self.wanted, self._streams = db, wanted, streams
        self._output, self._made = Output(streams.out), MadeFiles()
        self._as_json = as_json
        self._left: Counter[SecretKind] = Counter()
        self._unread: dict[str, int] = {}

    def write(self, targets: Sequence[Target]) -> int:
        """Write every file; what stops the run takes those that it made away."""
        failed = 0
        try:
            for target in targets:
                failed = self._write(target) or failed
        except (KeyboardInterrupt, SystemExit):
            self._made.take_away()
            raise
        if self._left:
            self._say_secrets()
        if unread := sum(self._unread.values()):
            remark(f"{many(unread, 'message')} cannot be read, and marked as such in the export", self._streams.err)
        return failed

    def asked_to_mask(self, targets: Sequence[Target]) -> bool:
        """On a terminal: what would be left in, before anything is written; whether it is to be masked now."""
        if self.wanted.redact or self._streams.ask is None:
            return False
        found: Counter[SecretKind] = Counter()
        for export in self._exports(targets):
            with self._progress(export) as progress:
                for done in export.looked_through():
                    progress.show(done)
            found.update(export.secrets)
        if not found or not self._streams.ask(f"{_likely(found)}: {in_words(found)}. Mask them?"):
            return False
        self.wanted = replace(self.wanted, redact=True)
        return True

    def _write(self, target: Target) -> int:
        path, err = target.path, self._streams.err
        if path is None:
            for chunk in self._chunks(target, self._left):
                self._streams.out.write(chunk)
            return 0
        is_there = target.is_there
        if is_there and not (self._streams.ask and self._streams.ask(f"{path} is there already. Replace it?")):
            return complain(f"{path} is there already, and was left as it is", err)
        try:
            self._made.write(path, self._chunks(target, self._left), replace=is_there)
        except FileExistsError:
            return complain(f"{path} was made meanwhile, and was left as it is", err)
        except OSError as error:
            return complain(f"{path} cannot be written: {error.strerror}", err)
        self._say(path, target)
        return 0

    def _say(self, path: Path, target: Target) -> None:
        if self._as_json:
            self._output.json({"file": str(path), "sessions": list(target.sessions)})
        else:
            self._output.line(safe(str(path)))

    def _chunks(self, target: Target, found: Counter[SecretKind]) -> Iterator[str]:
        for export in self._exports([target]):
            with self._progress(export) as progress:
                chunks = export.chunks(progress=progress.show)
                yield from chunks if target.path else _encodable(chunks, self._streams.out)
            found.update(export.secrets)
            self._unread[export.about.id] = export.totals.unreadable

    def _exports(self, targets: Iterable[Target]) -> Iterator[SessionExport]:
        for session_id in (session_id for target in targets for session_id in target.sessions):
            for section in sections_of(self._db, session_id, self.wanted):
                yield SessionExport(self._db, section, self.wanted)

    def _progress(self, export: SessionExport) -> ProgressLine:
        return ProgressLine(self._streams.err, export.about.id, export.reading.session.messages)

    def _say_secrets(self) -> None:
        if self.wanted.redact:
            remark(f"masked: {in_words(self._left)}", self._streams.err)
        else:
            words = f"{_likely(self._left)} left in: {in_words(self._left)}"
            remark(f"{words} · --redact masks them", self._streams.err)


def _likely(found: Counter[SecretKind]) -> str:
    return many(found.total(), "likely secret")


def _encodable(chunks: Iterable[str], out: TextIO) -> Iterator[str]:
    """The chunks, in characters that the stream has."""
    encoding = out.encoding or "utf-8"
    for chunk in chunks:
        yield chunk.encode(encoding, "backslashreplace").decode(encoding)
