"""Controller of copies: a message at once, and for two seconds one of its blocks by number."""

from __future__ import annotations

from hermes_tui import config
from hermes_tui.render.safe import one_line
from hermes_tui.render.status import copied_sentence
from hermes_tui.screens.browse.ports import Changed, Part
from hermes_tui.state import copy_blocks
from hermes_tui.state.browser_state import BrowserState
from hermes_tui.state.copy_blocks import CopyBlock
from hermes_tui.state.copy_file import CopyFile
from hermes_tui.state.copy_text import Copied, CopyTarget, copied, session_text
from hermes_tui.widgets.one_shot import call_after
from hermes_tui.widgets.selection import Selected
from hermes_tui.widgets.transcript import Transcript
from store.errors import UnsafeId

SECONDS = 2.0
"""Seconds after a copy in which a digit copies a block instead."""
KEYS = frozenset("123456789a")
NAMES = {CopyTarget.ID: "the id", CopyTarget.LINK: "the link", CopyTarget.RESUME: "the command"}


class CopyController:
    """Puts texts into the clipboard, and says which."""

    def __init__(self, state: BrowserState, changed: Changed, pane: Transcript) -> None:
        self._state = state
        self._changed = changed
        self._pane = pane
        self._file = CopyFile(config.runtime_dir())
        self._index: int | None = None
        """The message whose blocks carry numbers."""

    def copy(self, target: CopyTarget) -> None:
        """Copy what a key asks for, or say that there is nothing."""
        if target is CopyTarget.MESSAGE:
            self._copy_message()
        elif (row := self._state.current) is None:
            self._say("there is no session to copy from")
        else:
            try:
                self._put(CopyBlock(NAMES[target], session_text(target, row.session)))
            except UnsafeId as error:
                self._say(str(error))

    def copy_block(self, number: int) -> None:
        """Copy a block of the message that was just copied, from 1; 0 for the answer without its calls."""
        index = self._index
        message = None if index is None else self._pane.cursor.layout.body(index)
        if index is None or message is None:
            return
        found = copy_blocks.blocks(message, self._pane.cursor.layout.results_of(index)) if number else []
        if not number:
            self._put(copy_blocks.answer(message))
        elif number <= len(found):
            self._put(found[number - 1])
        else:
            self._say(f"there is no block {number} in this message")

    def copy_selected(self, found: Selected) -> None:
        """Copy what a drag has selected."""
        self._put(CopyBlock(found.name, found.text))

    def see_key(self, key: str) -> None:
        """End the choice of a block by any key that is not one of it, and a selection."""
        if self._pane.cursor.selection is not None:
            self._pane.select(None)
        if self._index is not None and key not in KEYS:
            self.end()

    def end(self) -> None:
        """Take the numbers out."""
        self._index, self._state.copying_until = None, 0.0
        self._pane.do("no_numbers")

    def end_late(self) -> None:
        """The same once the two seconds are over."""
        if self._index is not None and self._state.seconds() >= self._state.copying_until:
            self.end()

    def close(self) -> None:
        """Remove the file of a long copy."""
        self._file.remove()

    def _copy_message(self) -> None:
        cursor, message = self._pane.cursor, self._pane.focused_message
        if message is None:
            self._say("there is no message to copy here")
            return
        if message.role == "tool":
            self._put(CopyBlock("the result", message.text))
            return
        results = cursor.layout.results_of(cursor.bar)
        self._put(copy_blocks.whole(message, results))
        self._index, self._state.copying_until = cursor.bar, self._state.seconds() + SECONDS
        self._pane.do("numbers")
        call_after(self._pane, SECONDS + 0.05, self.end_late)

    def _put(self, block: CopyBlock) -> None:
        found: Copied = copied(block.text)
        if not found.text:
            self._say(f"{block.name} has no text to copy")
            return
        self._pane.app.copy_to_clipboard(found.text)
        try:
            path = self._file.put(found.text)
            where = "" if path is None else f"also in {path}"
        except OSError as error:
            where = f"into no file ({error.strerror or error})"
        self._say(copied_sentence(block.name, found.text, found.left_out, one_line(where)))

    def _say(self, notice: str) -> None:
        self._state.show_notice(notice)
        self._changed(Part.FRAME)
