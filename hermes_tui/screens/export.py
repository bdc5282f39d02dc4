"""Screen of an export: what is written, with the likely secrets in it, stands before any file is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Input

from hermes_tui.commands.registry import EXPORT, Place, footer
from hermes_tui.feed import Feed
from hermes_tui.feed.export_answers import (
    ExportAnswer,
    Exported,
    ExportEnded,
    ExportFailed,
    ExportPlanned,
    ExportProgressed,
    SecretsCounted,
)
from hermes_tui.render import export_page as render
from hermes_tui.render.export.model import ExportOptions, Format
from hermes_tui.render.heading import Heading
from hermes_tui.render.line import Line, Role, span
from hermes_tui.render.row import title_of
from hermes_tui.render.safe import SafeText, one_line
from hermes_tui.render.time import many
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.export_state import ExportState
from hermes_tui.widgets.framed_screen import FramedScreen
from hermes_tui.widgets.line_input import LineInput
from hermes_tui.widgets.page_frame import PageFrame, PageView, key_bindings, unwritten


class ExportScreen(FramedScreen[bool]):
    """Over the browser; gives True where a file was written.

    Args:
        feed: Plans and writes.
        browser: Knows titles.
        session_ids: The sessions.
    """

    CSS_PATH = "export.tcss"
    PLACE = Place.EXPORT
    BINDINGS: ClassVar[list[BindingType]] = key_bindings(EXPORT)

    def __init__(self, feed: Feed, browser: BrowserState, session_ids: Sequence[str]) -> None:
        super().__init__()
        self._feed, self._browser, self._glyphs = feed, browser, browser.glyphs
        rows = [row for row in map(browser.catalog.row, session_ids) if row is not None]
        has_chain = any(row.session.chain > 1 for row in rows)
        options = ExportOptions(Format.MARKDOWN, lineage=has_chain)
        self.state = ExportState(tuple(session_ids), options, has_chain=has_chain)
        self._titles = [title_of(row.session, row.outline) or one_line(row.session.id) for row in rows]
        self._input = LineInput(placeholder="a file or a folder", id="new-path")
        self._frame = PageFrame("Export", self._input)

    def on_mount(self) -> None:
        """Listen, and ask for the plan."""
        self._unsubscribe = self._feed.subscribe(self.post_message, ExportAnswer)
        self._frame.page.focus()
        self._plan()

    def on_unmount(self) -> None:
        """Listen no more."""
        self._feed.exports.drop_plan()
        self._feed.exports.stop()
        self._unsubscribe()

    @property
    def conditions(self) -> frozenset[str]:
        """The conditions that hold, for the commands that need one."""
        return self.state.conditions

    @on(ExportAnswer)
    def _on_export_answered(self, message: ExportAnswer) -> None:
        state = self.state
        if message.generation and message.generation != self._feed.generation("export"):
            return
        match message:
            case ExportPlanned():
                state.targets, state.total = message.targets, message.total
            case SecretsCounted():
                state.secrets, state.looked_at, state.is_counted = message.counts, message.messages, message.done
            case ExportProgressed():
                state.messages = message.messages
            case Exported():
                state.written.append((message.path, message.messages))
            case ExportFailed():
                state.failures.append((message.error, message.path))
            case ExportEnded():
                state.end(stopped=message.stopped)
        self._draw()

    @on(Input.Submitted, "#new-path")
    def _on_path_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.state.place(event.value.strip())
        self._end_typing()
        self._plan()

    def action_choose(self, what: str) -> None:
        """Take the next format, messages, masking, chain or names."""
        self.state.choose(what)
        self._plan()

    def action_retype(self) -> None:
        """Type another file or folder."""
        state = self.state
        state.typing = True
        [*others] = state.targets or ()
        path = others[0].path if len(others) == 1 else None
        self._input.value = state.output or str((path or Path("x")).parent.absolute() / (path.name if path else ""))
        self.set_class(True, "-types")
        self._input.focus()
        self._draw()

    def action_apply(self) -> None:
        """Write the files, once the plan has stood long enough."""
        state = self.state
        self._frame.wait.show(state.proposal)
        if state.proposal is None or state.targets is None or not self._frame.agreed():
            return
        state.running, state.messages = True, 0
        self._feed.exports.write(state.targets, state.options)
        self._draw()

    def action_back(self) -> None:
        """Stop what runs; leave the row of the path; else back to the browser."""
        if self.state.running:
            self._feed.exports.stop()
        elif self.state.typing:
            self._end_typing()
            self._draw()
        else:
            self.dismiss(bool(self.state.written))

    def _end_typing(self) -> None:
        self.state.typing = False
        self.set_class(False, "-types")
        self._frame.page.focus()

    def _plan(self) -> None:
        self._feed.exports.plan(self.state.request())
        self._draw()

    def _draw(self) -> None:
        state = self.state
        number = many(len(state.session_ids), "session")
        status: Line = (span(unwritten() if state.proposal is not None else "", Role.DIM),)
        heading = Heading(SafeText(f"Export {number}"), focused=True)
        title = self._titles[0] if len(self._titles) == 1 else SafeText(number)
        keys = footer(Place.EXPORT, state.conditions)
        self._frame.show(PageView(title, "", status, heading, tuple(self._lines()), keys, proposal=state.proposal))

    def _lines(self) -> Iterator[Line]:
        state, width, glyphs = self.state, self.size.width, self._glyphs
        for error, path in state.failures:
            yield from render.failed(error, path, width=width, glyphs=glyphs)
        for path, messages in state.written:
            yield from render.written(path.absolute(), messages, width=width, glyphs=glyphs)
        if state.running:
            yield render.progress(state.messages, state.total, width=width, glyphs=glyphs)
        elif state.stopped:
            yield from render.stopped(width=width, glyphs=glyphs)
        if not (state.running or state.is_done):
            yield from render.choices(state.options, width=width, glyphs=glyphs)
            yield from render.secrets(
                state.secrets,
                state.looked_at,
                done=state.is_counted,
                redact=state.options.redact,
                width=width,
                glyphs=glyphs,
            )
            files = [(target.path.absolute(), target.replaces) for target in state.targets or () if target.path]
            yield from render.files(files, width=width, glyphs=glyphs)
