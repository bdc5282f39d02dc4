"""Marks on the screen, and their stand-ins where a terminal has no Unicode (docs/look.md §4)."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_tui.render.line import Line, Role, Span, span
from store.base.late_dataclass import dataclass, field
from store.models import Drift, Status


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of marks; each takes one cell, a state and a flag with their letter two."""

    statuses: Mapping[Status, str]
    drifts: Mapping[Drift, str]
    partial: str = "△P"
    cursor: str = "▌"
    folded: str = "▸"
    opened: str = "▾"
    user: str = "┃"
    agent: str = "│"
    tool: str = "┊"
    system: str = "╎"
    heavy: str = "━"
    light: str = "─"
    seam: str = "╌"
    divider: str = "│"
    branch: str = "├─"
    last_branch: str = "└─"
    thumb: str = "┃"
    joint_left: str = "┭"
    joint_right: str = "┮"
    joint: str = "┬"
    truncated: str = "…"
    ok: str = "✓"
    failed: str = "✗"
    alive: str = "●"
    section: str = "§"
    added: str = "+"
    equal: str = "="
    alone: str = "‹"
    """Only SQLite has it."""
    backup: str = "↧"
    bookmark: str = "◆"
    waiting: str = "·"
    """Left as it is, or still to come."""
    running: str = "◐"
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """For our own words: a symbol and what is written instead; empty where every symbol can be shown."""

    def words(self, text: str) -> str:
        """A sentence of ours in this set; never used on text from disk."""
        for symbol, stand_in in self.stand_ins.items():
            text = text.replace(symbol, stand_in)
        return text

    @property
    def good(self) -> Span:
        """The mark of what succeeded."""
        return span(self.ok, Role.GOOD, bold=True)

    @property
    def bad(self) -> Span:
        """The mark of what failed or was refused."""
        return span(self.failed, Role.ERROR, bold=True)

    @property
    def incomplete(self) -> Span:
        """The mark of what could be read in part only, two cells."""
        return span(self.partial, Role.WARNING, bold=True)

    def progress(self, done: int, total: int, width: int) -> Line:
        """A bar of `width` cells."""
        full = width * min(done, total) // max(total, 1)
        return span(self.heavy * full, Role.FOCUS), span(self.light * (width - full), Role.HAIR)

    def status(self, status: Status | None) -> Span:
        """The mark of a status in its colour, two cells; blank for None."""
        return span(self.statuses[status], _STATUS_ROLES[status], bold=status is Status.LIVE) if status else span("  ")

    def drift(self, drift: Drift | None) -> Span:
        """The flag in its colour, two cells; blank where the sources agree."""
        return span(self.drifts[drift], _DRIFT_ROLES[drift], bold=True) if drift else span("  ")


_STATUS_ROLES = {
    Status.LIVE: Role.ACCENT,
    Status.DONE: Role.DIM,
    Status.INTERRUPTED: Role.WARNING,
    Status.ERROR: Role.ERROR,
    Status.EMPTY: Role.DIM,
}
_DRIFT_ROLES = {
    Drift.JSONL_AHEAD: Role.WARNING,
    Drift.DIVERGED: Role.ERROR,
    Drift.JSONL_ONLY: Role.WARNING,
    Drift.DAMAGED: Role.ERROR,
}

UNICODE = Glyphs(
    statuses={Status.LIVE: "●L", Status.DONE: "✓D", Status.INTERRUPTED: "◐I", Status.ERROR: "✗E", Status.EMPTY: "∅0"},
    drifts={Drift.JSONL_AHEAD: "⇡A", Drift.DIVERGED: "≠D", Drift.JSONL_ONLY: "▤J", Drift.DAMAGED: "!B"},
)

ASCII = Glyphs(
    statuses={Status.LIVE: "*L", Status.DONE: ".D", Status.INTERRUPTED: "~I", Status.ERROR: "xE", Status.EMPTY: "-0"},
    drifts={Drift.JSONL_AHEAD: "^A", Drift.DIVERGED: "#D", Drift.JSONL_ONLY: "@J", Drift.DAMAGED: "!B"},
    partial="?P",
    cursor=">",
    folded="+",
    opened="-",
    user="#",
    agent="|",
    tool=":",
    system=".",
    heavy="=",
    light="-",
    seam="-",
    divider="|",
    branch="|-",
    last_branch="`-",
    bookmark="*",
    thumb="#",
    joint_left="+",
    joint_right="+",
    joint="+",
    truncated="~",
    ok=".",
    failed="x",
    alive="*",
    section="x",
    alone="<",
    backup="v",
    waiting="-",
    running="~",
    stand_ins={
        "↑↓": "up/down",
        "↑": "up",
        "↓": "down",
        "→": "right",
        "←": "left",
        "…": "~",
        "·": "-",
        "›": ">",
        "§": "x",
        "▼": "v",
        "▸": ">",
        "⏎": "/",
        "•": "*",
        "“": '"',
        "”": '"',
        "×": "x",
        "≥": ">=",
        "–": "-",
        "−": "-",
        "±": "%",
    },
)
