"""Heading of a pane: what the rule above it says."""

from __future__ import annotations

from dataclasses import dataclass

from hermes_tui.render.safe import SafeText


@dataclass(frozen=True, slots=True)
class Heading:
    """Title, note and facts of one pane."""

    title: SafeText
    note: str = ""
    """In our own words, after the title."""
    facts: tuple[str, ...] = ()
    """At the right end, most needed first."""
    focused: bool = False
