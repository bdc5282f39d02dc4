"""One table of commands: the bindings, the palette, the help, the footer and the README's key table come from it.

Only what works is in it: a key that does nothing yet is nowhere on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Place(StrEnum):
    """What has the focus, and so which commands apply."""

    SEARCH = "search row"
    SESSIONS = "sessions"
    HITS = "hits"
    TRANSCRIPT = "transcript"


LISTS = frozenset({Place.SESSIONS, Place.HITS})
PANES = LISTS | {Place.TRANSCRIPT}
EVERYWHERE = frozenset(Place)


@dataclass(frozen=True, slots=True)
class Key:
    """Keys that do one thing."""

    keys: str
    """As Textual names them, joined by commas."""
    action: str
    """An action of the screen."""
    title: str = ""
    """What the palette calls it; "" leaves it out there."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the table."""

    id: str
    shown: str
    """The keys as people read them."""
    word: str
    """What the footer says beside them; "" keeps the command out of the footer."""
    sentence: str
    """For the help and the README."""
    keys: tuple[Key, ...]
    places: frozenset[Place] = PANES
    rank: int = 100
    """Lower stands further left in the footer."""
    words: Mapping[Place, str] = field(default_factory=dict)
    """Where the footer says something else than `word`, by place."""
    needs: str = ""
    """A condition that the screen knows: "wide", "terms", "failed", "query"; "" for none."""
    priority: bool = False
    """Works while the search row takes the printable keys, and before any widget's own."""

    def word_in(self, place: Place) -> str:
        """What the footer says in that place."""
        return self.words.get(place, self.word)


