"""An undo of a deletion: rows come back with all ids, then the files (docs/decisions/0034).

What others wrote meanwhile stays: a session that was made again keeps its new messages behind the old ones.
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

from ..base import safe_files
from ..base.cancel import Cancel
from ..base.errors import DiskFull, OperationMissing
from ..base.late_dataclass import replace
from ..base.step_sizing import STEP_ROWS, StepSizer
from ..engine.managed import MESSAGES, Image, RestoreStep, TrashHeader
from ..engine.operations import UNDOING, UNDONE
from ..files.gateway import present
from ..home_store import HomeStore
from ..repair.model import State
from . import session_files
from .doubles import refuse_doubles
from .model import ProgressCallback, TrashProgress, TrashReceipt
from .trash_folder import Manifest, Rows, TrashFolder


class Restore:
    """The undo of one deletion while it runs.

    Args:
        store: The home.
        operation: The deletion.
        on_progress: Called with the progress.
        cancel: Stops it after the present step.
    """

    def __init__(self, store: HomeStore, operation: str, *, on_progress: ProgressCallback, cancel: Cancel) -> None:
        self._store, self._managed, self._operation = store, store.managed, operation
        self._on_progress, self._cancel = on_progress, cancel
        self._pace = StepSizer()
        self._messages = self._files = 0
        self._titles: dict[str, str] = {}
        self._left: list[Path] = []

    def apply(self) -> TrashReceipt:
        """Bring everything back; a deletion that is undone already stays so.

        Raises:
            OperationMissing: There is no deletion of that id.
            BackupFailed: The trash is not as it was written; nothing was changed.
            Refused: Hermes is at work on a session, an id is another message's, or messages are there again already.
            StoreError: The database cannot be written; another undo continues.
        """
        header = next((known for known in self._managed.operations() if known.operation == self._operation), None)
        if header is None:
            raise OperationMissing(f"no deletion {self._operation} here; hermes-tui trash list prints the id of each")
        folder = TrashFolder(self._store.path.parent, header.operation)
        if header.state != UNDONE:
            manifest = folder.manifest()
            folder.verify_files(manifest, self._store.sessions_dir, begun=header.state == UNDOING)
            rows = folder.rows(manifest)
            if header.state != UNDOING:
                refuse_doubles(self._managed, header, rows.message_ids, folder.images(rows))
            header = self._put_rows_back(folder, rows, header)
            if not self._cancel.cancelled:
                header = self._put_files_back(folder, manifest, header)
        return TrashReceipt(
            operation=header.operation,
            session_id=header.session_id,
            state=State(header.state),
            session_ids=header.session_ids,
            messages=self._messages,
            files=self._files,
            folder=folder.folder,
            gateway=present(self._store.gateway()),
            titles=self._titles,
            left_in_trash=tuple(self._left),
            longest_lock=self._pace.longest_lock,
        )

    def _put_rows_back(self, folder: TrashFolder, rows: Rows, header: TrashHeader) -> TrashHeader:
        """Put the rows back, step by step, from the one where an undo before was stopped."""
        sizes = rows.sizes()
        images = islice(folder.images(rows), header.restored, None)
        begins, done = header.state != UNDOING, header.restored
        while not self._cancel.cancelled:
            number = min(self._pace.rows_in_next_step(sizes, done), STEP_ROWS)
            batch = list(islice(images, number))
            done += len(batch)
            last = done >= len(sizes)
            header = self._restored(header, batch, begins=begins, last=last, done=done)
            begins = False
            self._on_progress(TrashProgress(done, len(sizes)))
            if last:
                break
            self._pace.pause(self._store.engine.lock_seconds)
        return header

    def _restored(self, header: TrashHeader, batch: list[Image], *, begins: bool, last: bool, done: int) -> TrashHeader:
        self._store.refuse_to_write_if_read_only()
        step = RestoreStep(
            header=replace(header, state=UNDOING, changed_at=time.time(), restored=done),
            conversation=header.session_ids,
            images=batch,
            begins=begins,
            last=last,
        )
        result = self._managed.restore(step)
        self._pace.record(self._store.engine.lock_seconds)
        self._titles |= result.titles
        self._messages += sum(image.table == MESSAGES for image in batch)
        return result.header

    def _put_files_back(self, folder: TrashFolder, manifest: Manifest, header: TrashHeader) -> TrashHeader:
        """Put the files back, and close the journal's entry.

        Raises:
            DiskFull: One needs room on another disk; what was put back stays, and another undo continues.
        """
        for kept in manifest.files:
            copy, place = folder.copy(kept), folder.place(kept, self._store.sessions_dir)
            try:
                is_back = session_files.put_back(copy, place, kept)
            except OSError as error:
                if (why := safe_files.NO_SPACE.get(error.errno or 0)) is not None:
                    raise DiskFull(f"no room for {place}, which stays in the trash; {why}") from error
                is_back = False
            if is_back:
                self._files += 1
            else:
                self._left.append(copy)
        return self._managed.finish(replace(header, state=UNDONE, changed_at=time.time()))
