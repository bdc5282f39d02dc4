"""Searching: from the search row to the hits, around one of them, and from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textual import on
from textual.widgets import Input

from hermes_tui.commands.registry import Offer
from hermes_tui.feed import OpenStore, SavedSearches
from hermes_tui.feed.answers import SearchesKept
from hermes_tui.render.safe import one_line
from hermes_tui.screens.browse.repair_controller import Mender
from hermes_tui.widgets.hit_rows import MeantKey
from hermes_tui.widgets.virtual_list import VirtualList

PREVIEW_AFTER = 0.08
"""Seconds that the cursor rests on a row before its transcript is read."""
TYPED_AFTER = 0.3
"""The same while a search is typed: keys follow one another faster than transcripts are drawn."""
SIGN_AFTER = 0.16
"""Seconds after which the frame looks whether something is still awaited."""
CONTEXTS = (0, 1, 3, 10)
"""Messages on either side of a hit; what is more than the last is the whole session."""


class Seeker(Mender):
    """Takes what is typed, remembers it, and leads through what was found.

    Args:
        open_store: See `Painter`.
        searches: The file of saved searches, None to keep none.
        about: See `Painter`.
    """

    def __init__(self, open_store: OpenStore, *, searches: Path | None = None, **about: object) -> None:
        super().__init__(open_store, **about)  # type: ignore[arg-type]
        self.keeper = SavedSearches(searches, self.post_message)
        self.saved: tuple[str, ...] = ()
        """Searches that the user saved, the last one first."""
        self._can_save = searches is not None

    # The search row

    @on(Input.Changed, "#query")
    def _on_query_changed(self, event: Input.Changed) -> None:
        event.stop()
        other = self.finder.typed(event.value)
        wrong = self.finder.wrong
        self.search_bar.mark_wrong((wrong.start, wrong.end) if wrong else None)
        if other:
            self.search_error = None
            if self.finder.query is not None and self.finder.query.cut:
                self.tell("only the beginning of this is searched for")
            self.hit_list.forget_cursor()
            self.reading.mark(self.finder.query)
            self.paint()
            self.paint_next()
            self.set_timer(SIGN_AFTER, self.draw)
        else:
            self.draw()

    @on(Input.Submitted, "#query")
    def _on_query_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_enter_list()

    def action_enter_list(self) -> None:
        """Go from the search row to what is listed."""
        self.history.keep(self.search_bar.text)
        self._leave_for(self.hit_list if self.hits_shown else self.session_list)

    def action_go_down(self) -> None:
        """Back to what was typed, on a walk through what was searched for before; else to the list."""
        if self.history.walks(self.search_bar.text):
            self.search_bar.put(self.history.newer())
        else:
            self.action_enter_list()

    def action_recall(self) -> None:
        """What was searched for before."""
        if (text := self.history.older(self.search_bar.text)) is not None:
            self.search_bar.put(text)

    def action_search(self) -> None:
        """Let the user type."""
        self.inside = False
        self.divide()
        self.search_bar.to_end()
        self.set_focus(self.search_bar.query_input)

    def action_clear(self) -> None:
        """Take the search out, and let the user type another."""
        self.history.keep(self.search_bar.text)
        self.search_bar.clear()
        self.action_search()

    # Saved searches

    @on(SearchesKept)
    def _on_searches_kept(self, message: SearchesKept) -> None:
        self.saved = message.texts
        if message.complaint:
            self.tell(message.complaint)

    def searches_offered(self) -> Iterator[Offer]:
        """For the palette: save what is typed, go to what was saved, save it no longer."""
        text = self.search_bar.text.strip()
        if self._can_save and text and text not in self.saved:
            yield Offer(f"Save this search: {one_line(text)}", "", partial(self._save, text))
        for one in self.saved:
            yield Offer(f"Search: {one_line(one)}", "", partial(self._seek, one))
        for one in self.saved:
            yield Offer(f"Remove saved search: {one_line(one)}", "", partial(self._forget, one))

    def _save(self, text: str) -> None:
        self.keeper.save(text)
        self.tell("saved; ctrl+p has it")

    def _forget(self, text: str) -> None:
        self.keeper.forget(text)
        self.tell("this search is saved no longer")

    def _seek(self, text: str) -> None:
        """Search for a text as if it had been typed."""
        self.history.keep(self.search_bar.text)
        self.action_search()
        self.search_bar.put(text)

    # What was found

    @on(VirtualList.RowChosen)
    def _on_row_chosen(self, event: VirtualList.RowChosen) -> None:
        if isinstance(event.key, MeantKey):
            self._seek(event.key.text)
            return
        self._open()
        self._go_inside()

    def action_rerank(self) -> None:
        """The best hits first, or the newest."""
        self.finder.results.ranked = not self.finder.results.ranked
        self.paint()

    def action_next_hit(self, step: int) -> None:
        """The next hit of the list, and its message where the reader is."""
        if self.hit_list.move_hit(step) is None:
            self.tell("this is the last hit" if step > 0 else "this is the first hit")
        elif self.inside:
            self._open()
            self.draw()

    def action_context(self, step: int) -> None:
        """More or fewer messages around the hit under the cursor; beyond ten its session is the context."""
        if self.inside:
            if step < 0:
                self.action_enter_list()
            return
        place = CONTEXTS.index(self.context) + step
        if place == len(CONTEXTS):
            self._open()
            self._go_inside()
            return
        self.context = CONTEXTS[max(0, place)]
        self.hit_list.clear_context()
        self._ask_context()
        self.draw()

    def _ask_context(self) -> None:
        """Ask for the messages around the hit under the cursor; what stands around others stays."""
        if self.context and (hit := self.hit_list.cursor_hit) is not None:
            self.feed.search.context((hit.session_id, hit.message_id, hit.origin), width=self.context)

    # Where the keys lead; the focus is set at once, so that the next key finds it there

    def _leave_for(self, pane: VirtualList) -> None:
        self.inside = False
        self.divide()
        self.set_focus(pane)

    def _go_inside(self) -> None:
        if self.reading.row is None:
            self._open()
        if self.reading.row is not None:
            self.inside = True
            self.divide()
            self.set_focus(self.transcript)

    def _open(self, *, delay: float = 0.0) -> None:
        hit = self.hit_list.cursor_hit if self.hits_shown else None
        if (row := self.chosen) is not None:
            self.reading.open(row, hit, self.finder.query, delay=delay)
            self.set_timer(delay + SIGN_AFTER, self.draw)
