"""The screen of repairs as far as it shows things: one session, all that differs, or all flagged sessions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer

from hermes_tui.commands.registry import Place, footer
from hermes_tui.feed import Feed
from hermes_tui.render.diff import pair_lines
from hermes_tui.render.drift_row import Case, flagged_sentence
from hermes_tui.render.glyphs import Glyphs
from hermes_tui.render.line import Line
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText
from hermes_tui.screens.repair.view import READ_ONLY, STEPS, UNWRITTEN, One, view, whole_view
from hermes_tui.state.layout import LEAST, Layout
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.widgets.flagged_list import FlaggedList
from hermes_tui.widgets.footer import Footer
from hermes_tui.widgets.heading_rule import Heading, HeadRule
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.title_row import TitleRow
from hermes_tui.widgets.too_small_notice import TooSmallNotice
from store.repair.model import State

CALM = 0.25
"""Seconds between two pictures of what runs."""
SIGN_AFTER = 0.15
"""Seconds before it is said that something is being read."""
RUNNING = "A repair is running."
ANSWERS = (("y", "quit after it commits"), ("esc", "stay"))


class RepairFrame(Screen[str | None]):
    """What is known of repairs, and how it gets onto the screen.

    Args:
        feed: Asks the store.
        catalog: Knows titles and flags.
        session_id: The session to look at; None for all flagged ones.
        whole: Show all that differs at once.
    """

    CSS_PATH = "screen.tcss"
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self, feed: Feed, catalog: Catalog, *, glyphs: Glyphs, session_id: str | None = None, whole: bool = False
    ) -> None:
        super().__init__()
        self.feed = feed
        self.catalog = catalog
        self.glyphs = glyphs
        self.one: One | None = self._one(session_id) if session_id is not None else None
        """The session that is looked at; None while all flagged ones are listed."""
        self.all = session_id is None
        """All flagged sessions were asked for."""
        self.cases: dict[str, Case] = {}
        """The flagged sessions, where all were asked for."""
        self.whole = whole
        """All that differs is shown."""
        self.straight = whole
        """It was asked for from the browser, and esc leads back there."""
        self.asking = False
        """Whether to quit is being asked."""
        self._page = TextPage(id="page")
        self.flagged = FlaggedList(id="flagged")
        self._title = TitleRow("Repair", id="title")
        self.status = StatusLine(id="status")
        self._head = HeadRule(id="head")
        self._foot = Footer(id="foot")
        self._asked = 0.0
        self._drawn: list[Line] = []
        self._painted = 0.0
        self._painter: Timer | None = None

    def compose(self) -> ComposeResult:
        """Title, status, head rule, page or list, footer."""
        yield self._title
        yield self.status
        yield self._head
        yield self._page
        yield self.flagged
        yield self._foot
        yield TooSmallNotice(LEAST, id="small")

    def on_mount(self) -> None:
        """Ask for what is to be shown."""
        self.begin()

    def begin(self) -> None:
        """Ask for one plan or for all."""
        if self.one is not None:
            self.look_at(self.one)
            return
        ids = self.catalog.flagged_ids()
        self.cases = {session_id: self._case(session_id) for session_id in ids}
        self.feed.plans(ids)
        self.draw()

    def look_at(self, one: One) -> None:
        """Show a session, and ask what a repair would do there."""
        self.one, self._asked = one, time.monotonic()
        self.feed.plan(one.session_id, merge=one.merge)
        if self.whole:
            self.ask_difference(one)
        self.draw()
        self.set_timer(SIGN_AFTER + 0.01, self.draw)

    def ask_difference(self, one: One) -> None:
        """Ask for all that differs, from its start."""
        one.lines, one.all_lines, self._drawn = [], False, []
        self.feed.difference(one.session_id, merge=one.merge)
        self._page.show((), from_top=True)

    def next_one(self) -> One | None:
        """The flagged session after this one that was not repaired, round the end."""
        ids = self.catalog.flagged_ids()
        here = ids.index(self.one.session_id) if self.one and self.one.session_id in ids else -1
        for session_id in (*ids[here + 1 :], *ids[: max(here, 0)]):
            case = self.cases.get(session_id)
            if case is None or not case.settled:
                return self._one(session_id)
        return None

    @property
    def place(self) -> Place:
        """What is shown, and so which keys work."""
        if self.one is None:
            return Place.FLAGGED
        return Place.DIFFERENCE if self.whole else Place.REPAIR

    @property
    def conditions(self) -> frozenset[str]:
        """What holds now, for the commands that need it."""
        one, running = self.one, self.feed.writing
        holds = {"running": running, "next": not running}
        if one is None:
            case = self.flagged.cursor_case
            holds |= {
                "idle": not running,
                "applies": not running and self.feed.may_write and any(case.wanted for case in self.cases.values()),
                "readable": not running and case is not None,
                "undoable": not running and case is not None and case.settled,
            }
        else:
            plan = one.plan
            helped = plan is not None and any(refusal.merge_helps for refusal in plan.refusals)
            holds |= {
                "idle": not running and not one.settled,
                "done": not running and one.settled,
                "readable": not running and one.receipt is not None and one.receipt.state is State.DONE,
                "applies": not running and self.may_apply(one) and self.feed.may_write,
                "undoable": not running and one.undoable is not None and self.feed.may_write,
                "mergeable": not running and not one.settled and (helped or one.merge),
            }
        return frozenset(name for name, met in holds.items() if met)

    def may_apply(self, one: One) -> bool:
        """There is something to do that was not done yet."""
        return one.plan is not None and one.plan.applies and not one.settled

    def draw_soon(self) -> None:
        """Draw now, or as soon as the last picture has stood long enough."""
        wait = self._painted + CALM - time.monotonic()
        if wait <= 0:
            self.draw()
        elif self._painter is None:
            self._painter = self.set_timer(wait, self.draw)

    def draw(self) -> None:
        """Put what is known onto the screen."""
        if self._painter is not None:
            self._painter.stop()
        self._painter, self._painted = None, time.monotonic()
        self.set_class(self.one is None, "-flagged")
        if self.one is None:
            self._draw_all()
        else:
            self._draw_one(self.one)
        if self.asking and self.feed.writing:
            self._foot.ask(RUNNING, ANSWERS)
        else:
            self._foot.show(self._items(), ("?", "help"))

    def _draw_one(self, one: One) -> None:
        self._title.show(one.title or one.session_id, one.session_id)
        size = (self.size.width, self.size.height)
        if self.whole:
            shown = whole_view(one, self._drawn, width=size[0])
        else:
            slow = time.monotonic() - self._asked >= SIGN_AFTER
            shown = view(one, size=size, glyphs=self.glyphs, may_write=self.feed.may_write, slow=slow)
        self.status.show(shown.status)
        self._head.show(shown.heading)
        self._page.show(shown.lines)
        if self.focused is not self._page:
            self._page.focus()

    def _draw_all(self) -> None:
        cases = list(self.cases.values())
        running = self.feed.writing
        fact = STEPS if running else UNWRITTEN if self.feed.may_write else READ_ONLY
        self._title.show("all flagged sessions", f"{len(cases)} flagged")
        self.status.show(flagged_sentence(cases, glyphs=self.glyphs))
        title = SafeText("Applying" if running else "Flagged")
        self._head.show(Heading(title, facts=(fact,), focused=True))
        self.flagged.show(cases)
        if self.focused is not self.flagged:
            self.flagged.focus()

    def draw_more(self, one: One, number: int) -> None:
        """Draw the last `number` places of what differs, below those that are drawn."""
        before = one.lines[-number - 1] if len(one.lines) > number else None
        fresh = one.lines[len(one.lines) - number :]
        self._drawn += pair_lines(fresh, width=self.size.width, glyphs=self.glyphs, before=before)

    def _items(self) -> Sequence[tuple[str, str]]:
        """Keys and words of the footer; some words depend on what is shown."""
        words = {"y": "apply", "u": "undo"}
        if self.one is None:
            words["y"] = f"apply {sum(case.wanted for case in self.cases.values())}"
            case = self.flagged.cursor_case
            words["space"] = "take this one in" if case is not None and case.left_out else "leave this one out"
        elif (stopped := self.one.operation) is not None and not self.one.settled:
            words |= {"y": "finish", "u": "undo" if stopped.state is State.RUNNING else "finish the undo"}
        return [(keys, words.get(keys, word)) for keys, word in footer(self.place, self.conditions)]

    @on(events.Resize)
    def _on_size_changed(self, event: events.Resize) -> None:
        form = Layout(event.size.width, event.size.height)
        for name in ("-low", "-tiny"):
            self.set_class(form.classes(single=False, reading=False)[name], name)
        if self.one is not None and self.whole:
            self._drawn = []
            self.draw_more(self.one, len(self.one.lines))
        self.draw()

    def _one(self, session_id: str) -> One:
        return One(session_id, self._titled(session_id))

    def _case(self, session_id: str) -> Case:
        row = self.catalog.row(session_id)
        return Case(session_id, self._titled(session_id), row.drift if row else None)

    def _titled(self, session_id: str) -> str:
        """What a session is called; "" where it has no name."""
        row = self.catalog.row(session_id)
        return title_of(row.session, row.outline) if row else ""

    def put_case(self, session_id: str, **changes: object) -> None:
        """Change what is known of a flagged session, where all were asked for."""
        if (case := self.cases.get(session_id)) is not None:
            self.cases[session_id] = replace(case, **changes)  # type: ignore[arg-type]
