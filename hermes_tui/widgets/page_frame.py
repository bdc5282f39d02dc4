"""Frame of a screen about one thing: title row, status line, heading rule, page, footer (docs/look.md §8).

The screens of repairs and of the doctor are composed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Input

from hermes_tui.commands.key_table import key_of
from hermes_tui.commands.registry import TABLE, Command, Offer, Place
from hermes_tui.render.bound_keys import bound
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line
from hermes_tui.state.layout import Layout
from hermes_tui.state.plan_wait import QUIET, PlanWait
from hermes_tui.widgets.footer import Footer, Item
from hermes_tui.widgets.heading_rule import HeadingRule
from hermes_tui.widgets.status_line import StatusLine
from hermes_tui.widgets.text_page import TextPage
from hermes_tui.widgets.title_row import TitleRow
from hermes_tui.widgets.too_small_notice import TooSmallNotice
from store.base.late_dataclass import dataclass

WHILE_TYPING: Sequence[Item] = (("enter", "take it"), ("esc", "back"), ("ctrl+q", "quit"))
"""Keys of an input."""
READ_ONLY = "read-only: nothing is written"


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything that a frame shows at one time."""

    title: str
    end: str
    """An id or a count, at the right end of the title row."""
    status: Line
    heading: Heading
    lines: Sequence[Line]
    keys: Sequence[Item]
    """Keys and words of the footer."""
    question: str = ""
    """A question in the footer; `keys` are its answers."""
    proposal: object = None
    """What a key would write now; None for nothing."""


class PageFrame(Widget):
    """The rows of such a screen.

    Args:
        what: The first words of the title row.
        others: Widgets that may take the page's place; the screen's stylesheet says when.
        agreement: The id of the command that writes what is proposed.
    """

    DEFAULT_CSS = """
    PageFrame { layout: vertical; layers: below above; }
    PageFrame > TextPage { height: 1fr; width: 100%; }
    PageFrame.-low > Footer, PageFrame > TooSmallNotice { display: none; }
    PageFrame.-tiny > TooSmallNotice { display: block; }
    """

    def __init__(self, what: str, *others: Widget, agreement: str = "apply") -> None:
        super().__init__()
        self._agreement = agreement
        self.page = TextPage(id="page")
        self._others = others
        self._title = TitleRow(what, id="title")
        self._status = StatusLine(id="status")
        self._head = HeadingRule(id="head")
        self._foot = Footer(id="foot")
        self._too_small = TooSmallNotice()
        self._covered = False
        self._view: PageView | None = None
        self.wait = PlanWait()
        """Whether what is proposed has stood long enough to be written."""

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield from (self._title, self._status, self._head, self.page, *self._others, self._foot, self._too_small)

    def show(self, view: PageView) -> None:
        """Put up a view."""
        self._title.show(view.title, view.end)
        self._status.show(view.status)
        self._head.show(view.heading)
        self.page.show(view.lines)
        self.wait.show(view.proposal)
        self._view = view
        self._show_keys()

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _show_keys(self) -> None:
        """Name the keys that work where the focus is: in an input a letter is none."""
        if self._view is None:
            return
        if isinstance(self.screen.focused, Input):
            self._foot.show(WHILE_TYPING, ("f1", "help"))
        elif self._view.question:
            self._foot.ask(self._view.question, self._view.keys)
        else:
            self._foot.show(self._view.keys, (bound("help"), "help"))

    def show_notice(self, notice: str) -> None:
        """Put up a notice for a few seconds; "" puts up none."""
        if notice:
            self._status.say(notice)

    def agreed(self) -> bool:
        """Whether the last key may write what is proposed; that it came too early is said."""
        if not (agreed := self.wait.take_agreement()):
            longer = self.wait.seconds > QUIET
            late = f"{key_of(self._agreement)} applies {self.wait.seconds:.0f} s after the last key"
            self.show_notice(late if longer else self._press)
        return agreed

    def take_unused_key(self, reason: str, *, printable: bool) -> None:
        """Say why a key does nothing; where a plan stands, somebody may be typing who looks elsewhere."""
        waits = printable and self.wait.stands
        if waits:
            self.wait.lengthen()
        self.show_notice(self._press if waits else reason)

    @property
    def _press(self) -> str:
        return f"press {key_of(self._agreement)} to apply"

    def set_covered(self, covered: bool) -> None:
        """Whether another screen stands over this one."""
        self._covered = covered
        self._look()

    def fit(self, size: Size) -> None:
        """Leave out what a screen of that size has no room for."""
        for name, holds in Layout(*size).classes(single=False, reading=False).items():
            self.set_class(holds, name)
        self._look()

    def _look(self) -> None:
        """A plan that cannot be seen does not stand."""
        self.wait.set_visible(not self._covered and not self.has_class("-tiny"))


def unwritten(agreement: str = "apply") -> str:
    """The fact that nothing was written, and the key that does it, of the command with that id."""
    return f"nothing is written until you press {key_of(agreement)}"


def key_bindings(places: frozenset[Place], *, priority: bool = False) -> list[BindingType]:
    """The bindings of every command that works in one of `places`; with `priority` before the focused widget's."""
    return [
        Binding(key.keys, key.action, command.sentence, show=False, priority=priority)
        for command in TABLE
        if command.places & places
        for key in command.keys
    ]


def offers(commands: Iterable[Command], run: Callable[[Command, str], object]) -> Iterator[Offer]:
    """Commands for the palette; `run` does an action of one."""
    for command in commands:
        for key in command.keys:
            if key.title:
                yield Offer(key.title, command.shown, partial(run, command, key.action))
