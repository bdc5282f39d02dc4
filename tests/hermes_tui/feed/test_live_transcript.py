"""An open transcript against the same one reopened, after each act of Hermes; and what looking at it costs.

Mutants that these guards were seen to catch:
- `changes` that reports growth alone: an undo is not seen
- `changes` with the known version in place of the grown one: every growth reads all of it again
- `grown` without the inactive rows: the same after a restored undo
- `versions` without the compacted rows: rows that only change from undone to compacted are not seen
- `early_growth` that posts whatever is new: the copies of a compaction come as growth
- `next_look` without LOOK, or without LOOKING: too many looks
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from hermes_tui.feed import answers, questions
from hermes_tui.feed.answers import Answer, GrowthArrived, SectionArrived, SectionsCounted, TranscriptReread
from hermes_tui.feed.questions import NEW_BODIES
from store import SessionDB
from store.models import Head, SectionVersion
from tests.builders import say
from tests.hermes_acts import Hermes
from tests.store.sqlite_files import run


class Viewer:
    """The transcript as a screen holds it, from the answers alone."""

    def __init__(self, db: SessionDB, session_id: str) -> None:
        self.db, self.session_id = db, session_id
        self.sections: dict[str, list[Head]] = {}
        self.versions: dict[str, SectionVersion] = {}
        self.rereads = 0
        self._take(questions.transcript(db, 1, session_id, None))

    @property
    def tip(self) -> str:
        """The section that grows."""
        return list(self.sections)[-1]

    def look(self) -> None:
        """What a look brings."""
        self._take(questions.changes(self.db, 1, self.session_id, None, known=self.versions, tip=self.tip))

    def grow(self) -> None:
        """What comes before a look is allowed."""
        self._take(questions.early_growth(self.db, 1, self.tip, self.versions))

    def _take(self, found: Iterator[Answer]) -> None:
        for answer in found:
            if isinstance(answer, SectionsCounted):
                self.versions = dict(answer.versions)
            elif isinstance(answer, TranscriptReread):
                self.rereads += 1
                self.sections = {}
                self._take(iter(answer.pieces))
            elif isinstance(answer, SectionArrived):
                self.sections.setdefault(answer.session_id, []).extend(answer.heads)
            elif isinstance(answer, GrowthArrived):
                self.sections[answer.session_id] += answer.heads
                assert [body.id for body in answer.bodies] == [head.id for head in answer.heads][-NEW_BODIES:]
                known = self.versions[answer.session_id]
                self.versions[answer.session_id] = known.grown(answer.heads)


@pytest.fixture
def hermes(tmp_path: Path) -> Hermes:
    """Three turns, one with a call."""
    agent = Hermes(tmp_path / "state.db")
    agent.turn("one")
    agent.call("two")
    agent.turn("three")
    return agent


@pytest.fixture
def db(hermes: Hermes) -> Iterator[SessionDB]:
    """Its store, to read."""
    with closing(SessionDB(hermes.path, read_only=True)) as store:
        yield store


def _last_question(hermes: Hermes) -> int:
    sql = f"SELECT max(id) FROM messages WHERE session_id = '{hermes.session_id}' AND active = 1 AND role = 'user'"
    return int(str(run(hermes.path, sql)[0][0] or 0))


def undo(hermes: Hermes) -> None:
    hermes.rewind(_last_question(hermes))


def retry(hermes: Hermes) -> None:
    undo(hermes)
    hermes.turn("three")


def restore(hermes: Hermes) -> None:
    hermes.restore(1)


def rewrite(hermes: Hermes) -> None:
    hermes.replace([*hermes.active()[:2], say("user", "rewritten")])


def edit(hermes: Hermes) -> None:
    hermes.replace(hermes.active()[:-1], active_only=True)


def split(hermes: Hermes) -> None:
    hermes.split(f"{hermes.session_id}-next", 2)


ACTS: dict[str, Callable[[Hermes], object]] = {
    "append": lambda hermes: hermes.turn("more"),
    "call": lambda hermes: hermes.call("more"),
    "undo": undo,
    "retry": retry,
    "restore": restore,
    "compact": lambda hermes: hermes.compact(1, 3),
    "compact untimed": lambda hermes: hermes.compact(2, 2, timed=False),
    "compact superseding": lambda hermes: hermes.compact(0, 3, superseded=True),
    "rewrite": rewrite,
    "delete a message": edit,
    "clear": lambda hermes: hermes.clear(),
    "split": split,
}


@pytest.mark.parametrize("act", ACTS)
def test_a_look_after_each_act_shows_what_reopening_shows(hermes: Hermes, db: SessionDB, act: str) -> None:
    viewer = Viewer(db, "s1")
    ACTS[act](hermes)
    viewer.look()
    assert viewer.sections == Viewer(db, "s1").sections
    assert viewer.versions == Viewer(db, "s1").versions


@pytest.mark.parametrize("acts", [("compact", "restore"), ("compact untimed", "undo", "append"), ("undo", "restore")])
def test_a_look_after_several_acts_does_too(hermes: Hermes, db: SessionDB, acts: tuple[str, ...]) -> None:
    """Mutant: `compacted` as its column stands: a compacted message that was restored."""
    viewer = Viewer(db, "s1")
    for act in acts:
        ACTS[act](hermes)
    viewer.look()
    assert viewer.sections == Viewer(db, "s1").sections


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_looks_after_any_acts_show_what_reopening_shows(hermes: Hermes, db: SessionDB, seed: int) -> None:
    rng = Random(seed)
    viewer = Viewer(db, "s1")
    for _ in range(12):
        ACTS[rng.choice(list(ACTS))](hermes)
        if rng.random() < 0.5:
            viewer.grow()
        if rng.random() < 0.7:
            viewer.look()
            assert viewer.sections == Viewer(db, "s1").sections
    viewer.look()
    assert viewer.sections == Viewer(db, "s1").sections


@pytest.mark.slow
def test_growth_reads_no_row_again(hermes: Hermes, db: SessionDB) -> None:
    viewer = Viewer(db, "s1")
    for number in range(5):
        hermes.turn(f"more {number}")
        viewer.grow()
        hermes.call(f"still more {number}")
        viewer.look()
    hermes.rewind(_last_question(hermes))
    viewer.look()
    hermes.turn("after the undo")
    viewer.look()
    assert viewer.rereads == 1


def test_copies_of_a_compaction_do_not_come_as_growth(hermes: Hermes, db: SessionDB) -> None:
    for timed in (True, False):
        viewer = Viewer(db, "s1")
        before = dict(viewer.sections)
        hermes.compact(1, 3, timed=timed)
        viewer.grow()
        assert viewer.sections == before


def test_a_session_that_was_deleted_is_reported_as_when_it_is_reopened(hermes: Hermes, db: SessionDB) -> None:
    viewer = Viewer(db, "s1")
    hermes.delete()
    with pytest.raises(Exception, match="no session s1 here"):
        viewer.look()


def test_nothing_is_read_where_nothing_has_changed(hermes: Hermes, db: SessionDB) -> None:
    viewer = Viewer(db, "s1")
    assert list(questions.changes(db, 1, "s1", None, known=viewer.versions, tip="s1")) == []
    assert isinstance(next(questions.changes(db, 1, "s1", None, known=None, tip="s1")), answers.SectionsCounted)
