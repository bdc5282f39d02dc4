"""What has come from the feed, and its way to what shows it."""

from __future__ import annotations

import gc

from textual import on

from hermes_tui.feed import answers as told
from hermes_tui.screens.browse.presenter import Painter
from hermes_tui.widgets.hit_rows import GroupKey, HitKey, TitleKey
from hermes_tui.widgets.session_list import SessionRow
from store.errors import QueryInvalid, StoreMissing

MOST_UNTITLED = 5_000
"""Sessions without a title, the newest ones, whose first words are read beforehand."""


class Listener(Painter):
    """Takes the answers: each goes to what it changes, and the old ones go nowhere."""

    # Sessions

    @on(told.SessionsArrived)
    def _on_sessions_arrived(self, message: told.SessionsArrived) -> None:
        if message.generation != self.feed.generation("sessions"):
            return
        self._reset_once()
        self.failure, self.busy, self.has_store = None, None, True
        changed = self.catalog.put(message.sessions)
        changed += [row.session.id for row in self.catalog.put_drifts(message.drifts, message.facts)]
        self.finder.learn(changed)
        if message.done:
            self.catalog.complete = True
            self.finder.match_titles()
            self.feed.sessions.first_words(self.catalog.untitled(MOST_UNTITLED))
            gc.freeze()  # the rows stay; a collector that walked them all would hold the keys up (0.2 s for 50 000)
        if changed or message.done:
            fresh, shown = set(changed), self._shown_sessions()
            self.reading.take_sessions([one for one in message.sessions if one.id in fresh])
            self.feed.sessions.outlines([one for one in changed if one in shown])
            self.paint_soon()

    @on(told.FileSessionsArrived)
    def _on_file_sessions_arrived(self, message: told.FileSessionsArrived) -> None:
        if message.generation == self.feed.generation("sessions"):
            self.finder.learn(self.catalog.put_files(message.sessions))
            self.paint_soon()

    @on(told.PartsUnread)
    def _on_parts_unread(self, message: told.PartsUnread) -> None:
        if message.generation == self.feed.generation("sessions") and message.problems != self.unread:
            self.unread = message.problems
            self.paint_soon()

    @on(told.ScopeCounted)
    def _on_scope_counted(self, message: told.ScopeCounted) -> None:
        if message.generation == self.feed.generation("sessions"):
            self.catalog.put_scope(message.scope)
            self.paint_soon()

    @on(told.OutlinesArrived)
    def _on_outlines_arrived(self, message: told.OutlinesArrived) -> None:
        rows = self.catalog.put_outlines(message.outlines)
        self.finder.learn([row.session.id for row in rows if not row.session.title])
        self._show(rows)

    @on(told.DriftsArrived)
    def _on_drifts_arrived(self, message: told.DriftsArrived) -> None:
        if message.total:
            self.compared = (message.done, message.total) if self.feed.sessions.comparing else None
        if message.by_content:
            self.reading.compare_again(message.drifts)
        self._show(self.catalog.put_drifts(message.drifts, message.facts))
        if message.total:
            self.draw()

    # Hits

    @on(told.HitsArrived)
    def _on_hits_arrived(self, message: told.HitsArrived) -> None:
        if self.finder.take(message):
            self.search_error = self.busy = None
            self.paint_soon()

    @on(told.HitsRanked)
    def _on_hits_ranked(self, message: told.HitsRanked) -> None:
        if self.finder.take_best(message, touched=self.hit_list.touched):
            self.paint()  # at once: it ends what streams in, and the fewer see the order change the better

    @on(told.HitsCounted)
    def _on_hits_counted(self, message: told.HitsCounted) -> None:
        if self.finder.take_count(message):
            self.paint_soon()

    @on(told.WordsMeant)
    def _on_words_meant(self, message: told.WordsMeant) -> None:
        if self.finder.take_meant(message):
            self.paint_soon()

    @on(told.TitlesRanked)
    def _on_titles_ranked(self, message: told.TitlesRanked) -> None:
        if self.finder.take_titles(message):
            self.paint_soon()

    @on(told.ContextArrived)
    def _on_context_arrived(self, message: told.ContextArrived) -> None:
        if message.generation == self.feed.generation("search") and self.context:
            self.hit_list.set_context(HitKey(message.session_id, message.message_id, message.origin), message.lines)

    # The transcript

    @on(told.SectionArrived)
    @on(told.FileTranscriptArrived)
    @on(told.GrowthArrived)
    @on(told.BodiesArrived)
    @on(told.CheckArrived)
    def _on_reading_answered(self, message: told.Answer) -> None:
        self.reading.take(message)
        if not isinstance(message, told.BodiesArrived):
            self.draw()

    # The store itself

    @on(told.StoreChanged)
    def _on_store_changed(self, message: told.StoreChanged) -> None:
        if message.change.replaced:
            self.restart()

    @on(told.StoreBusy)
    def _on_store_busy(self, message: told.StoreBusy) -> None:
        self.busy = message.seconds
        self.paint_soon()

    @on(told.StoreHealed)
    def _on_store_healed(self) -> None:
        if self.failure is not None:
            self.restart()

    @on(told.StoreFailed)
    def _on_store_failed(self, message: told.StoreFailed) -> None:
        self.busy = None
        if message.question == "sessions":
            self._reset_once()
            self.has_store = not isinstance(message.error, StoreMissing)
            self.failure = message.error if self.has_store else None
            self.catalog.complete = True
        elif message.question == "transcript":
            self.reading.fail(message.generation, message.error)
        elif message.question in {"search", "new hits"} and not isinstance(message.error, QueryInvalid):
            self.search_error = message.error
            self.finder.fail()
        elif message.question in {"details", "files"} and self.failure is None:
            self.compared = None
            self.tell(str(message.error))
        self.paint_soon()

    @on(told.FeedCrashed)
    def _on_feed_crashed(self, message: told.FeedCrashed) -> None:
        raise message.error

    def _reset_once(self) -> None:
        """With the first answer of a new reading the old rows go."""
        if self.restarted:
            self.restarted = False
            self.catalog.clear()

    def _show(self, rows: list[SessionRow]) -> None:
        """Paint changed rows in their places."""
        for row in rows:
            self.session_list.update_row(row)
            self.hit_list.update_row(row)
        if rows:
            self.reading.refresh_row()
            self.draw()

    def _shown_sessions(self) -> set[str]:
        """The sessions whose rows are on the screen."""
        if not self.hits_shown:
            return {str(key) for key in self.session_list.shown}
        return {key.session_id for key in self.hit_list.shown if isinstance(key, TitleKey | GroupKey)}
