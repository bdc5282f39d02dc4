"""Requests that keep sessions in order: plans of deletions, names and marks, and what was agreed to of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from hermes_tui.feed.manage_answers import (
    Managed,
    ManageEnded,
    ManageFailed,
    ManagePlanned,
    ManageProgressed,
    TitleTaken,
)
from hermes_tui.feed.store_worker import StoreWorker
from hermes_tui.feed.store_writer import StoreWriter
from store import DeletePlan, Mark, MarkPlan, SessionMissing
from store.base.cancel import Cancel
from store.errors import Refused, StoreError
from store.manage.model import TrashProgress


class ManageRequests:
    """Plans and writes, both in the thread that writes, one after the other; called while it does nothing."""

    def __init__(self, worker: StoreWorker, writer: StoreWriter) -> None:
        self._worker, self._writer = worker, writer

    def plan_deletions(self, session_ids: Sequence[str], *, with_children: bool = False) -> None:
        """Ask for the plans of deletions; sessions of one chain have one."""
        self._run(partial(self._planned_deletions, tuple(session_ids), with_children))

    def plan_mark(self, session_ids: Sequence[str], mark: Mark) -> None:
        """Ask for the sections that a mark is set or cleared for, as the first session has it not."""
        self._run(partial(self._planned_mark, tuple(session_ids), mark))

    def delete(self, plans: Sequence[DeletePlan], *, force: bool) -> None:
        """Delete one after the other; a refusal is reported and leaves the others alone."""
        self._run(partial(self._deleted, tuple(plans), force))

    def restore(self, operations: Sequence[str]) -> None:
        """Undo deletions."""
        self._run(partial(self._restored, tuple(operations)))

    def mark(self, plan: MarkPlan) -> None:
        """Set or clear a mark."""
        self._run(lambda _: self._post(self._writer.store().mark(plan)))

    def rename(self, session_id: str, title: str) -> None:
        """Give a session a title."""
        self._run(partial(self._renamed, session_id, title))

    def look_for_title(self, session_id: str, title: str) -> None:
        """Ask whether another session has a title; there is an answer only where one has."""
        self._writer.look(partial(self._looked_for_title, session_id, title))

    def _run(self, job: Callable[[Cancel], None]) -> None:
        self._writer.run(partial(self._guarded, job), ManageEnded)

    def _guarded(self, job: Callable[[Cancel], None], cancel: Cancel) -> None:
        try:
            job(cancel)
        except (StoreError, ValueError) as error:
            self._worker.post(ManageFailed(0, error))

    def _planned_deletions(self, session_ids: tuple[str, ...], with_children: bool, cancel: Cancel) -> None:
        plans: list[DeletePlan] = []
        for session_id in session_ids:
            if not cancel.cancelled and not any(session_id in plan.session_ids for plan in plans):
                plans.append(self._writer.store().plan_delete(session_id, with_children=with_children))
        self._worker.post(ManagePlanned(0, tuple(plans), None))

    def _planned_mark(self, session_ids: tuple[str, ...], mark: Mark, _: Cancel) -> None:
        self._worker.post(ManagePlanned(0, (), self._writer.store().plan_mark(session_ids, mark, on=None)))

    def _deleted(self, plans: tuple[DeletePlan, ...], force: bool, cancel: Cancel) -> None:
        for plan in plans:
            if cancel.cancelled:
                return
            try:
                db = self._writer.store()
                receipt = db.delete(plan, force=force, progress=self._progressed, cancel=cancel)
            except Refused as error:
                self._worker.post(ManageFailed(0, error))
            else:
                self._worker.post(Managed(0, receipt=receipt))

    def _restored(self, operations: tuple[str, ...], cancel: Cancel) -> None:
        for operation in operations:
            if not cancel.cancelled:
                receipt = self._writer.store().restore(operation, progress=self._progressed, cancel=cancel)
                self._worker.post(Managed(0, receipt=receipt))

    def _renamed(self, session_id: str, title: str, _: Cancel) -> None:
        try:
            self._post(0, title=self._writer.store().rename(session_id, title) or "")
        except SessionMissing as error:
            self._worker.post(ManageFailed(0, error))

    def _looked_for_title(self, session_id: str, title: str) -> None:
        with suppress(StoreError):  # the rename itself reports it
            if holder := self._writer.store().title_holder(session_id, title):
                self._worker.post(TitleTaken(0, title, holder))

    def _post(self, changed: int, *, title: str | None = None) -> None:
        self._worker.post(Managed(0, changed=changed, title=title))

    def _progressed(self, progress: TrashProgress) -> None:
        self._worker.post(ManageProgressed(0, progress))
