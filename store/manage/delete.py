"""A deletion: everything is copied into the trash and read back, then removed in steps (docs/decisions/0034).

A step that finds other rows than those that were copied removes nothing; they are copied again, and the deletion goes
on. Killed at any point it is finished or undone by its id.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..base.cancel import Cancel
from ..base.errors import PlanChanged
from ..base.late_dataclass import replace
from ..base.step_sizing import StepSizer
from ..engine.managed import APPENDS, MESSAGES, Image, RemoveStep, TrashHeader
from ..engine.operations import DONE, UNDONE, Span, operation_id, step_record
from ..files.gateway import present
from ..home_store import HomeStore
from ..repair.model import State
from . import session_files
from .delete_plan import plan_deletion
from .model import DeletePlan, DeletionRefused, ProgressCallback, TrashProgress, TrashReceipt
from .trash_folder import Manifest, Rows, TrashFolder

ATTEMPTS = 30
"""Maximum consecutive attempts that fail because others wrote to the session in between."""
_PAGE = 256


class Deletion:
    """One deletion while it runs.

    Args:
        store: The home.
        plan: The plan that was confirmed.
        force: The user insists where a recent message, a lock or a gateway speaks against it.
        on_progress: Called with the progress, in the thread that deletes.
        cancel: Stops it after the present step.
    """

    def __init__(
        self, store: HomeStore, plan: DeletePlan, *, force: bool, on_progress: ProgressCallback, cancel: Cancel
    ) -> None:
        self._store, self._rows_of, self._plan, self._force = store, store.managed, plan, force
        self._on_progress, self._cancel = on_progress, cancel
        self._pace = StepSizer()
        self._removed = self._moved = 0

    def apply(self) -> TrashReceipt:
        """Delete the session; one that is refused before anything is removed leaves nothing behind.

        Raises:
            PlanChanged: Other sessions would go than those of the plan, or others wrote again and again.
            DeletionRefused: See `DeletePlan.refusal`.
            StoreError: The trash cannot be written, or the database.
        """
        plan = plan_deletion(self._store, self._plan.session_id, with_children=self._plan.with_children)
        if (plan.session_ids, plan.operation) != (self._plan.session_ids, self._plan.operation):
            raise PlanChanged(f"the family of {plan.session_id} changed since the plan was made; look again")
        if (objection := plan.refusal(force=self._force)) is not None:
            raise DeletionRefused(plan.session_id, objection)
        header, begins = self._header(plan)
        folder = TrashFolder(self._store.path.parent, header.operation)
        manifest, rows = self._copied(folder, header, plan, begins=begins)
        try:
            header = self._remove_rows(folder, manifest, rows, header, begins=begins)
        finally:
            if begins and all(known.operation != header.operation for known in self._rows_of.operations()):
                folder.discard()
                header = replace(header, state=UNDONE)
        if header.gone:
            header = self._finished(folder, header)
        return self._receipt(header, folder, plan)

    def _header(self, plan: DeletePlan) -> tuple[TrashHeader, bool]:
        """A new operation, or the stopped one that is continued; whether it is new."""
        known = next((header for header in self._rows_of.operations() if header.operation == plan.operation), None)
        if known is not None:
            return known, False
        now = time.time()
        return TrashHeader(
            operation_id(now), plan.session_id, started_at=now, changed_at=now, session_ids=plan.session_ids
        ), True

    def _copied(
        self, folder: TrashFolder, header: TrashHeader, plan: DeletePlan, *, begins: bool
    ) -> tuple[Manifest, Rows]:
        """Everything that goes, copied and read back."""
        if not begins:
            manifest = folder.manifest()
            return manifest, folder.rows(manifest)
        manifest = Manifest(header.operation, header.session_id, header.session_ids, plan.title, 0)
        return folder.create(manifest, self._present_rows(header.session_ids), plan.files)

    def _present_rows(self, session_ids: Sequence[str]) -> Iterator[Image]:
        ids = self._rows_of.message_ids(session_ids)
        for start in range(0, len(ids), _PAGE):
            yield from self._rows_of.messages(ids[start : start + _PAGE])
        yield from self._rows_of.appends(session_ids)
        yield from self._rows_of.others(session_ids)

    def _remove_rows(
        self, folder: TrashFolder, manifest: Manifest, rows: Rows, header: TrashHeader, *, begins: bool
    ) -> TrashHeader:
        """Remove the rows; where others wrote in between, copy what is new and continue."""
        failures = 0
        while not header.gone:
            before = self._removed
            try:
                header = self._pass(rows, replace(header, spans=_spans(rows)), begins=begins and not self._removed)
            except PlanChanged:
                failures = failures + 1 if self._removed == before else 1
                if failures > ATTEMPTS:
                    raise
                new = [image for image in self._present_rows(header.session_ids) if not rows.has(image)]
                manifest = folder.add(manifest, rows, new)
                continue
            if self._cancel.cancelled:
                break
        return header

    def _pass(self, rows: Rows, header: TrashHeader, *, begins: bool) -> TrashHeader:
        """Remove what is there now, last message first, and at the end the sessions' own rows."""
        ids = self._rows_of.message_ids(header.session_ids)[::-1]
        total = self._removed + len(ids)
        keys = [str(image.row["operation"]) for image in self._rows_of.appends(header.session_ids)]
        work: list[tuple[str, int | str]] = [(MESSAGES, message_id) for message_id in ids]
        work += [(APPENDS, key) for key in keys]
        sizes = [rows.places[table, key][2] if (table, key) in rows.places else 0 for table, key in work]
        at = 0
        while at < len(work):
            if self._cancel.cancelled:
                return header
            end = at + self._pace.rows_in_next_step(sizes, at)
            header, begins = self._removed_by(rows, header, work[at:end], begins=begins), False
            self._on_progress(TrashProgress(self._removed, total))
            self._pace.pause(self._store.engine.lock_seconds)
            at = end
        return self._removed_by(rows, header, (), begins=begins)

    def _removed_by(
        self, rows: Rows, header: TrashHeader, batch: Sequence[tuple[str, int | str]], *, begins: bool
    ) -> TrashHeader:
        """The operation after one step; without a batch it is the last one."""
        step = RemoveStep(
            header=replace(header, changed_at=time.time()),
            begins=begins,
            conversation=() if self._force else header.session_ids,
            accepts=lambda images: all(map(rows.has, images)),
            messages=[key for _, key in batch if isinstance(key, int)],
            appends=[key for _, key in batch if isinstance(key, str)],
            last=not batch,
        )
        self._store.refuse_to_write_if_read_only()
        header = self._rows_of.remove(step)
        self._pace.record(self._store.engine.lock_seconds)
        self._removed += len(step.messages)
        return header

    def _finished(self, folder: TrashFolder, header: TrashHeader) -> TrashHeader:
        """Move the files, those that appeared meanwhile too, and close the journal's entry."""
        manifest = folder.manifest()
        known = {folder.place(kept, self._store.sessions_dir): kept for kept in manifest.files}
        there = session_files.files_of(self._store, header.session_ids)
        changed = [path for path in there if path not in known or not session_files.is_copied(path, known[path])]
        if changed:
            manifest = folder.add(manifest, Rows(), (), changed)
        for kept in manifest.files:
            if (place := folder.place(kept, self._store.sessions_dir)) in there:
                self._moved += session_files.move(place, folder.copy(kept), kept)
        return self._rows_of.finish(replace(header, state=DONE, changed_at=time.time()))

    def _receipt(self, header: TrashHeader, folder: TrashFolder, plan: DeletePlan) -> TrashReceipt:
        return TrashReceipt(
            operation=header.operation,
            session_id=header.session_id,
            state=State(header.state),
            session_ids=header.session_ids,
            messages=self._removed,
            files=self._moved,
            folder=folder.folder,
            copies=plan.copies,
            gateway=present(self._store.gateway()),
            longest_lock=self._pace.longest_lock,
        )


def _spans(rows: Rows) -> tuple[Span, ...]:
    return step_record(rows.message_ids, (), 0).inserted
