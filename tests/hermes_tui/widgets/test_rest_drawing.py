"""Rest of a long message: a thread draws it, and nothing else is made of its text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from textual.worker_manager import WorkerManager

from hermes_tui.render.message import MessageDrawing
from hermes_tui.widgets.rest_drawing import RestDrawing
from hermes_tui.widgets.transcript_cursor import TranscriptCursor


class Long:
    """A drawing of a message of 50 MB."""

    def __repr__(self) -> str:
        """It takes most of a second."""
        raise AssertionError("its text was made into another one")


def test_no_text_is_made_of_what_is_to_be_drawn() -> None:
    """Mutant: without a description Textual takes the `repr` of the work, and a key waits 0.8 s for it."""
    begun: list[Any] = []
    manager, node = WorkerManager(cast("Any", None)), cast("Any", SimpleNamespace(post_message=lambda _: None))
    manager.add_worker = lambda worker, **_: begun.append(worker)  # type: ignore[method-assign]

    def run_worker(work: Any, *, description: str = "", thread: bool, group: str) -> None:
        manager._new_worker(work, node, description=description, thread=thread, group=group)

    layout = SimpleNamespace(unfinished=lambda _: {0: cast("MessageDrawing", Long())})
    cursor = cast("TranscriptCursor", SimpleNamespace(layout=layout, viewport=SimpleNamespace(rows=())))
    drawing = RestDrawing(cast("Any", SimpleNamespace(run_worker=run_worker)))
    drawing.draw_next(cursor)
    drawing.draw_next(cursor)
    assert len(begun) == 1, "one at a time"
