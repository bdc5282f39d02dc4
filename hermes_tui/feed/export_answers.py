"""Messages of the feed on exports: files, likely secrets, progress, results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hermes_tui.export.targets import Target
from hermes_tui.feed.answers import Answer
from hermes_tui.render.secrets import SecretKind


class ExportAnswer(Answer):
    """The root of these messages."""


class ExportPlanned(ExportAnswer):
    """The files that would be written."""

    targets: tuple[Target, ...]
    total: int
    """Messages of all of them, as far as it is known before they are read."""


class SecretsCounted(ExportAnswer):
    """Likely secrets of the messages that were looked at so far, by kind."""

    counts: Counter[SecretKind]
    messages: int
    done: bool = False


class ExportProgressed(ExportAnswer):
    """Messages that are written so far, of all files."""

    messages: int

    def can_replace(self, message: object) -> bool:
        """Only the last count is of interest."""
        return isinstance(message, ExportProgressed)


class Exported(ExportAnswer):
    """A file was written."""

    path: Path
    messages: int


class ExportFailed(ExportAnswer):
    """A file was not written, or nothing can be planned."""

    error: Exception
    path: Path | None = None


class ExportEnded(ExportAnswer):
    """Nothing is written any more."""

    stopped: bool = False
    """By the user; what was written of the last file is gone."""
