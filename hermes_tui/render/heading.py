"""Rules with words: the heading above a pane, and the rule over a section of a list."""

from __future__ import annotations

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line, Role, blank, cells, crop, fit, line_cells, span
from hermes_tui.render.safe import SafeText, one_line, safe
from store.base.late_dataclass import dataclass

BARE_RULE = 8
"""Cells of bare rule between a title and its facts, before facts are dropped for it."""
LEAST_FACTS = 2
"""The number of facts that stay; the title is cut for them."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Title, note and facts of one pane."""

    title: SafeText
    note: str = ""
    """In our own words, after the title."""
    facts: tuple[str, ...] = ()
    """At the right end, most needed first."""
    focused: bool = False


def heading_line(heading: Heading, width: int, glyphs: Glyphs) -> Line:
    """Draw one pane's part of the rule, exactly `width` cells."""
    mark = glyphs.heavy if heading.focused else glyphs.light
    role = Role.FOCUS if heading.focused else Role.HAIR
    facts = _facts(heading, width, glyphs)
    tail = (span(f" {facts} ", Role.DIM), span(mark, role)) if facts else ()
    room = width - 4 - line_cells(tail)
    title = _fitted(heading.title, max(room, 1), glyphs)
    note = f" {glyphs.words(heading.note)}" if heading.note else ""
    named = bool(heading.title or note)
    head: Line = (span(f"{mark} ", role), span(title, bold=heading.focused), span(note, Role.DIM), span(" ")) * named
    head = crop(head, width - line_cells(tail), glyphs.truncated)
    return (*head, span(mark * (width - line_cells(head) - line_cells(tail)), role), *tail)


def _fitted(title: SafeText, room: int, glyphs: Glyphs) -> SafeText:
    """As much of a title as there is room for; a last step of a trail goes where no word of it would be left."""
    shown, step = fit(title, room, glyphs.truncated), glyphs.words(" ›")
    bare = shown.removesuffix(glyphs.truncated).rstrip()
    return SafeText(bare.removesuffix(step)) if shown != title and bare.endswith(step) else shown


def _facts(heading: Heading, width: int, glyphs: Glyphs) -> SafeText:
    """As many facts as leave the title whole, and at least the first ones."""
    separator = glyphs.words(" · ")
    facts = [safe(fact) for fact in heading.facts if fact]
    taken = line_cells((span(heading.title), span(heading.note))) + 7 + BARE_RULE
    while len(facts) > LEAST_FACTS and taken + cells(safe(separator.join(facts))) > width:
        facts.pop()
    joined = safe(separator.join(facts))
    return joined if cells(joined) <= max(width // 2, width - taken + BARE_RULE - 2) else SafeText("")


def section_rule(text: str, *, width: int, glyphs: Glyphs) -> Line:
    """Draw the rule over a section of the list: `2 titles ────`, with one empty cell on either side."""
    label = fit(one_line(text), width - 3, glyphs.truncated)
    rule = glyphs.light * (width - 3 - cells(label))
    return (blank(1), span(label + " ", Role.DIM), span(rule, Role.HAIR), blank(1))
