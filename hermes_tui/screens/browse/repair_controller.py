"""From the browser to the screens of repairs and of the doctor, and back: what leads there, what that changes here."""

from __future__ import annotations

from textual import on

from hermes_tui.feed import answers as told
from hermes_tui.screens.browse.subscriptions import Listener
from hermes_tui.screens.doctor import DoctorScreen
from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.state.session_catalog import is_comparable
from hermes_tui.widgets.banner import Banner
from hermes_tui.widgets.virtual_list import VirtualList


class Mender(Listener):
    """Opens the screens of repairs and of the doctor, and reads again what a repair touched."""

    repairing: RepairScreen | None = None
    """The screen of repairs, while it stands over this one."""
    doctoring: DoctorScreen | None = None
    """The screen of the doctor, likewise."""

    @on(told.Repaired)
    def _on_session_repaired(self, message: told.Repaired) -> None:
        """Rows of a session came and went, in the middle too: what shows any of them is read again."""
        self.feed.sessions.reread(message.session_id)
        self.finder.again()
        self.reading.reread(message.session_id)

    @on(VirtualList.FlagClicked)
    def _on_flag_clicked(self) -> None:
        self.action_repair()

    @on(Banner.Clicked)
    def _on_banner_clicked(self, event: Banner.Clicked) -> None:
        if (row := self.reading.row) is not None and is_comparable(row):
            self._mend(row.session.id, whole=event.difference)

    def action_repair(self) -> None:
        """See what a repair of the session would do."""
        if (row := self.current) is not None and is_comparable(row):
            self._mend(row.session.id)

    def action_difference(self) -> None:
        """See all that differs."""
        if (row := self.current) is not None and is_comparable(row):
            self._mend(row.session.id, whole=True)

    def action_repair_all(self) -> None:
        """See what a repair of every flagged session would do."""
        self._mend(None)

    def action_doctor(self) -> None:
        """See how the store is."""
        self.doctoring = DoctorScreen(self.feed, where=self.where, owner=self.owner, glyphs=self.glyphs, now=self.now)
        self.app.push_screen(self.doctoring, self._looked)

    def _looked(self, _: None) -> None:
        self.doctoring = None

    def may_leave(self) -> bool:
        """Whether nothing is being written; else the footer's row asks."""
        over = self.repairing or self.doctoring
        if over is None or not self.feed.writer.writing:
            return True
        while self.app.screen is not over:
            self.app.pop_screen()
        over.ask_to_quit()
        return False

    def _mend(self, session_id: str | None, *, whole: bool = False) -> None:
        """Go to the screen of repairs, with one session or with all flagged ones."""
        self.repairing = RepairScreen(self.feed, self.catalog, glyphs=self.glyphs, session_id=session_id, whole=whole)
        self.app.push_screen(self.repairing, self._mended)

    def _mended(self, wanted: str | None) -> None:
        """Back from there: read the session that was asked for."""
        self.repairing = None
        row = self.catalog.row(wanted) if wanted is not None else None
        if row is not None:
            self.reading.open(row)
            self.inside = True
            self.divide()
            self.transcript.focus()
        self.paint()
