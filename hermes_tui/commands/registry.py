"""Table of commands: the bindings, the palette, the help, the footer and the README's key table come from it.

It has only keys that work.
"""

from __future__ import annotations

from collections.abc import Iterable

from hermes_tui.commands import session
from hermes_tui.commands.doctor import COMMANDS as DOCTOR_COMMANDS
from hermes_tui.commands.doctor import DOCTOR
from hermes_tui.commands.model import BROWSER, EVERYWHERE, LISTS, PANES, REPAIRS, Command, Key, Offer, Offers, Place
from hermes_tui.commands.repair import COMMANDS

__all__ = [
    "BROWSER",
    "REPAIRS",
    "TABLE",
    "Command",
    "Key",
    "Offer",
    "Offers",
    "Place",
    "applying",
    "footer",
    "key_table",
]

SEARCH, SESSIONS, HITS, TRANSCRIPT = Place.SEARCH, Place.SESSIONS, Place.HITS, Place.TRANSCRIPT

TABLE: tuple[Command, ...] = (
    Command(
        "retry",
        "R",
        "try again",
        "read state.db again after an error",
        frozenset({SESSIONS, TRANSCRIPT}),
        5,
        keys=(Key("R", "retry", "Try again"),),
        needs="failed",
    ),
    Command(
        "list",
        "↓",
        "list",
        "go from the search row to the list; `enter` and `tab` too",
        frozenset({SEARCH}),
        10,
        keys=(Key("tab,enter", "go('list')", "Go to the list"), Key("down", "go('down')")),
    ),
    Command(
        "history",
        "↑",
        "before",
        "what was searched for before; `↓` goes back to what was typed",
        frozenset({SEARCH}),
        68,
        keys=(Key("up", "go('recall')", "What was searched for before"),),
        needs="history",
    ),
    Command(
        "rows",
        "↑↓",
        "rows",
        "move in the list; `j` `k` `pgup` `pgdn` too",
        LISTS,
        10,
        words={HITS: "hits"},
        needs="rows",
    ),
    Command("open", "enter", "open", "open the session, or the hit in its place", LISTS, 20, needs="rows"),
    Command(
        "pane",
        "tab",
        "transcript",
        "go to the other pane",
        PANES,
        30,
        keys=(Key("tab,shift+tab", "go('other_pane')", "Go to the other pane"),),
        words={TRANSCRIPT: "list", HITS: ""},
        needs="wide",
    ),
    Command(
        "search",
        "/",
        "search",
        "type a search",
        PANES,
        40,
        keys=(Key("slash", "go('search')", "Search"),),
        words={HITS: "", TRANSCRIPT: ""},
    ),
    Command(
        "context",
        "[ ]",
        "context",
        "show 1, 3, 10 messages around the hit, then the whole session, and back",
        frozenset({HITS, TRANSCRIPT}),
        50,
        keys=(
            Key("left_square_bracket", "context(-1)", "Less context around the hit"),
            Key("right_square_bracket", "context(1)", "More context around the hit"),
        ),
        words={TRANSCRIPT: ""},
        needs="hits",
    ),
    Command(
        "hits",
        "n N",
        "next",
        "go to the next or the previous hit",
        frozenset({HITS, TRANSCRIPT}),
        60,
        keys=(Key("n", "next_hit(1)", "Next hit"), Key("N", "next_hit(-1)", "Previous hit")),
        needs="hits",
    ),
    Command(
        "clear",
        "esc",
        "clear",
        "take the search out",
        frozenset({SEARCH, HITS}),
        65,
        keys=(Key("escape", "go('clear')", "Clear the search"),),
        needs="typed",
    ),
    Command(
        "back",
        "esc",
        "back",
        "go back, from the transcript to the list, from the list to the search row",
        frozenset({SESSIONS, TRANSCRIPT}),
        65,
        keys=(Key("escape", "go('back')", "Back"),),
        words={SESSIONS: ""},
    ),
    Command("more", "→ ←", "more, fewer", "show all hits of a session, or three of them", frozenset({HITS}), 70),
    Command(
        "messages",
        "J K",
        "message",
        "go to the next or the previous message",
        frozenset({TRANSCRIPT}),
        70,
        keys=(Key("J", "reader('next_message')"), Key("K", "reader('previous_message')")),
    ),
    Command(
        "rerank",
        "R",
        "re-rank",
        "put the best hits first, or the newest again",
        frozenset({HITS}),
        75,
        keys=(Key("R", "rerank", "Rank hits, or newest first again"),),
        needs="rankable",
    ),
    Command(
        "fold",
        "space",
        "fold",
        "unfold the message with the bar step by step, and fold it again",
        frozenset({TRANSCRIPT}),
        80,
        keys=(Key("space", "reader('fold')", "Fold or unfold"),),
    ),
    Command(
        "tools",
        "t",
        "tools",
        "tool calls short, in full or hidden",
        frozenset({TRANSCRIPT}),
        85,
        keys=(Key("t", "reader('tools')", "Tool calls: short, in full, hidden"),),
    ),
    Command(
        "reasoning",
        "T",
        "reasoning",
        "reasoning folded or open",
        frozenset({TRANSCRIPT}),
        86,
        keys=(Key("T", "reader('reasoning')", "Reasoning: folded or open"),),
    ),
    Command(
        "follow",
        "f",
        "follow",
        "stay at the end while the session grows",
        frozenset({TRANSCRIPT}),
        88,
        keys=(Key("f", "reader('follow')", "Follow the end"),),
    ),
    Command(
        "hidden",
        "v",
        "hidden",
        "what is hidden and why, and where a session is; `v` again shows it; in the transcript, messages taken back",
        frozenset({SESSIONS, TRANSCRIPT}),
        90,
        keys=(Key("v", "hidden", "What is hidden and why"),),
        words={TRANSCRIPT: ""},
    ),
    *session.COMMANDS,
    Command("ends", "g G", "top, end", "go to the top or to the end", PANES, 95, words={SESSIONS: "", HITS: ""}),
    Command(
        "maximise",
        "m",
        "",
        "give the whole width to one pane, or to both again",
        keys=(Key("m", "maximise", "One pane or two"),),
        needs="roomy",
    ),
    Command(
        "repair",
        "r",
        "repair",
        "see what a repair of the flagged session would do; a click on its flag or its banner does the same",
        PANES,
        66,
        keys=(Key("r", "repair", "Repair this session"),),
        words={TRANSCRIPT: ""},
        needs="flagged",
    ),
    Command(
        "difference",
        "d",
        "difference",
        "see where the two sources of the flagged session differ",
        PANES,
        67,
        keys=(Key("d", "difference", "Difference of this session's sources"),),
        words={TRANSCRIPT: "", SESSIONS: "", HITS: ""},
        needs="flagged",
    ),
    Command(
        "repair_all",
        "F",
        "",
        "see what a repair of all flagged sessions would do",
        keys=(Key("F", "repair_all", "Repair all flagged sessions"),),
        needs="any_flagged",
    ),
    *COMMANDS,
    Command(
        "doctor",
        "D",
        "",
        "how the store is, check by check, and what waits to be written into it",
        keys=(Key("D", "doctor", "Doctor: how the store is"),),
    ),
    *DOCTOR_COMMANDS,
    Command("palette", "ctrl+p", "all commands", "find a command by its name, or a theme", EVERYWHERE, 97),
    Command(
        "help",
        "?",
        "",
        "all keys and the search language; `f1` in the search row",
        EVERYWHERE,
        keys=(Key("f1", "app.help"), Key("question_mark", "app.help", "Help")),
    ),
    Command(
        "leave",
        "ctrl+q",
        "quit",
        "quit, wherever you are",
        EVERYWHERE,
        98,
        words=dict.fromkeys(PANES | REPAIRS | DOCTOR, ""),
    ),
    Command("quit", "q", "quit", "quit", PANES | REPAIRS | DOCTOR, 98, keys=(Key("q", "app.quit", "Quit"),)),
)


def applying(place: Place, conditions: Iterable[str] = ()) -> tuple[Command, ...]:
    """The commands that work in a place, most needed first."""
    met = {"", *conditions}
    return tuple(
        sorted(
            (command for command in TABLE if place in command.places and command.needs in met),
            key=lambda command: command.rank,
        )
    )


def footer(place: Place, conditions: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Keys and words for the footer, most needed first; the help has a place of its own there."""
    commands = applying(place, conditions)
    return tuple((command.shown, word) for command in commands if (word := command.word_in(place)))


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| Key | What it does |", "|---|---|"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.shown.split())
        lines.append(f"| {keys} | {command.sentence} |")
    return "\n".join(lines) + "\n"
