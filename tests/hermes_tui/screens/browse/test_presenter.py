"""The views of the browser's state, without an app: what is listed, found, read and wrong, narrow and wide."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from hermes_tui.commands.registry import Place
from hermes_tui.feed import questions
from hermes_tui.feed.answers import DriftsArrived
from hermes_tui.render.folds import Fold, Folds
from hermes_tui.render.glyphs import ASCII
from hermes_tui.render.line import plain
from hermes_tui.screens.browse.presenter import frame_view, list_view
from hermes_tui.state.browser_state import BrowserState, ListPane, Sources
from hermes_tui.state.layout import Layout
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.search_results import Results
from hermes_tui.state.session_filter import filter_of
from hermes_tui.widgets.hit_rows import HitsView
from hermes_tui.widgets.session_rows import SessionsView
from store import Browser, Cancel
from store.drift.verdict import unread_check
from store.errors import CannotOpen, Damaged, QueryInvalid
from store.models import Batch, Check, Drift, Hit, JsonlFacts, Outline, Scope, Session, Status, SurveyStep, Verdict
from store.query.parse import parse
from tests.hermes_tui.screens.browse.states import NOW, browser_state

WIDE, NARROW = Layout(140, 40), Layout(80, 24)
HOURS = 3_600.0
OLD = Session("old", title="Tidy up", source="cli", started_at=NOW.timestamp() - 3 * HOURS, messages=2)
NEW = Session("new", title="Fix the build", source="telegram", started_at=NOW.timestamp() - HOURS, messages=4)
AWAY = Session("away", title="Put away", archived=True, started_at=1.0, messages=1)


def status(state: BrowserState) -> str:
    """The left of the status line."""
    return plain(frame_view(state).status)


def totals(state: BrowserState) -> str:
    """The right end of the status line."""
    return plain(frame_view(state).totals[-1])


def head(state: BrowserState) -> str:
    """The lines above the rows of the list."""
    return text(list_view(state).head)


def text(lines: object) -> str:
    """Lines as words with one space between them."""
    assert isinstance(lines, list)
    return " ".join(" ".join(plain(line) for line in lines).split())


def searching(words: str, *hits: Hit, done: bool, seconds: float = 100.0) -> BrowserState:
    """A state whose search was asked for at 99 s and has these hits."""
    state = browser_state(OLD, NEW, seconds=seconds)
    state.typed = words
    state.search.query = parse(words, now=NOW.timestamp(), open_word=True)
    state.search.requested_at = 99.0
    state.search.results.add(Batch(hits, done=done), 7)
    state.pane = ListPane(has_rows=bool(hits), hit_rows=len(hits))
    return state


def reading(drift: Drift | None = None) -> BrowserState:
    """A state that reads the newer session."""
    state = browser_state(OLD, NEW)
    state.catalog.put_drifts({"new": drift}, {})
    state.reading.row = state.catalog.row("new")
    state.reading.index, state.reading.total = 3, 994
    state.focus, state.inside = Place.TRANSCRIPT, True
    return state


@pytest.mark.slow
def test_the_views_are_made_without_textual() -> None:
    """Mutant: with `Heading` taken from its widget, Textual is loaded."""
    probe = "import sys, hermes_tui.screens.browse.presenter; assert 'textual' not in sys.modules"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_list_has_the_newest_first_and_its_numbers_say_what_is_left_out() -> None:
    state = browser_state(OLD, AWAY, NEW)
    view = list_view(state)
    assert isinstance(view, SessionsView)
    assert [row.session.id for row in view.rows] == ["new", "old"]
    assert view.head == []
    assert status(state) == "2 of 3 sessions (archived 1)", "in the search row v is a letter"
    state.focus = Place.SESSIONS
    assert status(state) == "2 of 3 sessions (archived 1: press v)"
    state.everything = True
    assert len(list_view(state).rows) == 3  # type: ignore[union-attr]
    assert status(state) == "3 of 3 sessions (with archived 1: press v)"


def test_a_picture_of_the_list_looks_at_few_rows_whatever_the_number_of_sessions() -> None:
    """Mutant: with a view that holds every row each picture of a large home takes a second."""
    looked: list[str] = []

    class Counted(dict[str, SessionRow]):
        """Rows that note which of them were looked at."""

        def get(self, key: str, default: Any = None) -> Any:
            """One row."""
            looked.append(key)
            return super().get(key, default)

    sessions = [Session(f"{number:05}", last_active=9e8 + 60 * number, messages=1) for number in range(5_000)]
    state = browser_state(*sessions)
    state.catalog._rows = Counted(state.catalog._rows)
    view = list_view(state)
    assert isinstance(view, SessionsView)
    assert len(view.rows) == 5_000
    assert len(looked) < 200


def test_what_could_not_be_compared_is_counted_until_it_is() -> None:
    """Mutants: answers that leave it out; a verdict that does not take it back."""
    state = browser_state(OLD, NEW)
    assert "not compared" not in totals(state)
    step = SurveyStep(1, 2, checks=(unread_check("new", Damaged("a page is gone")),))
    [answer] = questions.verified(cast("Browser", Verifying(step)), 1, ["new"], Cancel())
    assert isinstance(answer, DriftsArrived)
    state.catalog.put_drifts(answer.drifts, answer.facts, answer.uncompared)
    assert totals(state).endswith("1 not compared")
    state.catalog.put_drifts({"new": None}, {})
    assert "not compared" not in totals(state)


class Verifying:
    """A store that knows one answer."""

    def __init__(self, step: SurveyStep) -> None:
        self.step = step

    def verify(self, session_ids: Sequence[str], *, cancel: Cancel) -> list[SurveyStep]:
        """The answer."""
        return [self.step]


def test_the_store_counts_until_every_session_is_here() -> None:
    state = browser_state(NEW)
    state.catalog.complete = False
    state.catalog.counted = Scope(50, 0, 0, 0)
    assert status(state) == "1 of 50 sessions"


def test_a_list_from_which_all_is_left_out_says_so() -> None:
    assert "archived 1" in head(browser_state(AWAY))


def test_an_empty_home_says_where_it_looked() -> None:
    assert "Looked in ~/.hermes" in head(browser_state())
    state = browser_state()
    state.catalog.complete = False
    assert head(state) == "", "nothing is known yet"


def test_the_focus_chooses_keys_and_weight() -> None:
    state = browser_state(NEW)
    state.layout = WIDE
    state.pane = ListPane(state.catalog.row("new"), has_rows=True)
    assert frame_view(state).help == ("f1", "help")
    assert [heading.focused for heading in frame_view(state).headings] == [False, False]
    state.focus = Place.SESSIONS
    view = frame_view(state)
    assert view.help == ("?", "help")
    assert view.footer[:2] == (("↑↓", "rows"), ("enter", "open"))
    assert [heading.focused for heading in view.headings] == [True, False]
    state.focus = Place.TRANSCRIPT
    assert [heading.focused for heading in frame_view(state).headings] == [False, True]


def test_a_wide_screen_has_two_headings_and_a_narrow_one_that_of_its_pane() -> None:
    state = reading()
    state.layout = WIDE
    view = frame_view(state)
    assert (view.list_width, view.classes["-two"], view.classes["-reading"]) == (62, True, False)
    assert [heading.title for heading in view.headings] == ["Sessions", "Fix the build"]
    assert view.headings[1].facts[:2] == ("telegram", "1h")
    state.single = True
    assert [heading.title for heading in frame_view(state).headings] == ["Sessions › Fix the build"]
    state.single, state.layout = False, NARROW
    view = frame_view(state)
    assert (view.list_width, view.classes["-two"], view.classes["-reading"]) == (None, False, True)
    assert [heading.title for heading in view.headings] == ["Sessions › Fix the build"]
    state.inside = False
    assert [heading.title for heading in frame_view(state).headings] == ["Sessions"]


def test_a_search_says_that_it_runs_only_once_it_is_slow() -> None:
    """Mutant: with `is_slow` always True, every key flashes a sentence."""
    state = searching("docker", done=False, seconds=99.1)
    assert status(state) == ""
    state.seconds = lambda: 99.2
    assert status(state) == "still searching…"
    assert head(state) == "", "nothing is said of hits before the search is done"


def test_a_search_that_is_done_has_its_numbers() -> None:
    hits = Hit("new", 1, "user", "docker"), Hit("new", 2, "user", "docker"), Hit("old", 3, "user", "docker")
    state = searching("docker", *hits, done=True)
    assert status(state) == "3 hits in 2 sessions · newest first · 7 ms"
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert [(group.row.session.id, group.total) for group in view.groups] == [("new", 2), ("old", 1)]
    assert not view.dim
    assert not view.profiles
    state.catalog.profiles |= {"default", "work"}
    assert replace(view, profiles=True) == list_view(state), "several profiles are named beside hits too"
    frame = frame_view(state)
    assert frame.classes["-hits"]
    assert frame.headings[0].title == "Hits"
    state.pane = ListPane(hit_rows=2)
    assert status(state).startswith("2 of 3 hits")


def test_a_ranking_that_waits_for_a_key_is_offered() -> None:
    hits = Hit("new", 1, "user", "docker"), Hit("old", 3, "user", "docker")
    state = searching("docker", *hits, done=True)
    state.search.results.rank(Batch(hits[::-1], done=True), 9)
    state.focus, state.pane = Place.HITS, ListPane(has_rows=True, touched=True, hit_rows=2)
    assert status(state) == "2 hits in 2 sessions · newest first · R re-ranks"
    assert ("R", "re-rank") in frame_view(state).footer


def test_a_search_without_hits_says_what_was_searched_for() -> None:
    state = searching("dokcer source:cli", done=True)
    assert "No message has “dokcer”" in head(state)
    assert "with source:cli" in head(state)
    state.search.titles, state.search.similar = (state.catalog.row("new"),), True  # type: ignore[assignment]
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert view.close
    assert [row.session.id for row in view.titles] == ["new"]


def test_a_query_of_filters_alone_filters_the_list() -> None:
    """Mutant: with the words left out of the heading nobody knows why sessions are missing."""
    state = browser_state(OLD, NEW)
    state.typed = "source:telegram"
    state.search.listed = filter_of("source:telegram", parse("source:telegram", now=NOW.timestamp()))
    view = list_view(state)
    assert isinstance(view, SessionsView)
    assert ([row.session.id for row in view.rows], view.only) == (["new"], "source:telegram")
    state.pane = ListPane(has_rows=True, sessions=1)
    assert status(state) == "1 of 2 sessions · newest first"
    assert frame_view(state).headings[0].note == "source:telegram"
    state.search.listed = filter_of("source:xyz", parse("source:xyz", now=NOW.timestamp()))
    state.search.hint = "no source xyz here: cli telegram"
    state.pane = ListPane(sessions=0)
    assert head(state) == "∅0 No session with source:xyz no source xyz here: cli telegram"
    assert status(state) == "0 of 2 sessions · newest first · no source xyz here: cli telegram"


def test_results_of_the_search_before_are_dim() -> None:
    state = searching("docker", done=False)
    state.search.older = Results()
    state.search.older.add(Batch((Hit("new", 1, "user", "dock"),), done=True), 7)
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert view.dim
    assert len(view.groups) == 1


def test_a_text_that_is_no_query_is_underlined_and_the_list_stays() -> None:
    state = browser_state(OLD, NEW)
    state.typed = "after:x"
    state.search.wrong = QueryInvalid("after:x is not a date", start=0, end=7)
    assert frame_view(state).wrong == (0, 7)
    assert status(state) == "✗E after:x is not a date"
    assert isinstance(list_view(state), SessionsView)
    state.search.wrong = None
    assert frame_view(state).wrong is None
    assert status(state) == "no word to search for yet · 2 of 2 sessions"


def test_a_search_that_failed_says_why_while_its_list_is_shown() -> None:
    state = searching("docker", done=True)
    state.search.error = CannotOpen("the disk is gone")
    assert status(state) == "✗E the disk is gone"
    assert head(state) == "", "it is not said that there are no hits"
    state.search.query = None
    assert status(state).startswith("no word to search for yet")


@pytest.mark.parametrize(
    ("sessions", "sentence"),
    [((), "✗E state.db cannot be read"), ((OLD,), "△P partial: 1 session from JSONL files; state.db cannot be read")],
)
def test_a_store_that_cannot_be_read_leaves_what_the_files_have(sessions: tuple[Session, ...], sentence: str) -> None:
    state = browser_state(*sessions)
    state.failure = CannotOpen("state.db is a folder")
    state.focus = Place.SESSIONS
    assert status(state) == sentence
    assert "state.db is a folder" in head(state)
    assert ("1 session from JSONL files" in head(state)) is bool(sessions)
    assert frame_view(state).footer[0] == ("R", "try again")


def test_a_part_of_the_list_that_cannot_be_read_is_said() -> None:
    state = browser_state(OLD)
    state.unread = ("work: state.db is a folder",)
    assert status(state) == "△P partial: 1 session; 1 profile cannot be read"
    assert "work: state.db is a folder" in head(state)


def test_a_lock_is_said_with_the_time_that_it_is_waited_for() -> None:
    state = browser_state()
    state.lock_wait = 12.0, 30.0
    assert status(state) == "◐I state.db is locked by another program"
    assert "Waiting up to 30 s, 12 s so far" in head(state)


def test_the_reader_is_told_the_place_the_folds_and_the_hit() -> None:
    state = reading()
    state.layout = WIDE
    assert status(state) == "message 3 of 994 · tools short · reasoning folded"
    state.reading.folds = Folds(tools=Fold.OPEN, reasoning=Fold.OPEN)
    state.reading.hit = Hit("new", 1, "user", "docker")
    state.search.results.add(Batch((Hit("new", 2, "user", "docker"), state.reading.hit)), 7)
    state.reading.from_file = state.reading.following = True
    assert status(state) == "message 3 of 994 · tools full · reasoning open"
    assert frame_view(state).headings[1].facts[:3] == ("hit 1 of 2", "from JSONL", "following"), "in reading order"
    state.reading.following, state.reading.is_to_end = False, True
    assert frame_view(state).headings[1].facts[0] == "loading the end…"


def test_scrolled_into_an_answer_the_rule_has_its_prompt() -> None:
    """Mutant: source and model stay, so that the prompt has no room."""
    state = reading()
    state.layout = WIDE
    row = state.reading.row
    assert row is not None
    state.reading.row = replace(row, session=replace(row.session, title="A title of more than twenty cells"))
    state.reading.prompt, state.reading.following = "Why does it fail?", True
    heading = frame_view(state).headings[1]
    assert heading.title == "A title of more tha… › Why does it fail?"
    assert heading.facts[0] == "following"
    assert len(heading.facts) == 2
    state.reading.prompt = "A title of more than twenty cells, as the first words are"
    assert frame_view(state).headings[1].title == state.reading.prompt, "not said twice"


def test_a_transcript_that_does_not_come_makes_the_last_one_dim() -> None:
    state = reading()
    state.reading.requested_at = 99.9
    assert not frame_view(state).faded
    state.seconds = lambda: 100.2
    view = frame_view(state)
    assert view.faded
    assert view.headings[0].facts[0] == "loading…"
    state.reading.error = CannotOpen("the disk is gone")
    assert status(state) == "✗E the disk is gone"
    state.typed, state.inside = "letters", False
    assert frame_view(state).faded, "a search that is typed shows no pane of another row as if it were this one's"


def test_a_query_that_is_none_is_explained_in_ascii_too() -> None:
    """Mutant: the store's sentence as it is."""
    state = browser_state(OLD)
    state.glyphs, state.typed = ASCII, "after:yesterdya"
    with pytest.raises(QueryInvalid) as raised:
        parse(state.typed, now=0.0)
    state.search.wrong = raised.value
    assert status(state).endswith(" - try after:7d or after:2026-04-01")


