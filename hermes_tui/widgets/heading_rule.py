"""Hairline above the panes: it carries their titles, and its weight says which has the focus
(docs/look.md §1, §2)."""

from __future__ import annotations

from textual import events
from textual.reactive import reactive

from hermes_tui.render.heading import Heading, heading_line
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.safe import SafeText
from hermes_tui.widgets.bar import Bar
from hermes_tui.widgets.key_targets import key_event


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
