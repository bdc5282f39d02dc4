"""Reading a session, without an app: what is asked for, and what the pane is given."""

from __future__ import annotations

from typing import cast
from unittest import mock

import pytest

from hermes_tui.feed import answers
from hermes_tui.screens.browse.compose import BrowserWidgets
from hermes_tui.screens.browse.followed_row import AT_LEAST, TYPED_AFTER, FollowedRow
from hermes_tui.screens.browse.reading_controller import ReadingController
from hermes_tui.state.browser_state import BrowserState, ListPane
from hermes_tui.state.layout import Layout
from store.errors import CannotOpen
from store.models import Check, Drift, Hit, Message, Origin, Relation, Session, Verdict
from tests.hermes_tui.screens.browse.states import Calls, Drawn, browser_state, put

ONE = Session("one", title="Fix the build", started_at=5.0, messages=4)
CHECK = Check("one", Verdict.DIVERGED, 4, 6, 2, 0, 0, 0, repairable=True)


def reading(drift: Drift | None = None) -> tuple[ReadingController, BrowserState, Calls, Calls]:
    """A controller, its state, its feed and its pane, with the cursor on a session."""
    state, feed, pane = browser_state(ONE), Calls(), Calls()
    state.catalog.put_drifts({"one": drift}, {})
    state.pane = ListPane(state.catalog.row("one"), has_rows=True)
    return ReadingController(state, feed.feed, Drawn(), pane.page), state, feed, pane


def source(state: BrowserState) -> str:
    """The source that is read."""
    return "file" if state.reading.from_file else "state.db"


def checked(state: BrowserState) -> Check | None:
    """The comparison that the banner shows."""
    assert state.reading.sources is not None
    return state.reading.sources.check


def section(session: Session = ONE, *, place: int = 1, places: int = 1) -> answers.SectionArrived:
    """The first page of a section."""
    return answers.SectionArrived(1, session.id, (), place, places, first=True, done=place == places, session=session)


def test_a_session_that_is_here_is_not_asked_for_again() -> None:
    """Mutant: without `_chain`, the transcript starts again at every move of the cursor to a hit in it."""
    controller, state, feed, pane = reading()
    controller.open_chosen()
    controller.take_section(section())
    assert state.reading.requested_at is None
    state.pane = ListPane(state.catalog.row("one"), Hit("one", 3, "user", "docker"))
    controller.open_chosen()
    assert feed.count("transcript.open") == 1
    assert feed.count("sessions.compare") == 1  # what the reader looks at is compared again, once
    assert pane.count("show_at") == 1


@pytest.mark.parametrize(("late", "delay"), [(0.05, TYPED_AFTER - 0.05), (2.0, AT_LEAST)])
def test_a_transcript_is_read_some_time_after_the_letter_and_not_after_its_answer(late: float, delay: float) -> None:
    """So that it is there before the pane of another row would go dim, a picture more; mutant: `TYPED_AFTER`."""
    controller, state, *_ = reading()
    state.layout, state.typed, state.search.requested_at = Layout(140, 40), "d", state.seconds() - late
    with mock.patch.object(controller, "open_chosen") as opened:
        FollowedRow(state, cast("BrowserWidgets", None), controller).follow()
    assert opened.call_args.kwargs["delay"] == pytest.approx(delay)


def test_the_longer_source_is_read_and_another_one_as_soon_as_it_is_longer() -> None:
    """Mutant: with `swapped` left out, the pane stays with the shorter source."""
    controller, state, feed, _ = reading()
    controller.open_chosen()
    assert source(state) == "state.db"
    state.fresh = state.catalog.put_drifts({"one": Drift.JSONL_AHEAD}, {})
    controller.take_row()
    assert feed.count("transcript.open") == 2
    controller.take_file_transcript(answers.FileTranscriptArrived(2, "one", ()))
    assert source(state) == "file"


def asked(state: BrowserState) -> str:
    """The source that was asked for."""
    return str(state.reading.origin)


def test_a_hit_is_read_from_where_it_was_found() -> None:
    controller, state, _, _ = reading(Drift.JSONL_AHEAD)
    state.pane = ListPane(state.catalog.row("one"), Hit("one", 3, "user", "docker"))
    controller.open_chosen()
    assert asked(state) == "sqlite"
    state.pane = ListPane(state.catalog.row("one"), Hit("one", 3, "user", "docker", origin=Origin.JSONL))
    controller.open_chosen()
    assert asked(state) == "jsonl"


def test_sources_are_compared_once_for_the_banner() -> None:
    """Mutant: without `_comparing`, every draw asks the files again."""
    controller, state, feed, _ = reading(Drift.DIVERGED)
    controller.open_chosen()
    controller.open_chosen()
    assert feed.count("transcript.check") == 1
    assert checked(state) is None
    controller.take_check(answers.CheckArrived(1, CHECK))
    assert checked(state) == CHECK
    controller.take_drifts(answers.DriftsArrived(1, {"one": Drift.DIVERGED}, {}, by_content=True))
    assert feed.count("transcript.check") == 2, "the verdict is another one now"


def test_a_section_in_which_a_compaction_goes_on_is_read_with_its_chain() -> None:
    controller, state, feed, _ = reading()
    controller.open_chosen()
    tip = Session("tip", parent_id="one", relation=Relation.CONTINUATION, started_at=6.0, messages=1)
    put(state, [tip])
    controller.take_fresh(answers.SessionsArrived(1, (tip,)))
    assert feed.count("transcript.open") == 1, "an answer is awaited still"
    controller.take_section(section())
    controller.take_fresh(answers.SessionsArrived(1, (tip,)))
    assert feed.count("transcript.open") == 2


def test_what_waited_in_the_spool_may_be_what_was_written() -> None:
    controller, _, feed, pane = reading()
    controller.open_chosen()
    controller.take_section(section())
    controller.take_growth(answers.GrowthArrived(1, "one", ()))
    assert (pane.count("append_heads"), feed.count("transcript.open")) == (1, 1)
    assert pane.names.index("put") < pane.names.index("append_heads")  # so they are never empty on the screen
    waiting = section()
    waiting.waiting = (Message(-1, "one", "user", "in the spool"),)
    controller.take_section(waiting)
    controller.take_growth(answers.GrowthArrived(1, "one", ()))
    assert (pane.count("append_heads"), feed.count("transcript.open")) == (1, 2)


def test_an_error_ends_the_wait_unless_it_is_of_an_older_request() -> None:
    controller, state, _, pane = reading()
    controller.open_chosen()
    controller.take_failure(answers.StoreFailed(0, "transcript", CannotOpen("gone")))
    controller.take_failure(answers.StoreFailed(1, "search", CannotOpen("gone")))
    assert state.reading.error is None
    controller.take_failure(answers.StoreFailed(1, "transcript", CannotOpen("gone")))
    assert str(state.reading.error) == "gone"
    assert state.reading.requested_at is None
    assert pane.count("ask_again") == 1


def test_a_repair_has_the_transcript_read_again_if_it_is_shown() -> None:
    controller, _, feed, _ = reading()
    controller.open_chosen()
    controller.take_repaired(answers.Repaired(0, "other", None))  # type: ignore[arg-type]
    assert feed.count("transcript.open") == 1
    controller.take_repaired(answers.Repaired(0, "one", None))  # type: ignore[arg-type]
    assert feed.count("transcript.open") == 2
