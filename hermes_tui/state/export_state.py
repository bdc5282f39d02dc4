"""State of the screen of exports: what is chosen, the files of it, the likely secrets in them, what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from hermes_tui.export.targets import ExportRequest, Target, format_of
from hermes_tui.render.export.model import ExportOptions, Format, Only
from hermes_tui.render.secrets import SecretKind
from store.base.late_dataclass import dataclass, field, replace

Choice = TypeVar("Choice")
FORMATS = tuple(Format)
CHOICES: tuple[Only | None, ...] = (None, *Only)


@dataclass(slots=True)
class ExportState:
    """State of the screen about some sessions."""

    session_ids: tuple[str, ...]
    options: ExportOptions
    output: str = ""
    """The path that was typed; "" for the folder that the program runs in."""
    by_title: bool = False
    has_chain: bool = False
    """One of the sessions is a section of a chain."""
    typing: bool = False
    """A path is being typed."""
    targets: tuple[Target, ...] | None = None
    """The files that would be written; None while they are awaited."""
    total: int = 0
    """Messages of all, as far as it is known."""
    secrets: Counter[SecretKind] = field(default_factory=Counter)
    looked_at: int = 0
    """Messages that were searched for secrets."""
    is_counted: bool = False
    """All of them were."""
    running: bool = False
    messages: int = 0
    """Messages that are written."""
    written: list[tuple[Path, int]] = field(default_factory=list)
    failures: list[tuple[Exception, Path | None]] = field(default_factory=list)
    stopped: bool = False

    @property
    def is_done(self) -> bool:
        """Something was written or failed, or the run was stopped."""
        return not self.running and bool(self.written or self.failures or self.stopped)

    @property
    def proposal(self) -> object:
        """What a key would write now; None for nothing."""
        if self.running or self.typing or self.is_done or not self.targets or not self.is_counted:
            return None
        return self.targets, self.options

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        choosing = not (self.running or self.is_done or self.typing)
        holds = {
            "applies": self.proposal is not None,
            "running": self.running,
            "idle": not self.running,
            "choosing": choosing,
            "maskable": choosing and bool(self.secrets or self.options.redact or not self.is_counted),
            "chained": choosing and self.has_chain,
            "several": len(self.session_ids) > 1,
        }
        return frozenset(name for name, met in holds.items() if met)

    def place(self, output: str) -> None:
        """Take a path that was typed, and the format that its ending names."""
        self.output = output
        self.options = replace(self.options, format=format_of(output) or self.options.format)

    def choose(self, what: str) -> None:
        """Take the next choice: `format`, `only`, `redact`, `lineage` or `title`."""
        options = self.options
        match what:
            case "format":
                self.options = replace(options, format=_after(FORMATS, options.format))
            case "only":
                self.options = replace(options, only=_after(CHOICES, options.only))
            case "redact":
                self.options = replace(options, redact=not options.redact)
            case "lineage":
                self.options = replace(options, lineage=not options.lineage)
            case _:
                self.by_title = not self.by_title

    def end(self, *, stopped: bool) -> None:
        """The run is over; of one that was stopped only what took the place of another file is left."""
        self.running, self.stopped = False, stopped
        if stopped:
            replaced = {target.path for target in self.targets or () if target.replaces}
            self.written = [(path, messages) for path, messages in self.written if path in replaced]

    def request(self) -> ExportRequest:
        """The request of a plan of what is chosen; what was known of the plan before goes."""
        self.targets, self.secrets, self.looked_at, self.is_counted = None, Counter(), 0, False
        self.failures, self.written, self.stopped = [], [], False
        return ExportRequest(self.session_ids, self.options, self.output, self.by_title)


def _after(choices: Sequence[Choice], present: Choice) -> Choice:
    return choices[(choices.index(present) + 1) % len(choices)]
