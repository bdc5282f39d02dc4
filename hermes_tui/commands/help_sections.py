"""Sections of the help: the commands of the table by the places they work in, each once. Pure."""

from __future__ import annotations

from hermes_tui.commands.model import EVERYWHERE, INSIDE, LISTS, PANES, REPAIRS, Command, Place
from hermes_tui.commands.registry import DOCTOR, JOURNAL, MANAGE, RESUME, TABLE
from store.base.late_dataclass import dataclass

FIRST_STEPS = (
    ("rows(1)", "move in the list, also while you type"),
    ("go('open')", "open the row under the cursor"),
    ("go('back')", "go back"),
    ("repair", "repair what is flagged"),
    ("app.help", "this help"),
)
"""Actions that come first, and words for them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the help."""

    keys: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of the help on one part of the screen."""

    title: str
    entries: tuple[Entry, ...]
    places: frozenset[Place] = frozenset()
    """The places whose help begins here."""


_TITLES: tuple[tuple[str, frozenset[Place], frozenset[Place]], ...] = (
    ("In the search row", frozenset({Place.SEARCH}), frozenset({Place.SEARCH})),
    ("In the list", LISTS, LISTS),
    ("In the transcript", INSIDE, INSIDE),
    ("In the list and the transcript", PANES | INSIDE | {Place.SEARCH}, frozenset()),
    ("In a repair", REPAIRS, REPAIRS),
    ("In the repairs that were made", JOURNAL, JOURNAL),
    ("In the doctor", DOCTOR, DOCTOR),
    ("In a plan for a session", MANAGE | RESUME, MANAGE | RESUME),
)
"""Titles of sections, the places that their commands work in at most, and those whose help begins there."""
ELSEWHERE = "Everywhere"


def sections() -> list[Section]:
    """The first steps, then the commands in the table's order, each in the narrowest section that has its places."""
    found: dict[str, list[Entry]] = {title: [] for title in (*(title for title, _, _ in _TITLES), ELSEWHERE)}
    for command in TABLE:
        found[_title(command)].append(Entry(command.shown, command.sentence.replace("`", "")))
    begins = {title: places for title, _, places in _TITLES}
    steps = Section("First steps", (Entry("type", "search everything"), *map(_step, FIRST_STEPS)))
    return [steps, *(Section(title, tuple(found[title]), begins.get(title, frozenset())) for title in found)]


def _title(command: Command) -> str:
    if command.places == EVERYWHERE:
        return ELSEWHERE
    return next((title for title, places, _ in _TITLES if command.places <= places), ELSEWHERE)


def _step(step: tuple[str, str]) -> Entry:
    action, sentence = step
    command = next(command for command in TABLE for key in command.keys if key.action == action)
    return Entry(command.shown, sentence)
