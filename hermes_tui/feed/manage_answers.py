"""Messages of the feed on sessions that are kept in order: plans, progress, results."""

from __future__ import annotations

from hermes_tui.feed.answers import Answer
from store import DeletePlan, MarkPlan, TrashReceipt
from store.manage.model import TrashProgress


class ManageAnswer(Answer):
    """The root of these messages."""


class ManagePlanned(ManageAnswer):
    """The plans that were asked for: of deletions, or of a mark."""

    plans: tuple[DeletePlan, ...]
    mark: MarkPlan | None


class ManageProgressed(ManageAnswer):
    """Rows of one deletion or undo that are done."""

    progress: TrashProgress

    def can_replace(self, message: object) -> bool:
        """Only the last count is of interest."""
        return isinstance(message, ManageProgressed)


class Managed(ManageAnswer):
    """One thing was done."""

    receipt: TrashReceipt | None = None
    """Of a deletion or an undo."""
    changed: int = 0
    """Sessions whose mark changed."""
    title: str | None = None
    """The title that a session has now, "" for none; None where it was not renamed."""


class TitleTaken(ManageAnswer):
    """A title that was asked for is another session's."""

    title: str
    holder: str
    """Id of that session."""


class ManageFailed(ManageAnswer):
    """Something was refused or failed; what was done before stands."""

    error: Exception


class ManageEnded(ManageAnswer):
    """Nothing is planned or written any more."""