def test_a_flagged_session_has_its_sources_in_the_banner_and_its_keys_in_the_footer() -> None:
    state = reading(Drift.DIVERGED)
    check = Check("new", Verdict.DIVERGED, 4, 6, 2, 0, 0, 0, repairable=True)
    state.reading.sources = Sources(NEW, Drift.DIVERGED, JsonlFacts("new", 600, 0, 1, messages=6), check, None)
    view = frame_view(state)
    assert view.sources == state.reading.sources
    assert {"flagged", "any_flagged"} <= state.conditions
    assert plain(view.totals[0]) == "1 flagged"
    state.compared = (3, 10)
    assert plain(frame_view(state).totals[0]).startswith("comparing")
    assert not reading().conditions & {"flagged", "any_flagged"}


def test_live_sessions_are_counted_where_there_is_room() -> None:
    live = Session("live", live=True, started_at=NOW.timestamp(), last_active=NOW.timestamp(), messages=1)
    state = browser_state(OLD, live)
    assert plain(frame_view(state).totals[0]) == ""
    state.layout = WIDE
    assert "1 live" in plain(frame_view(state).totals[0])


def test_a_notice_is_the_same_until_another_is_shown() -> None:
    """Mutant: with notices equal by their text, the second one of a kind is not shown."""
    state = browser_state()
    assert frame_view(state).notice is None
    state.show_notice("saved")
    first = frame_view(state).notice
    assert first is not None
    assert frame_view(state).notice is first
    state.show_notice("saved")
    assert frame_view(state).notice != first


def test_titles_that_match_are_shown_as_the_list_has_them_now() -> None:
    """Mutant: with the rows as they were when they matched, an outline that came later is missing."""
    state = searching("build", done=True)
    row = state.catalog.row("new")
    assert row is not None
    state.search.titles = (row,)
    state.catalog.put_outlines({"new": Outline(Status.DONE, "please")})
    view = list_view(state)
    assert isinstance(view, HitsView)
    assert view.titles[0].outline == Outline(Status.DONE, "please")
