"""What is open while the real hermes-agent 0.19.0 changes it: on screen and in `show --follow` as when reopened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from hermes_tui.cli.follow import Follower, Removed
from store import Message, SessionDB
from tests.builders import home, say
from tests.hermes_tui.browsing import WIDE, browsing
from tests.hermes_tui.cli.test_follow import reopened
from tests.hermes_tui.feed.test_live_transcript import Viewer
from tests.hermes_tui.screens.browse import test_live
from tests.interop.live_peer import RealHermes

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")

ACTS: dict[str, Callable[[RealHermes], object]] = {
    "append": lambda hermes: hermes.turn("more"),
    "call": lambda hermes: hermes.call("more"),
    "undo": RealHermes.undo,
    "retry": RealHermes.retry,
    "restore": RealHermes.restore,
    "compact": lambda hermes: hermes.compact(1, 3),
    "compact untimed": lambda hermes: hermes.compact(2, 2, timed=False),
    "rewrite": lambda hermes: hermes.replace([*hermes.active()[:2], say("user", "rewritten")]),
    "delete a message": lambda hermes: hermes.replace(hermes.active()[:-1], active_only=True),
    "clear": RealHermes.clear,
    "split": RealHermes.split,
}


@pytest.fixture
def hermes(tmp_path: Path) -> Iterator[RealHermes]:
    """Three turns, one with a call, in a file that the peer made."""
    agent = RealHermes(home(tmp_path) / "state.db")
    agent.turn("one")
    agent.call("two")
    agent.turn("three")
    yield agent
    agent.close()


@pytest.mark.parametrize("act", ACTS)
def test_a_look_and_the_lines_that_follow_are_what_reopening_shows(hermes: RealHermes, act: str) -> None:
    with closing(SessionDB(hermes.path, read_only=True)) as db:
        viewer, follower = Viewer(db, "s1"), Follower(db, "s1")
        printed = {change.id: change for change in follower.changes() if isinstance(change, Message)}
        ACTS[act](hermes)
        viewer.look()
        _follow(follower, printed)

        assert viewer.sections == Viewer(db, "s1").sections
        assert printed == reopened(db)


@pytest.mark.parametrize("seed", range(12))
def test_any_acts_in_any_order_too(hermes: RealHermes, seed: int) -> None:
    chance = Random(seed)
    with closing(SessionDB(hermes.path, read_only=True)) as db:
        viewer, follower, printed = Viewer(db, "s1"), Follower(db, "s1"), dict[int | None, Message]()
        for _ in range(12):
            act = chance.choice(list(ACTS))
            ACTS[act](hermes)
            if chance.random() < 0.5:
                viewer.grow()
            if chance.random() < 0.7:
                viewer.look()
                _follow(follower, printed)
                assert viewer.sections == Viewer(db, "s1").sections, act
                assert printed == reopened(db), act


@pytest.mark.parametrize("act", [RealHermes.delete, RealHermes.prune])
def test_a_session_that_goes_is_reported_and_its_lines_are_removed(
    hermes: RealHermes, act: Callable[[RealHermes], None]
) -> None:
    with closing(SessionDB(hermes.path, read_only=True)) as db:
        viewer, follower, printed = Viewer(db, "s1"), Follower(db, "s1"), dict[int | None, Message]()
        _follow(follower, printed)
        act(hermes)
        with pytest.raises(Exception, match="no session s1 here"):
            viewer.look()
        _follow(follower, printed)

        assert printed == {}


async def test_the_screen_shows_each_act_within_seconds(hermes: RealHermes) -> None:
    async with browsing(hermes.path.parent, WIDE) as stage:
        await stage.press("enter", "enter")
        await stage.shows("answer to one")
        for act in ("undo", "append", "compact", "call", "compact untimed", "delete a message", "rewrite"):
            ACTS[act](hermes)
            await stage.until(lambda: test_live.on_screen(stage) == test_live.reopened(hermes.path), seconds=20)


def _follow(follower: Follower, printed: dict[int | None, Message]) -> None:
    for change in follower.changes():
        if isinstance(change, Removed):
            del printed[change.message.id]
        else:
            printed[change.id] = change
