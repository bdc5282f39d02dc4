"""List of the repairs and deletions in the journal, the last one first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from hermes_tui.render import blocks
from hermes_tui.render.line import Line
from hermes_tui.render.repair_row import operation_head, operation_row
from hermes_tui.widgets.theme import glyphs_of
from hermes_tui.widgets.virtual_list import VirtualList
from store import TrashEntry
from store.repair.model import Operation


class RepairList(VirtualList):
    """Repairs and deletions by their ids.

    Args:
        now: The time, aware; its zone is the reader's.
        title: The title of a session, "" where it has none.
    """

    def __init__(self, *, now: Callable[[], datetime], title: Callable[[str], str], id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._now = now
        self._title = title
        self._operations: dict[str, Operation | TrashEntry] = {}

    def show(self, operations: Sequence[Operation | TrashEntry], *, is_known: bool = True) -> None:
        """Put repairs and deletions up; the cursor stays on its own.

        Args:
            operations: The last one first.
            is_known: The journal was read: where nothing is in it, that is said.
        """
        self._operations = {operation.id: operation for operation in operations}
        width = self.size.width - 1
        nothing = [(), *blocks.no_repairs(width=width, glyphs=glyphs_of(self.app))] if is_known else []
        self.set_head([operation_head(width=width)] if operations else nothing)
        if list(self._operations) != list(self.cursor.keys):
            self.set_keys(list(self._operations))
        self.refresh()

    @property
    def cursor_operation(self) -> Operation | TrashEntry | None:
        """The repair or the deletion under the cursor."""
        return self._operations.get(str(self.cursor.key))

    def paint(self, key: Hashable, width: int, *, cursor: bool) -> Line:
        """A repair as a row."""
        operation = self._operations[str(key)]
        kept = operation.title if isinstance(operation, TrashEntry) else None
        title, now = kept or self._title(operation.session_id), self._now()
        return operation_row(operation, title, width=width, now=now, glyphs=glyphs_of(self.app), cursor=cursor)