TABLE: tuple[Command, ...] = (
    Command(
        "retry",
        "R",
        "try again",
        "read state.db again after an error",
        (Key("R", "retry", "Try again"),),
        EVERYWHERE - {Place.SEARCH},
        5,
        needs="failed",
    ),
    Command("down", "↓", "rows", "go to the list", (Key("down", "enter_list"),), frozenset({Place.SEARCH}), 10),
    Command(
        "rows",
        "↑↓",
        "rows",
        "move in the list; `j` `k` `pgup` `pgdn` `home` `end` too",
        (),
        LISTS,
        10,
        words={Place.HITS: "hits"},
    ),
    Command(
        "open",
        "enter",
        "open",
        "open the session, or the hit in its place; from the search row, go to the list",
        (),
        LISTS,
        20,
    ),
    Command(
        "pane",
        "tab",
        "transcript",
        "go to the other pane",
        (Key("tab,shift+tab", "other_pane", "Go to the other pane"),),
        PANES,
        30,
        words={Place.TRANSCRIPT: "list", Place.HITS: ""},
        needs="wide",
    ),
    Command(
        "search",
        "/",
        "search",
        "type a search",
        (Key("slash", "search", "Search"),),
        PANES,
        40,
        words={Place.HITS: "", Place.TRANSCRIPT: ""},
    ),
    Command(
        "context",
        "[ ]",
        "context",
        "show fewer or more messages around each hit",
        (
            Key("left_square_bracket", "context(-1)", "Less context around hits"),
            Key("right_square_bracket", "context(1)", "More context around hits"),
        ),
        frozenset({Place.HITS}),
        50,
    ),
    Command(
        "hits",
        "n N",
        "next",
        "go to the next or the previous hit",
        (Key("n", "next_hit(1)", "Next hit"), Key("N", "next_hit(-1)", "Previous hit")),
        frozenset({Place.HITS, Place.TRANSCRIPT}),
        60,
        needs="query",
    ),
    Command(
        "back",
        "esc",
        "back",
        "go back: from the transcript to the list, from hits to all sessions, to the search row",
        (Key("escape", "back", "Back"),),
        EVERYWHERE,
        65,
        words={Place.HITS: "clear", Place.SESSIONS: "", Place.SEARCH: "clear"},
    ),
    Command(
        "more", "→ ←", "more, fewer", "show all hits of a session, or three of them", (), frozenset({Place.HITS}), 70
    ),
    Command(
        "messages",
        "J K",
        "message",
        "go to the next or the previous message",
        (Key("J", "reader('next_message')"), Key("K", "reader('previous_message')")),
        frozenset({Place.TRANSCRIPT}),
        70,
    ),
    Command(
        "rerank",
        "R",
        "re-rank",
        "put the sessions with the most hits first, or the newest again",
        (Key("R", "rerank", "Rank hits, or newest first again"),),
        frozenset({Place.HITS}),
        75,
    ),
    Command(
        "fold",
        "space",
        "fold",
        "fold or unfold the message or the call under the bar",
        (Key("space", "reader('fold')", "Fold or unfold"),),
        frozenset({Place.TRANSCRIPT}),
        80,
    ),
    Command(
        "tools",
        "t",
        "tools",
        "tool calls hidden, short or in full",
        (Key("t", "reader('tools')", "Tool calls: hidden, short, full"),),
        frozenset({Place.TRANSCRIPT}),
        85,
    ),
    Command(
        "reasoning",
        "T",
        "reasoning",
        "reasoning folded or open",
        (Key("T", "reader('reasoning')", "Reasoning: folded or open"),),
        frozenset({Place.TRANSCRIPT}),
        86,
    ),
    Command(
        "follow",
        "f",
        "follow",
        "stay at the end while the session grows",
        (Key("f", "reader('follow')", "Follow the end"),),
        frozenset({Place.TRANSCRIPT}),
        88,
    ),
    Command(
        "ends",
        "g G",
        "top, end",
        "go to the top or to the end",
        (),
        PANES,
        95,
        words={Place.SESSIONS: "", Place.HITS: ""},
    ),
    Command(
        "hidden",
        "v",
        "hidden",
        "show what the list leaves out, or leave it out again: archived, children, internal",
        (Key("v", "hidden", "Show or leave out hidden sessions"),),
        LISTS,
        90,
    ),
    Command(
        "copy",
        "y",
        "copy",
        "copy the message",
        (Key("y", "copy('message')", "Copy the message"),),
        PANES,
        92,
        words={Place.SESSIONS: "", Place.HITS: ""},
    ),
    Command(
        "copy_resume",
        "Y",
        "",
        "copy the command that resumes the session in Hermes",
        (Key("Y", "copy('resume')", "Copy the resume command"),),
    ),
    Command("copy_id", "I", "", "copy the id of the session", (Key("I", "copy('id')", "Copy the session id"),)),
    Command(
        "maximise",
        "m",
        "",
        "give the whole width to one pane, or to both again",
        (Key("m", "maximise", "One pane or two"),),
        PANES,
        needs="roomy",
    ),
    Command("palette", "ctrl+p", "all commands", "find a command by name", (), EVERYWHERE, 97),
    Command(
        "help",
        "?",
        "help",
        "all keys and the search language; `f1` in the search row",
        (Key("question_mark,f1", "help", "Help"),),
        EVERYWHERE,
        99,
    ),
    Command("quit", "q", "quit", "quit; `ctrl+q` anywhere", (Key("q", "app.quit", "Quit"),), PANES, 98),
)


def applying(place: Place, conditions: Iterable[str] = ()) -> tuple[Command, ...]:
    """The commands that work in a place, most needed first."""
    met = {"", *conditions}
    return tuple(
        sorted((line for line in TABLE if place in line.places and line.needs in met), key=lambda line: line.rank)
    )


def footer(place: Place, conditions: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Keys and words for the footer, most needed first; the help is left out, it has a place of its own."""
    lines = applying(place, conditions)
    return tuple((line.shown, line.word_in(place)) for line in lines if line.word_in(place) and line.id != "help")


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| Key | What it does |", "|---|---|"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.sentence} |")
    return "\n".join(lines) + "\n"
