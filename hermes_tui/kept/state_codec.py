"""Text form of what is kept across runs: JSON; of what is not as expected, only that part is left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeVar

from hermes_tui.kept.values import Bookmark, BookmarkKey, HomeKept, Kept, ReadingPlace, Setting, Used
from store.base import strict_json

LONGEST = 4096
"""Characters of a key; what is longer is not kept."""
MOST_FOLDS = 50
"""Messages of a session whose own folds are kept."""
LARGEST = 1 << 62
"""Ids and times beyond this are none."""

Value = TypeVar("Value")


def encode(kept: Kept) -> bytes:
    """Kept values as a file's content, ASCII."""
    return json.dumps(
        {
            "settings": _settings(kept),
            "homes": {key: _home(home) for key, home in kept.homes.items() if len(key) <= LONGEST},
        },
        separators=(",", ":"),
    ).encode("ascii")


def decode(data: bytes, *, now: float) -> Kept:
    """The values of a file's content; times after `now` become `now`, so that a wrong clock does not win for ever.

    Raises:
        ValueError: It is no JSON object at all.
    """
    found = strict_json.load(data.decode("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    reader = _Reader(now)
    homes = {key: reader.home(home) for key, home in _items(found.get("homes")) if isinstance(home, dict)}
    return Kept(reader.values(found.get("settings"), reader.setting), homes)


def _settings(kept: Kept | HomeKept) -> object:
    return {name: [setting.at, setting.value] for name, setting in kept.settings.items()}


def _home(home: HomeKept) -> object:
    return {
        "settings": _settings(home),
        "searches": {text: used.at for text, used in home.searches.items() if len(text) <= LONGEST},
        "places": {
            session_id: [
                *(place.at, place.seen_id, place.seen_at, place.message_id, place.line, place.row),
                *place.folds[-MOST_FOLDS:],
            ]
            for session_id, place in home.places.items()
            if len(session_id) <= LONGEST
        },
        "bookmarks": [
            [session_id, message_id, mark.at, mark.is_set]
            for (session_id, message_id), mark in home.bookmarks.items()
            if len(session_id) <= LONGEST
        ],
    }


class _Reader:
    """Reads values that anybody may have written."""

    def __init__(self, now: float) -> None:
        self._now = now

    def home(self, found: dict[str, object]) -> HomeKept:
        return HomeKept(
            self.values(found.get("settings"), self.setting),
            self.values(found.get("searches"), self._used),
            self.values(found.get("places"), self._place),
            dict(self._bookmarks(found.get("bookmarks"))),
        )

    def values(self, found: object, read: Callable[[object], Value | None]) -> dict[str, Value]:
        values = ((key, read(value)) for key, value in _items(found) if len(key) <= LONGEST)
        return {key: value for key, value in values if value is not None}

    def setting(self, found: object) -> Setting | None:
        match found:
            case [float() | int() as at, str() | int() as value]:
                return Setting(self._time(at), value)
        return None

    def _used(self, found: object) -> Used | None:
        return Used(self._time(found)) if isinstance(found, float | int) else None

    def _place(self, found: object) -> ReadingPlace | None:
        match found:
            case [
                float() | int() as at,
                int() | None as seen_id,
                float() | int() | None as seen_at,
                int() | None as message_id,
                int() as line,
                int() as row,
                *folds,
            ] if all(abs(number or 0) < LARGEST for number in (seen_id, message_id, line, row)):
                return ReadingPlace(
                    self._time(at),
                    seen_id,
                    None if seen_at is None or abs(seen_at) > LARGEST else float(seen_at),
                    message_id,
                    line,
                    row,
                    tuple(fold for found in folds[-MOST_FOLDS:] if (fold := _fold(found))),
                )
        return None

    def _bookmarks(self, found: object) -> Iterator[tuple[BookmarkKey, Bookmark]]:
        for mark in found if isinstance(found, list) else ():
            match mark:
                case [str() as session_id, int() | None as message_id, float() | int() as at, bool() as is_set]:
                    yield (session_id, message_id), Bookmark(self._time(at), is_set)

    def _time(self, at: float) -> float:
        return float(max(0.0, min(at, self._now)))


def _items(found: object) -> list[tuple[str, object]]:
    return list(found.items()) if isinstance(found, dict) else []


def _fold(found: object) -> tuple[int, ...]:
    """A message's id, its three folds, and pairs of a part and its fold; () for anything else."""
    if not isinstance(found, list) or not 4 <= len(found) <= 64 or len(found) % 2:
        return ()
    numbers = tuple(number for number in found if isinstance(number, int) and abs(number) < LARGEST)
    is_fold = len(numbers) == len(found) and all(0 <= fold <= 3 for fold in (*numbers[1:4], *numbers[5::2]))
    return numbers if is_fold else ()
