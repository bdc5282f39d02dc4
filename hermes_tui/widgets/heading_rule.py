"""Hairline above the panes: it carries their titles, and its weight says which has the focus
(docs/look.md §1, §2)."""

from __future__ import annotations

from textual import events
from textual.reactive import reactive

from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, cells, crop, fit, line_cells, span
from hermes_tui.render.safe import SafeText, safe
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.key_targets import key_event

BARE_RULE = 8
"""Cells of bare rule between a title and its facts, before facts are dropped for it."""
LEAST_FACTS = 2
"""The number of facts that stay; the title is cut for them."""


class HeadingRule(Bar):
    """One rule over one pane or two."""

    _shown: reactive[tuple[Heading, Heading | None, int]] = reactive((Heading(SafeText("")), None, 0))

    def show(self, left: Heading, right: Heading | None = None, *, split: int = 0) -> None:
        """Put up titles; with two panes the joint stands in column `split`."""
        self._shown = left, right, split

    def _on_click(self, event: events.Click) -> None:  # type: ignore[override]  # need not be a coroutine
        """Go back where the title is a breadcrumb and its first part is clicked."""
        trail = self._shown[0].title.find(self.glyphs.words("›"))
        if self._shown[1] is None and 0 <= event.x - 2 < trail:
            event.stop()
            self.app.post_message(key_event("esc", event))

    def line(self, width: int) -> Line:
        """The rule from edge to edge."""
        (left, right, split), glyphs = self._shown, self.glyphs
        if right is None:
            return heading_line(left, width, glyphs)
        joint = glyphs.joint_left if left.focused else glyphs.joint_right if right.focused else glyphs.joint
        role = Role.FOCUS if left.focused or right.focused else Role.HAIR
        return (*heading_line(left, split, glyphs), span(joint, role), *heading_line(right, width - split - 1, glyphs))


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
