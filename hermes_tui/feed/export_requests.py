"""Requests of the screen of exports: the files that would be written, the likely secrets in them, and the writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from hermes_tui.export.file import MadeFiles
from hermes_tui.export.stream import SessionExport, sections_of
from hermes_tui.export.targets import ExportRequest, Target, targets_of, without_sections
from hermes_tui.feed.answers import Answer
from hermes_tui.feed.export_answers import (
    Exported,
    ExportEnded,
    ExportFailed,
    ExportPlanned,
    ExportProgressed,
    SecretsCounted,
)
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.render.export.model import ExportOptions
from hermes_tui.render.secrets import SecretKind
from store import Browser
from store.base.cancel import Cancel
from store.base.late_dataclass import replace
from store.errors import Interrupted, StoreError

STEP = 4_096
"""Messages between two counts that are posted."""


class ExportRequests:
    """Both in one thread of their own: a plan ends where another one is asked for, a run where it is stopped."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._thread = worker.thread("exports")
        self._cancel = Cancel()

    def plan(self, request: ExportRequest) -> None:
        """Ask for the files, then for the likely secrets in them."""
        self._worker.ask(self._thread, "export", partial(_planned, request=request))

    def drop_plan(self) -> None:
        """End the plan that is made."""
        self._worker.begin("export")

    def write(self, targets: Sequence[Target], options: ExportOptions) -> None:
        """Write files one after the other; what has the name of one is replaced only where its target says so."""
        self.drop_plan()
        self._cancel = cancel = Cancel()
        self._thread.put("export files", partial(self._written, tuple(targets), options, cancel))

    def stop(self) -> None:
        """Stop writing after the messages at hand; the files of the run are removed."""
        self._cancel.cancel()

    def _written(self, targets: tuple[Target, ...], options: ExportOptions, cancel: Cancel) -> None:
        before, made = 0, MadeFiles()
        try:
            for target in targets:
                before += self._write(target, options, made, before, cancel)
        except Interrupted:
            made.take_away()
            self._worker.post(ExportEnded(0, stopped=True))
        else:
            self._worker.post(ExportEnded(0))

    def _write(self, target: Target, options: ExportOptions, made: MadeFiles, before: int, cancel: Cancel) -> int:
        """Write one file; the number of its messages. Raises Interrupted."""
        path = target.path
        if path is None:
            return 0
        messages = 0

        def _progressed(done: int) -> None:
            nonlocal messages
            messages = done
            self._worker.post(ExportProgressed(0, before + done))

        try:
            chunks = _chunks(self._worker.store(), target, options, progress=_progressed, cancel=cancel)
            made.write(path, chunks, replace=target.replaces)
        except Interrupted:
            raise
        except FileExistsError:
            self._worker.post(ExportFailed(0, FileExistsError("it was made meanwhile, and was left as it is"), path))
        except (StoreError, OSError) as error:
            self._worker.post(ExportFailed(0, error, path))
        else:
            self._worker.post(Exported(0, path, messages))
        return messages


def _planned(db: Browser, generation: int, *, request: ExportRequest) -> Iterator[Answer]:
    ids = without_sections(db, request.session_ids) if request.options.lineage else list(request.session_ids)
    try:
        targets = targets_of(db, ids, request.options, request.output, by_title=request.by_title)
    except (ValueError, OSError) as error:
        yield ExportFailed(generation, error)
        return
    targets = tuple(replace(target, replaces=target.is_there) for target in targets)
    sessions = [db.session(each) for name in ids for each in _members(db, name, request.options)]
    yield ExportPlanned(generation, targets, sum(session.messages for session in sessions if session is not None))
    yield from _counted(db, generation, targets, request.options)


def _members(db: Browser, session_id: str, options: ExportOptions) -> tuple[str, ...]:
    return db.chain(session_id) if options.lineage else (session_id,)


def _counted(db: Browser, generation: int, targets: Sequence[Target], options: ExportOptions) -> Iterator[Answer]:
    """The likely secrets, now and then while they are counted."""
    found, before = Counter[SecretKind](), 0
    for target in targets:
        for export in _exports(db, target, options):
            posted = 0
            for done in export.looked_through():
                if done - posted >= STEP:
                    posted = done
                    yield SecretsCounted(generation, found + export.secrets, before + done)
            found.update(export.secrets)
            before += export.totals.messages
    yield SecretsCounted(generation, found, before, done=True)


def _exports(db: Browser, target: Target, options: ExportOptions) -> Iterator[SessionExport]:
    for session_id in target.sessions:
        for section in sections_of(db, session_id, options):
            yield SessionExport(db, section, options)


def _chunks(
    db: Browser, target: Target, options: ExportOptions, *, progress: Callable[[int], None], cancel: Cancel
) -> Iterator[str]:
    before = 0
    for export in _exports(db, target, options):
        yield from export.chunks(progress=partial(_add, progress, before), cancel=cancel)
        before += export.totals.messages


def _add(progress: Callable[[int], None], before: int, done: int) -> None:
    progress(before + done)
