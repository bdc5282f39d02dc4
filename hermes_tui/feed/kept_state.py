"""State that is kept across runs: at hand for the screen at once, written by a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from hermes_tui.feed.serial_thread import SerialThread
from hermes_tui.kept.state_file import StateFile
from hermes_tui.kept.values import Bookmark, HomeKept, Kept, ReadingPlace, Setting, Used, merged

WRITE_AFTER = 2.0
"""Seconds after a change before it is written, so that many are written at once."""
ENDING = 1.0
"""Seconds that a disk gets for the last write."""


class KeptState:
    """What is kept, in memory and in a file that other browsers change too.

    Args:
        file: Where it is kept; None for memory alone.
        writes: Write changes to the file; False to read it alone.
        now: Seconds since 1970.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        file: StateFile | None,
        *,
        writes: bool = True,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now = now
        self.kept = file.read() if file is not None else Kept()
        """What the file had at the start, and what was changed since."""
        self.report: Callable[[str], object] = lambda _: None
        """Takes a sentence on why nothing can be kept, once, in the thread that writes."""
        self._file = file if writes else None
        self._changes = Kept()
        self._changing = threading.Lock()
        self._reported = False
        self._thread = SerialThread("kept state", clock=clock, crashed=lambda error: self.report(str(error)))

    def home(self, key: str) -> KeptHome:
        """The part of one home, by its resolved path or `host/db#schema`."""
        return KeptHome(self, key)

    def setting(self, name: str) -> str | int | None:
        """A setting of all homes, None where it was never made."""
        found = self.kept.settings.get(name)
        return found.value if found else None

    def set(self, name: str, value: str | int) -> None:
        """Make a setting of all homes."""
        self.change(Kept(settings={name: Setting(self.now(), value)}))

    def change(self, changes: Kept) -> None:
        """Have changes at once, and have them written."""
        with self._changing:
            self.kept = merged(self.kept, changes)
            if self._file is None:
                return
            self._changes = merged(self._changes, changes)
        self._thread.put("write", partial(self._write, self._file), delay=WRITE_AFTER)

    def close(self) -> None:
        """Write what was changed, and end the thread."""
        if self._file is not None and self._changes != Kept():
            self._thread.put("write", partial(self._write, self._file))
        self._thread.put("end", self._thread.close)
        self._thread.join(ENDING)

    def _write(self, file: StateFile) -> None:
        """Write the changes; those that cannot be written wait for the next one."""
        with self._changing:
            changes, self._changes = self._changes, Kept()
        try:
            after = file.add(changes)
        except OSError as error:
            with self._changing:
                self._changes = merged(changes, self._changes)
            if not self._reported:
                self._reported = True
                self.report(f"places and searches are kept until you quit: {error.strerror or error}")
        else:
            with self._changing:  # other browsers may have changed it, too
                self.kept = merged(after, self.kept)


class KeptHome:
    """What is kept for one home."""

    def __init__(self, state: KeptState, key: str) -> None:
        self._state = state
        self._key = key

    @property
    def all(self) -> HomeKept:
        """Everything that is kept for it."""
        return self._state.kept.homes.get(self._key, HomeKept())

    @property
    def last_read(self) -> str | None:
        """The id of the session that was read last, None where none was."""
        places = self.all.places
        return max(places, key=lambda session_id: places[session_id].at) if places else None

    @property
    def searches(self) -> list[str]:
        """Searches, the one used last first."""
        found = self.all.searches
        return sorted(found, key=lambda text: -found[text].at)

    def setting(self, name: str) -> str | int | None:
        """A setting of this home, None where it was never made."""
        found = self.all.settings.get(name)
        return found.value if found else None

    def set(self, name: str, value: str | int) -> None:
        """Make a setting."""
        self._change(HomeKept(settings={name: Setting(self._state.now(), value)}))

    def shared(self, name: str) -> str | int | None:
        """A setting of all homes, None where it was never made."""
        return self._state.setting(name)

    def share(self, name: str, value: str | int) -> None:
        """Make a setting of all homes."""
        self._state.set(name, value)

    def use_search(self, text: str) -> None:
        """Keep a search; whether it may be kept is for the caller to say."""
        self._change(HomeKept(searches={text: Used(self._state.now())}))

    def put_place(self, session_id: str, place: ReadingPlace) -> None:
        """Keep the reader's place in a session."""
        self._change(HomeKept(places={session_id: place}))

    def is_marked(self, session_id: str, message_id: int | None = None) -> bool:
        """Whether a session or a message has a bookmark."""
        mark = self.all.bookmarks.get((session_id, message_id))
        return mark is not None and mark.is_set

    @property
    def marked_sessions(self) -> frozenset[str]:
        """Ids of the sessions that have a bookmark, or a message with one."""
        return frozenset(session_id for (session_id, _), mark in self.all.bookmarks.items() if mark.is_set)

    def mark(self, session_id: str, message_id: int | None = None, *, is_set: bool = True) -> None:
        """Set the bookmark of a session or a message, or take it away."""
        self._change(HomeKept(bookmarks={(session_id, message_id): Bookmark(self._state.now(), is_set)}))

    def _change(self, changes: HomeKept) -> None:
        self._state.change(Kept(homes={self._key: changes}))
