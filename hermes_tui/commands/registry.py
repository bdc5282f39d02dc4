"""Table of commands: the bindings, the palette, the help, the footer and the README's key table come from it.

It has only keys that work.
"""

from __future__ import annotations

from collections.abc import Iterable

from hermes_tui.commands import session
from hermes_tui.commands.doctor import COMMANDS as DOCTOR_COMMANDS
from hermes_tui.commands.doctor import DOCTOR
from hermes_tui.commands.model import BROWSER, EVERYWHERE, LISTS, PANES, REPAIRS, Command, Key, Offer, Place, Text, When
from hermes_tui.commands.repair import COMMANDS

__all__ = ["BROWSER", "REPAIRS", "TABLE", "Command", "Offer", "Place", "applying", "footer", "key_table"]

SEARCH, SESSIONS, HITS, TRANSCRIPT = Place.SEARCH, Place.SESSIONS, Place.HITS, Place.TRANSCRIPT

TABLE: tuple[Command, ...] = (
    Command(
        "retry",
        Text("R", "try again", "read state.db again after an error"),
        When(frozenset({SESSIONS, TRANSCRIPT}), 5, needs="failed"),
        (Key("R", "retry", "Try again"),),
    ),
    Command(
        "list",
        Text("↓", "list", "go from the search row to the list; `enter` and `tab` too"),
        When(frozenset({SEARCH}), 10),
        (Key("tab,enter", "go('list')", "Go to the list"), Key("down", "go('down')")),
    ),
    Command(
        "history",
        Text("↑", "before", "what was searched for before; `↓` goes back to what was typed"),
        When(frozenset({SEARCH}), 68, needs="history"),
        (Key("up", "go('recall')", "What was searched for before"),),
    ),
    Command(
        "rows",
        Text("↑↓", "rows", "move in the list; `j` `k` `pgup` `pgdn` too"),
        When(LISTS, 10, needs="rows", words={HITS: "hits"}),
    ),
    Command("open", Text("enter", "open", "open the session, or the hit in its place"), When(LISTS, 20, needs="rows")),
    Command(
        "pane",
        Text("tab", "transcript", "go to the other pane"),
        When(PANES, 30, needs="wide", words={TRANSCRIPT: "list", HITS: ""}),
        (Key("tab,shift+tab", "go('other_pane')", "Go to the other pane"),),
    ),
    Command(
        "search",
        Text("/", "search", "type a search"),
        When(PANES, 40, words={HITS: "", TRANSCRIPT: ""}),
        (Key("slash", "go('search')", "Search"),),
    ),
    Command(
        "context",
        Text("[ ]", "context", "show 1, 3, 10 messages around the hit, then the whole session, and back"),
        When(frozenset({HITS, TRANSCRIPT}), 50, needs="hits", words={TRANSCRIPT: ""}),
        (
            Key("left_square_bracket", "context(-1)", "Less context around the hit"),
            Key("right_square_bracket", "context(1)", "More context around the hit"),
        ),
    ),
    Command(
        "hits",
        Text("n N", "next", "go to the next or the previous hit"),
        When(frozenset({HITS, TRANSCRIPT}), 60, needs="hits"),
        (Key("n", "next_hit(1)", "Next hit"), Key("N", "next_hit(-1)", "Previous hit")),
    ),
    Command(
        "clear",
        Text("esc", "clear", "take the search out"),
        When(frozenset({SEARCH, HITS}), 65, needs="typed"),
        (Key("escape", "go('clear')", "Clear the search"),),
    ),
    Command(
        "back",
        Text("esc", "back", "go back, from the transcript to the list, from the list to the search row"),
        When(frozenset({SESSIONS, TRANSCRIPT}), 65, words={SESSIONS: ""}),
        (Key("escape", "go('back')", "Back"),),
    ),
    Command(
        "more", Text("→ ←", "more, fewer", "show all hits of a session, or three of them"), When(frozenset({HITS}), 70)
    ),
    Command(
        "messages",
        Text("J K", "message", "go to the next or the previous message"),
        When(frozenset({TRANSCRIPT}), 70),
        (Key("J", "reader('next_message')"), Key("K", "reader('previous_message')")),
    ),
    Command(
        "rerank",
        Text("R", "re-rank", "put the best hits first, or the newest again"),
        When(frozenset({HITS}), 75, needs="rankable"),
        (Key("R", "rerank", "Rank hits, or newest first again"),),
    ),
    Command(
        "fold",
        Text("space", "fold", "unfold the message with the bar step by step, and fold it again"),
        When(frozenset({TRANSCRIPT}), 80),
        (Key("space", "reader('fold')", "Fold or unfold"),),
    ),
    Command(
        "tools",
        Text("t", "tools", "tool calls short, in full or hidden"),
        When(frozenset({TRANSCRIPT}), 85),
        (Key("t", "reader('tools')", "Tool calls: short, in full, hidden"),),
    ),
    Command(
        "reasoning",
        Text("T", "reasoning", "reasoning folded or open"),
        When(frozenset({TRANSCRIPT}), 86),
        (Key("T", "reader('reasoning')", "Reasoning: folded or open"),),
    ),
    Command(
        "follow",
        Text("f", "follow", "stay at the end while the session grows"),
        When(frozenset({TRANSCRIPT}), 88),
        (Key("f", "reader('follow')", "Follow the end"),),
    ),
    Command(
        "hidden",
        Text(
            "v",
            "hidden",
            "what is hidden and why, and where a session is; `v` again shows it; "
            "in the transcript, messages taken back",
        ),
        When(frozenset({SESSIONS, TRANSCRIPT}), 90, words={TRANSCRIPT: ""}),
        (Key("v", "hidden", "What is hidden and why"),),
    ),
    *session.COMMANDS,
    Command(
        "ends", Text("g G", "top, end", "go to the top or to the end"), When(PANES, 95, words={SESSIONS: "", HITS: ""})
    ),
    Command(
        "maximise",
        Text("m", "", "give the whole width to one pane, or to both again"),
        When(needs="roomy"),
        (Key("m", "maximise", "One pane or two"),),
    ),
    Command(
        "repair",
        Text(
            "r",
            "repair",
            "see what a repair of the flagged session would do; a click on its flag or its banner does the same",
        ),
        When(PANES, 66, needs="flagged", words={TRANSCRIPT: ""}),
        (Key("r", "repair", "Repair this session"),),
    ),
    Command(
        "difference",
        Text("d", "difference", "see where the two sources of the flagged session differ"),
        When(PANES, 67, needs="flagged", words={TRANSCRIPT: "", SESSIONS: "", HITS: ""}),
        (Key("d", "repair(True)", "Difference of this session's sources"),),
    ),
    Command(
        "repair_all",
        Text("F", "", "see what a repair of all flagged sessions would do"),
        When(needs="any_flagged"),
        (Key("F", "repair_all", "Repair all flagged sessions"),),
    ),
    *COMMANDS,
    Command(
        "doctor",
        Text("D", "", "how the store is, check by check, and what waits to be written into it"),
        keys=(Key("D", "doctor", "Doctor: how the store is"),),
    ),
    *DOCTOR_COMMANDS,
    Command("palette", Text("ctrl+p", "all commands", "find a command by its name, or a theme"), When(EVERYWHERE, 97)),
    Command(
        "help",
        Text("?", "", "all keys and the search language; `f1` in the search row"),
        When(EVERYWHERE),
        (Key("f1", "app.help"), Key("question_mark", "app.help", "Help")),
    ),
    Command(
        "leave",
        Text("ctrl+q", "quit", "quit, wherever you are"),
        When(EVERYWHERE, 98, words=dict.fromkeys(PANES | REPAIRS | DOCTOR, "")),
    ),
    Command("quit", Text("q", "quit", "quit"), When(PANES | REPAIRS | DOCTOR, 98), (Key("q", "app.quit", "Quit"),)),
)


def applying(place: Place, conditions: Iterable[str] = ()) -> tuple[Command, ...]:
    """The commands that work in a place, most needed first."""
    met = {"", *conditions}
    commands = (command for command in TABLE if place in command.when.places and command.when.needs in met)
    return tuple(sorted(commands, key=lambda command: command.when.rank))


def footer(place: Place, conditions: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Keys and words for the footer, most needed first; the help has a place of its own there."""
    commands = applying(place, conditions)
    return tuple((command.text.shown, word) for command in commands if (word := command.word_in(place)))


def key_table() -> str:
    """The README's table of keys, in Markdown."""
    lines = ["| Key | What it does |", "|---|---|"]
    for command in TABLE:
        keys = " ".join(f"`{key}`" for key in command.text.shown.split())
        lines.append(f"| {keys} | {command.text.sentence} |")
    return "\n".join(lines) + "\n"
