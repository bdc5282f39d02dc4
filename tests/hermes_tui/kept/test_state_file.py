"""The state file: two browsers lose nothing, garbage stops nothing, a lock that is held is not waited for for ever.

Mutants that these tests are for: no lock around reading and replacing; the whole of what a browser has written in place
of its changes; the earlier of two values; a limit that drops the newest; a time of the future kept as it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hermes_tui.kept import values
from hermes_tui.kept.state_codec import decode, encode
from hermes_tui.kept.state_file import DAMAGED, StateFile
from hermes_tui.kept.values import Bookmark, HomeKept, Kept, ReadingPlace, Setting, Used, bounded, merged

NOW = 1_790_000_000.0
PLACE = ReadingPlace(NOW - 9, 7, NOW - 50, 3, 2, 4, ((3, 1, 2, 3, -1, 2),))
HOME = HomeKept(
    {"sort": Setting(NOW - 1, "oldest"), "width": Setting(NOW - 2, 44)},
    {"docker build": Used(NOW - 3)},
    {"20260101_120000_ab": PLACE, "n\udcff": replace(PLACE, at=NOW, message_id=None)},
    {("s1", None): Bookmark(NOW - 4), ("s1", 12): Bookmark(NOW - 5, False)},
)
KEPT = Kept({"theme": Setting(NOW - 6, "nord")}, {"/home/x/.hermes": HOME, "db.example/hermes#public": HOME})


def places(**at: float) -> Kept:
    """A place in each of some sessions of one home."""
    return Kept(homes={"/h": HomeKept(places={id_: ReadingPlace(time) for id_, time in at.items()})})


def test_what_is_kept_is_read_as_it_was_written() -> None:
    assert decode(encode(KEPT), now=NOW) == KEPT


def test_of_two_values_with_one_key_the_later_one_counts() -> None:
    both = merged(places(a=1, b=9), places(a=2, b=8, c=3))

    assert both == places(a=2, b=9, c=3)
    taken = Kept(homes={"/h": HomeKept(bookmarks={("a", None): Bookmark(3, False)})})
    marked = Kept(homes={"/h": HomeKept(bookmarks={("a", None): Bookmark(2)})})
    assert merged(taken, marked) == merged(marked, taken) == taken


def test_the_sessions_read_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MOST_PLACES", 3)
    kept = merged(places(a=1, b=2, c=3), Kept(homes={"/other": HomeKept(places={"z": ReadingPlace(2.5)})}))

    assert bounded(kept) == merged(places(b=2, c=3), Kept(homes={"/other": HomeKept(places={"z": ReadingPlace(2.5)})}))


@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b"\0\xff", b"[]", b"null", b"{", b"[" * 100_000, b'{"homes": NaN}', b'{"homes": [], "settings": 3}'),
        *(b'{"homes": {"/h": []}}', b'{"homes": {"/h": {"places": [1], "searches": [2], "bookmarks": {"a": 1}}}}'),
        b'{"homes": {"/h": {"places": {"a": [-1' + b"0" * 400 + b', null, null, 1, 2, 3], "b": "abcdef"}}}}',
        b'{"homes": {"/h": {"places": {"a": [1, 1'
        + b"0" * 99
        + b', 1, 1, 1, 1], "b": [1, 1, 1, 1, 1, 1, [1, 9, 9, 9]]}}}}',
        b'{"homes": {"/h": {"searches": {"x": "y"}, "bookmarks": [[1, 2, 3, 4], ["s", "m", 1, true]]}}}',
        b'{"settings": {"theme": "nord", "sort": [1, {}]}}',
    ],
)
def test_garbage_in_the_file_stops_nothing(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(garbage)
    file = StateFile(path, now=lambda: NOW)

    kept = file.read()
    assert not kept.settings
    assert all(place.folds == () for home in kept.homes.values() for place in home.places.values())
    assert file.add(places(a=5)).homes["/h"].places["a"].at == 5
    assert file.read().homes["/h"].places["a"] == ReadingPlace(5)


def test_a_file_that_is_none_of_ours_is_kept_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"dear diary")
    StateFile(path).add(places(a=5))

    assert (tmp_path / f"state.json{DAMAGED}").read_bytes() == b"dear diary"


def test_a_time_of_the_future_does_not_win_for_ever() -> None:
    assert decode(encode(places(a=NOW * 2)), now=NOW) == places(a=NOW)


def test_only_its_user_may_read_the_file_and_a_link_to_it_stays(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    path = tmp_path / "state" / "state.json"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "dotfiles" / "mine.json")
    StateFile(path).add(KEPT)

    assert path.is_symlink()
    assert stat.S_IMODE((tmp_path / "dotfiles" / "mine.json").stat().st_mode) == 0o600


def test_browsers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    files = [StateFile(tmp_path / "state.json") for _ in range(4)]

    def _write(number: int) -> None:
        for step in range(10):
            files[number].add(places(**{f"s{number}-{step}": float(step)}), patience=60)

    threads = [threading.Thread(target=_write, args=(number,)) for number in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(files[0].read().homes["/h"].places) == 40


def test_a_browser_that_was_stopped_with_the_lock_holds_no_other_up(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.add(places(a=1))
    descriptor = os.open(tmp_path / "state.json.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="temporarily"):
        file.add(places(b=2), patience=0)
    os.close(descriptor)

    assert file.read() == places(a=1)
    assert file.add(places(b=2)) == places(a=1, b=2)


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    assert not file.forget()
    file.add(KEPT)

    assert file.forget()
    assert file.read() == Kept()


def test_the_file_has_ids_and_numbers_and_nothing_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    StateFile(path, now=lambda: NOW).add(KEPT)
    home = json.loads(path.read_text())["homes"]["/home/x/.hermes"]

    assert home["places"]["20260101_120000_ab"] == [PLACE.at, 7, PLACE.seen_at, 3, 2, 4, [3, 1, 2, 3, -1, 2]]
    assert set(home) == {"settings", "searches", "places", "bookmarks"}
