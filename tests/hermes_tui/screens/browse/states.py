"""States of the browser without an app: clocks that stand, a feed that answers nothing, panes that note calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from hermes_tui.feed import Feed
from hermes_tui.render.glyphs import UNICODE
from hermes_tui.screens.browse.ports import Part
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.widgets.hit_list import HitList
from hermes_tui.widgets.transcript import Transcript
from store.models import Session

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)


def browser_state(*sessions: Session, seconds: float = 100.0) -> BrowserState:
    """A state that has these sessions and no others."""
    state = BrowserState("default", "~/.hermes", UNICODE, lambda: NOW, lambda: seconds)
    put(state, sessions)
    state.catalog.complete = True
    return state


def put(state: BrowserState, sessions: Iterable[Session]) -> None:
    """Let sessions arrive."""
    ids = state.catalog.put(list(sessions))
    state.fresh = [row for session_id in ids if (row := state.catalog.row(session_id))]


@dataclass
class Calls:
    """Stands for a feed, each of its parts or a pane: notes the calls, with the generation 1 as every answer."""

    names: list[str] = field(default_factory=list)
    newest: int = 0
    prefix: str = ""

    def __getattr__(self, name: str) -> Any:
        if name in {"sessions", "search", "transcript"}:
            return Calls(self.names, self.newest, f"{name}.")

        def noted(*_args: object, **_kwargs: object) -> int:
            self.names.append(f"{self.prefix}{name}")
            return 1

        return noted

    def count(self, name: str) -> int:
        """How often something was called."""
        return self.names.count(name)

    @property
    def feed(self) -> Feed:
        """Itself, as a feed."""
        return cast("Feed", self)

    @property
    def hits(self) -> HitList:
        """Itself, as the list of hits."""
        return cast("HitList", self)

    @property
    def page(self) -> Transcript:
        """Itself, as the transcript."""
        return cast("Transcript", self)


@dataclass
class Drawn:
    """Notes which parts were to be drawn."""

    parts: list[Part] = field(default_factory=list)

    def __call__(self, part: Part, *, after: float = 0.0) -> None:
        self.parts.append(part)
